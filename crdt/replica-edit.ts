// Writing: turns wanted register values into changes that every gate accepts, and signs them. One edit is one envelope wherever it
// fits, so that nobody ever sees half of it. An honest author's change depends on all heads and overwrites all that it sees.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import { checkRegister } from './documents/schema.ts'
import { type Author, type Envelope, actorOf, signEnvelope } from './envelope.ts'
import { assert } from './errors.ts'
import { type ActorId, compareText } from './ids.ts'
import { limits } from './limits.ts'
import type { Scalar } from './registers.ts'
import { type KeptHandles, keepNone } from './kept-handles.ts'
import { type Handle, freeOnThrow } from './replica-handle.ts'
import { nextDoc, overwrite } from './replica-state.ts'

type Write = readonly [path: string, value: Scalar]

/** Head and signature of an envelope, at most: three texts, a fleet, a key, a nonce, numbers. */
const envelopeHeadBytes = 1_024
/** Column bytes of one operation besides its path and value. */
const opBytes = 24

/** What Automerge would make of it anyhow, so that the value read back is the value compared next time. */
function normal(value: Scalar): Scalar {
  if (typeof value === 'string') return value.replace(/\p{Surrogate}/gu, '\u{fffd}')
  return value === 0 ? 0 : value
}

/** Whether the document does not say that already, undisputed. */
export function differs(doc: Doc, path: string, value: Scalar): boolean {
  return (doc.registers.get(path) ?? null) !== value || doc.conflicts.has(path)
}

function wanted(doc: Doc, changes: ReadonlyMap<string, Scalar>): Write[] {
  const writes: Write[] = []
  for (const [path, given] of changes) {
    const value = normal(given)
    if (!differs(doc, path, value)) continue
    const words = checkRegister(doc.kind, path, value)
    assert(words === null, `a write that every peer would refuse: ${words}`)
    writes.push([path, value])
  }
  return writes.sort((a, b) => compareText(a[0], b[0]))
}

/**
 * Choosing the winner of a conflict anew: Automerge would only delete the losers, which the gate does not let pass. So the loser is
 * written first, and the wanted value over it by the changes that follow, in the same envelope.
 */
function settling(doc: Doc, writes: readonly Write[]): Write[] {
  return writes.flatMap(([path, value]): Write[] => {
    const lost = doc.conflicts.get(path)?.[0]
    return lost !== undefined && doc.registers.get(path) === value ? [[path, lost]] : []
  })
}

function sizeOf([path, value]: Write): number {
  // At most three bytes of UTF-8 for each code unit; paths are nearly always ASCII, but none of this may be too low.
  return opBytes + 3 * path.length + (typeof value === 'string' ? 3 * value.length : 9)
}

function batches(writes: readonly Write[], bytesAim: number): Write[][] {
  const found: Write[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const write of writes) {
    const size = sizeOf(write)
    const open = found.at(-1)
    if (open !== undefined && bytes + size <= bytesAim && open.length < limits.changeOpsAim) open.push(write)
    else {
      found.push([write])
      bytes = 0
    }
    bytes += size
  }
  return found
}

interface Made {
  readonly change: Uint8Array
  readonly ops: number
}

/** null when a change came out too long: many predecessors are not in the estimate. */
function makeChanges(handle: Handle, rounds: readonly Write[][], timeSeconds: number): Made[] | null {
  const made: Made[] = []
  for (const round of rounds) {
    for (const [path, value] of round) handle.put(path, value)
    const change = handle.commit(timeSeconds)
    assert(change !== null, 'a write of another value makes a change')
    if (change.length > limits.changeBytesMax) return null
    made.push({ change, ops: round.length })
  }
  return made
}

function pack(made: readonly Made[]): Uint8Array[][] {
  const packs: Uint8Array[][] = []
  let bytes = 0
  let ops = 0
  for (const one of made) {
    const size = one.change.length + 4
    const open = packs.at(-1)
    const fits = bytes + size <= limits.envelopeBytesMax - envelopeHeadBytes && ops + one.ops <= limits.envelopeOpsMax
    if (open !== undefined && fits && open.length < limits.changesPerEnvelopeMax) open.push(one.change)
    else {
      packs.push([one.change])
      bytes = 0
      ops = 0
    }
    bytes += size
    ops += one.ops
  }
  return packs
}

function sign(crypto: Crypto, doc: Doc, author: Author, actor: ActorId, made: readonly Made[]): Envelope[] {
  let firstSeq = (doc.clock.get(actor)?.seq ?? 0) + 1
  const { id, kind, pool, epoch, base } = doc
  const envelopes = pack(made).map((changes) => {
    const envelope = signEnvelope(crypto, author, { doc: id, kind, pool, epoch, base, firstSeq, changes })
    firstSeq += changes.length
    return envelope
  })
  assert(author.fleet !== '' || envelopes.length === 1, 'the first envelope of a fleet document is the whole edit')
  return envelopes
}

export interface Edited {
  readonly doc: Doc
  readonly envelopes: readonly Envelope[]
}

/**
 * Writes the registers whose value differs. A register in conflict counts as different: writing it, even with the value that
 * won, settles it. The same document and no envelope when there is nothing to write.
 */
export function editDoc(
  crypto: Crypto,
  doc: Doc,
  author: Author,
  changes: ReadonlyMap<string, Scalar>,
  timeSeconds: number = 0,
  kept: KeptHandles = keepNone,
): Edited {
  const writes = wanted(doc, changes)
  if (writes.length === 0) return { doc, envelopes: [] }
  const first = settling(doc, writes)
  const { publicKey } = author.signer
  const { id, pool, epoch, base } = doc
  const actor = actorOf(crypto, { publicKey, nonce: author.nonce, doc: id, pool, epoch, base })
  const handle = kept.take(doc)
  const [edited, next] = freeOnThrow(handle, () => {
    for (let aim: number = limits.changeBytesAim; aim >= 1; aim = Math.floor(aim / 4)) {
      const rounds = [...batches(first, aim), ...batches(writes, aim)]
      const scratch = handle.fork(actor)
      const done = freeOnThrow(scratch, () => finish(crypto, doc, author, { actor, handle: scratch, rounds, timeSeconds }))
      if (done !== null) return [done, scratch] as const
      scratch.free()
    }
    assert(false, 'a single write fits a change')
  })
  handle.free()
  kept.keep(edited.doc.saved, next)
  return edited
}

interface Work {
  readonly actor: ActorId
  readonly handle: Handle
  readonly rounds: readonly Write[][]
  readonly timeSeconds: number
}

function finish(crypto: Crypto, doc: Doc, author: Author, work: Work): Edited | null {
  const made = makeChanges(work.handle, work.rounds, work.timeSeconds)
  if (made === null) return null
  const envelopes = sign(crypto, doc, author, work.actor, made)
  const snapshot = overwrite(doc, new Map(work.rounds.flat()))
  const next = nextDoc(crypto, doc, { saved: work.handle.save(), heads: work.handle.heads(), snapshot, envelopes })
  return { doc: next, envelopes }
}
