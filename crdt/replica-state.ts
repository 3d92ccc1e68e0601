// From a handle back to a document at rest. A change touches only the registers that it writes, so the next snapshot is the last
// one with those registers written over or read again; nothing else has to leave Automerge.

import { Writer } from './codec.ts'
import type { Crypto } from './crypto.ts'
import type { ActorClock, Doc, EnvelopeRef } from './doc.ts'
import type { Envelope } from './envelope.ts'
import { type ActorId, type ChangeHash, type Epoch, compareText, hex, unhex } from './ids.ts'
import type { Registers, Scalar } from './registers.ts'
import type { Handle, Visible } from './replica-handle.ts'

/** 16 hex digits over epoch and sorted heads. */
export function digestOf(crypto: Crypto, epoch: Epoch, heads: readonly ChangeHash[]): string {
  const input = new Writer().varint(epoch)
  for (const head of heads) input.raw(unhex(head))
  return hex(crypto.sha256(input.finish()).subarray(0, 8))
}

/** The values that lost, highest operation first, without those that equal the winner or one another. */
export function losers(visible: readonly Pick<Visible, 'value'>[], winner: Scalar): readonly Scalar[] {
  const found = new Set<Scalar>()
  for (let index = visible.length - 2; index >= 0; index--) {
    const value = visible[index]?.value ?? null
    if (value !== winner) found.add(value)
  }
  return [...found]
}

export interface Snapshot {
  readonly registers: Registers
  readonly conflicts: ReadonlyMap<string, readonly Scalar[]>
  /** Sorted paths whose winner is another than before. */
  readonly changed: readonly string[]
}

type Before = Pick<Doc, 'registers' | 'conflicts'>

/** After changes that build on everything before them: what they wrote is what there is, and settles every conflict. */
export function overwrite(before: Before, written: ReadonlyMap<string, Scalar>): Snapshot {
  const registers = new Map(before.registers)
  const conflicts = new Map(before.conflicts)
  const changed: string[] = []
  for (const [path, value] of written) {
    if ((registers.get(path) ?? null) !== value) changed.push(path)
    registers.set(path, value)
    conflicts.delete(path)
  }
  return { registers, conflicts, changed: changed.sort(compareText) }
}

/** After changes that know nothing of others that are here: Automerge says who wins. */
export function readAgain(before: Before, handle: Handle, written: Iterable<string>): Snapshot {
  const registers = new Map(before.registers)
  const conflicts = new Map(before.conflicts)
  const changed: string[] = []
  for (const path of written) {
    const visible = handle.visible(path)
    const winner = visible.at(-1)?.value ?? null
    if ((registers.get(path) ?? null) !== winner) changed.push(path)
    registers.set(path, winner)
    const lost = losers(visible, winner)
    if (lost.length > 0) conflicts.set(path, lost)
    else conflicts.delete(path)
  }
  return { registers, conflicts, changed: changed.sort(compareText) }
}

export function refOf(envelope: Envelope): EnvelopeRef {
  const { hash, actor, author, firstSeq, changes, bytes } = envelope
  return { hash, actor, author, firstSeq, count: changes.length, bytes: bytes.length }
}

function advance(clock: Doc['clock'], envelopes: readonly Envelope[]): ReadonlyMap<ActorId, ActorClock> {
  const next = new Map(clock)
  for (const { actor, author, firstSeq, changes } of envelopes) {
    const seq = Math.max(next.get(actor)?.seq ?? 0, firstSeq + changes.length - 1)
    next.set(actor, { seq, author })
  }
  return next
}

export interface Step {
  readonly saved: Uint8Array
  readonly heads: readonly ChangeHash[]
  readonly snapshot: Snapshot
  readonly envelopes: readonly Envelope[]
}

/** The document after these envelopes. */
export function nextDoc(crypto: Crypto, doc: Doc, step: Step): Doc {
  const clock = advance(doc.clock, step.envelopes)
  let changeCount = 0
  for (const { seq } of clock.values()) changeCount += seq
  return {
    ...doc,
    saved: step.saved,
    registers: step.snapshot.registers,
    conflicts: step.snapshot.conflicts,
    heads: step.heads,
    digest: digestOf(crypto, doc.epoch, step.heads),
    base: Math.max(doc.base, ...step.envelopes.map((envelope) => envelope.base)),
    changeCount,
    clock,
    envelopes: [...doc.envelopes, ...step.envelopes.map(refOf)],
  }
}
