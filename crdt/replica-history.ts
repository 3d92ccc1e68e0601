// Looking back: who wrote what in which order, and how the registers read at earlier heads. Opens the document, so it is for people
// and for the rare moment in which a job's newest version does not validate. History is remembered by the document's identity.

import type { Doc } from './doc.ts'
import { assert } from './errors.ts'
import { genesisActor, genesisOf } from './genesis.ts'
import { type ActorId, type AuthorId, type ChangeHash, compareText } from './ids.ts'
import type { Registers, Scalar } from './registers.ts'
import { type DecodedChange, decodeChange, withHandle } from './replica-handle.ts'

export interface HistoryEntry {
  readonly hash: ChangeHash
  readonly actor: ActorId
  readonly author: AuthorId
  readonly seq: number
  /** Without the genesis change. */
  readonly deps: readonly ChangeHash[]
  /** Wall-clock seconds as the author wrote them; 0 = not given. */
  readonly time: number
  readonly writes: ReadonlyMap<string, Scalar>
  /** Number of changes in its causal past, itself included, genesis not. */
  readonly past: number
}

type Clock = ReadonlyMap<string, number>

/** An actor's changes follow one another, so a causal past is the highest sequence number of each actor. */
function clockOf(change: DecodedChange, clocks: ReadonlyMap<string, Clock>): Clock {
  const clock = new Map<string, number>()
  for (const dep of change.deps) {
    for (const [actor, seq] of clocks.get(dep) ?? []) clock.set(actor, Math.max(seq, clock.get(actor) ?? 0))
  }
  return clock.set(change.actor, change.seq)
}

function sum(clock: Clock): number {
  let total = 0
  for (const seq of clock.values()) total += seq
  return total
}

function writesOf(change: DecodedChange): ReadonlyMap<string, Scalar> {
  return new Map(change.ops.map((op) => [op.key ?? '', (op.value ?? null) as Scalar]))
}

function entryOf(doc: Doc, change: DecodedChange, past: number): HistoryEntry {
  const actor = change.actor as ActorId
  const author = doc.clock.get(actor)?.author
  assert(author !== undefined, 'every change has an author who signed it')
  const deps = (change.deps as readonly ChangeHash[]).filter((dep) => dep !== genesisOf[doc.kind].hash)
  return { hash: change.hash as ChangeHash, actor, author, seq: change.seq, deps, time: change.time, writes: writesOf(change), past }
}

function readHistory(doc: Doc): readonly HistoryEntry[] {
  // Automerge gives every change after what it builds on.
  const changes = withHandle(doc, (handle) => handle.changes().map(decodeChange))
  const clocks = new Map<string, Clock>()
  const entries: HistoryEntry[] = []
  for (const change of changes) {
    if (change.actor === genesisActor) continue
    const clock = clockOf(change, clocks)
    clocks.set(change.hash, clock)
    entries.push(entryOf(doc, change, sum(clock)))
  }
  return entries.sort((a, b) => a.past - b.past || compareText(a.hash, b.hash))
}

const remembered = new WeakMap<Doc, readonly HistoryEntry[]>()

/** All changes but the genesis, in a causal order that is the same everywhere: by size of the past, then hash. */
export function historyOf(doc: Doc): readonly HistoryEntry[] {
  const known = remembered.get(doc)
  if (known !== undefined) return known
  const entries = readHistory(doc)
  remembered.set(doc, entries)
  return entries
}

/** The registers as an author saw them whose heads these were. */
export function registersAt(doc: Doc, heads: readonly ChangeHash[]): Registers {
  if (heads.length === 0) return new Map()
  return withHandle(doc, (handle) => handle.read(heads))
}
