// One engine for all boards of a world: what one of them has worked out, the others are given. Every answer is remembered under the very
// objects that it was worked out from, which nobody changes, so a run is the same with and without. Replicas that took the same
// envelopes in the same order hold the same objects: their documents are in memory once.

import type { Crypto } from '../crdt/crypto.ts'
import type { Doc } from '../crdt/doc.ts'
import { isSame } from '../crdt/documents/canonical.ts'
import { type DocumentEngine, createEngine } from '../crdt/engine.ts'
import type { Envelope } from '../crdt/envelope.ts'
import { type Result, ok } from '../crdt/errors.ts'
import { keep, nodeParts } from '../crdt/project.ts'
import { keepSame } from '../crdt/project-claims.ts'
import type { NodeReading } from '../crdt/read-node.ts'
import type { Admitted, Authority, GateCode } from '../crdt/gate.ts'
import type { NodeId, PoolName } from '../crdt/ids.ts'
import type { Edited } from '../crdt/replica.ts'
import type { Liveness, NodeView } from '../crdt/view.ts'
import { type KeptHandles, createKeptHandles } from '../crdt/kept-handles.ts'
import { Interned, lastAnswer, recall, sameBytes } from './interned.ts'

/** Open documents, for all boards together: they write to some dozens at a time. */
const keptBounds = { countMax: 1_024, bytesMax: 4_194_304 }
/** The boards take an envelope within seconds of one another. Each verdict holds a document. */
const verdictsMax = 50_000
/** Two numbers below it make one exact number. */
const numbersMax = 2 ** 26

export interface SharedEngine extends DocumentEngine {
  /** Frees what `release` does not: that is called when one of the boards goes. */
  readonly close: () => void
}

export function createSharedEngine(crypto: Crypto): SharedEngine {
  // An author writes before the others take in: a handle that both used would have gone on with the first.
  const [written, taken] = [createKeptHandles(keptBounds), createKeptHandles(keptBounds)]
  const writer = createEngine(crypto, written)
  const own = createEngine(crypto, taken)
  const envelopes = new Interned(own.decodeEnvelope)
  const verdicts = new Verdicts(own, taken)
  const records = new Records(own)
  const nodes = new Readings(own)
  const jobs = new WeakMap<Doc, ReturnType<DocumentEngine['readJob']>>()
  return {
    ...own,
    decodeEnvelope: lastAnswer((bytes) => envelopes.of(bytes)),
    admit: (doc, envelope, authority) => verdicts.of(doc, envelope, authority),
    edit: (doc, author, changes) => verdicts.authored(writer.edit(doc, author, changes)),
    compact: (doc, author, keepers) => verdicts.authored(writer.compact(doc, author, keepers)),
    encodeDoc: (doc) => records.encode(doc),
    decodeDoc: (bytes) => records.decode(bytes),
    readJob: (doc) => recall(jobs, doc, own.readJob),
    readNode: (id, pool, doc, ops) => nodes.of(id, pool, doc, ops),
    viewOf: (node, liveness) => nodes.viewOf(node, liveness),
    release: () => {},
    close() {
      written.clear()
      taken.clear()
    },
  }
}

/** Stands for a document that is not there. */
const nothing = {} as Doc

type Verdict = Result<Admitted, GateCode>

/** What the gate asks of an authority about one envelope. */
interface Judged {
  readonly fleet: Authority['fleet']
  readonly rights: Authority['rights']
  readonly verdict: Verdict
}

/** The gate's verdict on an envelope, once for all replicas that hold the same document. */
class Verdicts {
  readonly #own: DocumentEngine
  readonly #taken: KeptHandles
  /** By the numbers of document and envelope, oldest first. */
  readonly #judged = new Map<number, Judged>()
  readonly #numbers = new WeakMap<object, number>()
  /** By an envelope's hash: the document as its author holds it, oldest first. */
  readonly #authored = new Map<string, Doc>()
  #next = 0

  constructor(own: DocumentEngine, taken: KeptHandles) {
    this.#own = own
    this.#taken = taken
  }

