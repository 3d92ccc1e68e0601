// Two nodes with plain documents (no Automerge) that exchange anti-entropy frames over a line that may lose some. Envelopes
// are applied as the real gate does: in order per actor, with what they depend on present, higher epochs replacing lower ones.

import { answerSync, createIndex, openSync, rootOf, setDigest, type DigestIndex, type SyncScope } from '../../crdt/anti-entropy.ts'
import type { Doc, EnvelopeRef } from '../../crdt/doc.ts'
import { type ActorId, type AuthorId, type DocId, type PoolName, hex } from '../../crdt/ids.ts'
import { decodeFrame, encodeFrame } from '../../node/core/wire.ts'
import { testCrypto } from './crypto.ts'

export const crypto = testCrypto()

export interface FakeEnvelope extends EnvelopeRef {
  readonly doc: DocId
  readonly epoch: number
  readonly deps: readonly string[]
}

export function hashText(text: string): string {
  return hex(crypto.sha256(new TextEncoder().encode(text)))
}

export function actorOf(name: string): ActorId {
  return hashText(name).slice(0, 32) as ActorId
}

export function envelope(
  doc: DocId,
  epoch: number,
  actor: string,
  firstSeq: number,
  deps: readonly string[] = [],
  count = 1,
  bytes = 300,
): FakeEnvelope {
  const id = actorOf(actor)
  return {
    doc,
    epoch,
    actor: id,
    author: 'author' as AuthorId,
    firstSeq,
    count,
    bytes,
    deps,
    hash: hashText(`${doc} ${epoch} ${actor} ${firstSeq} ${count}`),
  }
}

export function fakeDoc(id: DocId, epoch: number, envelopes: readonly FakeEnvelope[]): Doc {
  const clock = new Map<ActorId, { seq: number; author: AuthorId }>()
  for (const each of envelopes) clock.set(each.actor, { seq: each.firstSeq + each.count - 1, author: each.author })
  const digest = hashText(
    `${epoch} ${envelopes
      .map((each) => each.hash)
      .toSorted()
      .join(' ')}`,
  ).slice(0, 16)
  return {
    id,
    kind: 'job',
    pool: 'a' as PoolName,
    epoch,
    saved: new Uint8Array(),
    registers: new Map(),
    conflicts: new Map(),
    heads: [],
    digest,
    base: 0,
    changeCount: envelopes.length,
    clock,
    envelopes,
  }
}

export class Node {
  readonly docs = new Map<DocId, Doc>()
  readonly index: DigestIndex = createIndex()
  /** Envelopes that could not be applied when they came. */
  refused = 0
  /** Documents of which this node refuses everything. */
  readonly refuses = new Set<DocId>()

  put(doc: Doc): void {
    this.docs.set(doc.id, doc)
    setDigest(this.index, doc.id, doc.digest)
  }

  receive(envelope: FakeEnvelope): void {
    const doc = this.docs.get(envelope.doc)
    const known = doc !== undefined && doc.epoch === envelope.epoch ? (doc.envelopes as readonly FakeEnvelope[]) : []
    if (doc !== undefined && doc.epoch > envelope.epoch) return
    if (known.some((each) => each.hash === envelope.hash)) return
    const next = 1 + Math.max(0, ...known.filter((each) => each.actor === envelope.actor).map((each) => each.firstSeq + each.count - 1))
    const complete = envelope.deps.every((dep) => known.some((each) => each.hash === dep))
    if (this.refuses.has(envelope.doc) || next !== envelope.firstSeq || !complete) this.refused++
    else this.put(fakeDoc(envelope.doc, envelope.epoch, [...known, envelope]))
  }

  get root(): string {
    return rootOf(crypto, this.index)
  }
}

export interface Traffic {
  frames: number
  frameBytes: number
  envelopes: number
  envelopeBytes: number
  largestFrame: number
}

/** Runs one exchange to its end. `lost` says of each message (frame or envelope) whether the line drops it. */
export function exchange(opener: Node, other: Node, lost: () => boolean = () => false, scope: SyncScope = 'pool'): Traffic {
  const traffic: Traffic = { frames: 0, frameBytes: 0, envelopes: 0, envelopeBytes: 0, largestFrame: 0 }
  const line: { to: Node; bytes: Uint8Array | FakeEnvelope }[] = []
  const sendFrame = (to: Node, frame: ReturnType<typeof openSync>): void => {
    const bytes = encodeFrame({ kind: 'sync', scope, frame })
    traffic.frames++
    traffic.frameBytes += bytes.length
    traffic.largestFrame = Math.max(traffic.largestFrame, bytes.length)
    if (!lost()) line.push({ to, bytes })
  }
  sendFrame(other, openSync(crypto, opener.index, scope))
  for (let message = line.shift(); message !== undefined; message = line.shift()) {
    const { to, bytes } = message
    if (!(bytes instanceof Uint8Array)) {
      to.receive(bytes)
      continue
    }
    const decoded = decodeFrame(bytes)
    if (!decoded.ok || decoded.value.kind !== 'sync') throw new Error('an own frame did not decode')
    const answer = answerSync({ crypto, index: to.index, scope, docOf: (id) => to.docs.get(id), frame: decoded.value.frame })
    const from = to === opener ? other : opener
    for (const { doc, hash } of answer.send) {
      const found = to.docs.get(doc)?.envelopes.find((each) => each.hash === hash) as FakeEnvelope
      traffic.envelopes++
      traffic.envelopeBytes += found.bytes
      if (!lost()) line.push({ to: from, bytes: found })
    }
    for (const reply of answer.replies) sendFrame(from, reply)
    if (traffic.frames > 20_000) throw new Error('the exchange does not end')
  }
  return traffic
}