  of(doc: Doc | undefined, envelope: Envelope, authority: Authority): Verdict {
    const key = this.#numberOf(doc ?? nothing) * numbersMax + this.#numberOf(envelope)
    const { fleet } = authority
    // A node's right to its own document follows from its name.
    const rights = envelope.kind === 'node' ? undefined : authority.rights
    const known = this.#judged.get(key)
    if (known?.fleet === fleet && known.rights === rights) return known.verdict
    const verdict = this.#asAuthored(this.#own.admit(doc, envelope, authority))
    this.#judged.set(key, { fleet, rights, verdict })
    dropOldest(this.#judged)
    return verdict
  }

  authored(edited: Edited): Edited {
    const newest = edited.envelopes.at(-1)
    if (newest !== undefined) this.#authored.set(newest.hash, edited.doc)
    dropOldest(this.#authored)
    return edited
  }

  /** What the gate made of the envelope is the author's own object if both read the same to the last byte: then all hold one. */
  #asAuthored(verdict: Verdict): Verdict {
    if (!verdict.ok || verdict.value.kind !== 'applied') return verdict
    const { doc, envelope } = verdict.value
    const known = this.#authored.get(envelope.hash)
    if (known === undefined || !isEqual(doc, known)) return verdict
    // The next one is taken in on top of the author's object.
    this.#taken.keep(known.saved, this.#taken.take(doc))
    return ok({ ...verdict.value, doc: known })
  }

  #numberOf(thing: object): number {
    return recall(this.#numbers, thing, () => {
      if (this.#next >= numbersMax) throw new Error('more documents and envelopes than two can be one whole number')
      return this.#next++
    })
  }
}

/** What nodes' documents say. What reads as in the document before is the same object: views of thousands of boards share it. */
class Readings {
  readonly #own: DocumentEngine
  readonly #known = new WeakMap<Doc, WeakMap<Doc, { readonly pool: PoolName; readonly reading: NodeReading }>>()
  readonly #latest = new Map<NodeId, NodeReading>()
  readonly #views = new WeakMap<NodeReading['node'], Map<Liveness, NodeView>>()

  constructor(own: DocumentEngine) {
    this.#own = own
  }

  of(id: NodeId, pool: PoolName, doc: Doc | undefined, ops: Doc | undefined): NodeReading {
    const known = recall(this.#known, doc ?? nothing, () => new WeakMap())
    const found = recall(known, ops ?? nothing, () => ({ pool, reading: this.#read(id, pool, doc, ops) }))
    return found.pool === pool && found.reading.node.id === id ? found.reading : this.#own.readNode(id, pool, doc, ops)
  }

  viewOf(node: NodeReading['node'], liveness: Liveness): NodeView {
    const known = recall(this.#views, node, () => new Map<Liveness, NodeView>())
    const view = known.get(liveness) ?? this.#own.viewOf(node, liveness)
    known.set(liveness, view)
    return view
  }

  #read(id: NodeId, pool: PoolName, doc: Doc | undefined, ops: Doc | undefined): NodeReading {
    const read = this.#own.readNode(id, pool, doc, ops)
    const latest = this.#latest.get(id)
    const reading =
      latest === undefined ? read : { ...read, node: keep(latest.node, read.node, nodeParts), claims: keepSame(latest.claims, read.claims) }
    this.#latest.set(id, reading)
    return reading
  }
}

/** Records of documents in the boards' stores. */
class Records {
  readonly #own: DocumentEngine
  readonly #written = new WeakMap<Doc, Uint8Array>()
  readonly #sources = new WeakMap<Uint8Array, Doc>()
  readonly #read = new WeakMap<Uint8Array, ReturnType<DocumentEngine['decodeDoc']>>()

  constructor(own: DocumentEngine) {
    this.#own = own
  }

  encode(doc: Doc): Uint8Array {
    const record = recall(this.#written, doc, this.#own.encodeDoc)
    this.#sources.set(record, doc)
    return record
  }

  /** The document that was written, when that is what is read: the boards that still hold it and those that read it hold one object. */
  decode(record: Uint8Array): ReturnType<DocumentEngine['decodeDoc']> {
    return recall(this.#read, record, () => {
      const read = this.#own.decodeDoc(record)
      const source = this.#sources.get(record)
      return read.ok && source !== undefined && isEqual(read.value, source) ? ok(source) : read
    })
  }
}

function dropOldest<K>(map: Map<K, unknown>): void {
  if (map.size <= verdictsMax) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}

function isEqual({ saved, ...rest }: Doc, { saved: otherSaved, ...otherRest }: Doc): boolean {
  return sameBytes(saved, otherSaved) && isSame(rest, otherRest)
}
