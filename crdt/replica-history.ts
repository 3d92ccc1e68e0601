// Looking back: who wrote what in which order, and how the registers read at earlier heads. Opens the document, so it is for people
// and for the rare moment in which a job's newest version does not validate. History is remembered by the document's identity.

import type { Doc } from './doc.ts'
import { assert } from './errors.ts'
import { genesisActor, genesisOf } from './genesis.ts'
import { type ActorId, type AuthorId, type ChangeHash, compareText } from './ids.ts'
import type { Registers, Scalar } from './registers.ts'
import { Remembered } from './remembered.ts'
import { type DecodedChange, type DecodedOp, decodeChange, withHandle } from './replica-handle.ts'
import { pastOf as pastOfHeads, byHash } from './rights/past.ts'
import { readWithout } from './rights/without.ts'

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
  /** Its operations; the first has this number. */
  readonly startOp: number
  readonly ops: readonly DecodedOp[]
  /** Number of changes in its causal past, itself included, genesis not. */
  readonly past: number
}

/**
 * Every run of the CLI is an actor of its own, so nothing is kept for each change and actor: a change that builds on one other has
 * one more in its past, and only behind a merge is the past walked.
 */
function pastOf(change: DecodedChange, entries: ReadonlyMap<string, HistoryEntry>): number {
  const deps = change.deps.flatMap((dep) => entries.get(dep) ?? [])
  const [only] = deps
  if (deps.length < 2) return (only?.past ?? 0) + 1
  const seen = new Set<HistoryEntry>(deps)
  // A Set is walked on to what is added meanwhile.
  for (const entry of seen) {
    for (const dep of entry.deps) seen.add(entries.get(dep)!)
  }
  return seen.size + 1
}

function writesOf(change: DecodedChange): ReadonlyMap<string, Scalar> {
  return new Map(change.ops.map((op) => [op.key ?? '', (op.value ?? null) as Scalar]))
}

function entryOf(doc: Doc, change: DecodedChange, past: number): HistoryEntry {
  const actor = change.actor as ActorId
  const author = doc.clock.get(actor)?.author
  assert(author !== undefined, 'every change has an author who signed it')
  const deps = (change.deps as readonly ChangeHash[]).filter((dep) => dep !== genesisOf[doc.kind].hash)
  const { seq, time, startOp, ops } = change
  return { hash: change.hash as ChangeHash, actor, author, seq, deps, time, writes: writesOf(change), startOp, ops, past }
}

/** Everything about a change follows from its bytes and so from its hash: a document with one change more decodes one. */
const entriesRead = new Remembered<HistoryEntry>(4_096)

function readHistory(doc: Doc): readonly HistoryEntry[] {
  const entries = new Map<string, HistoryEntry>()
  withHandle(doc, (handle) => {
    for (const { hash, actor } of handle.metasBeyond([])) {
      if (actor === genesisActor) continue
      const read = (): HistoryEntry => {
        const change = decodeChange(handle.change(hash))
        return entryOf(doc, change, pastOf(change, entries))
      }
      entries.set(hash, entriesRead.of(hash, read))
    }
  })
  return [...entries.values()].sort((a, b) => a.past - b.past || compareText(a.hash, b.hash))
}

const remembered = new WeakMap<Doc, readonly HistoryEntry[]>()

/** All changes but the genesis and those that are void, in a causal order that is the same everywhere: by size of the past, then hash. */
export function historyOf(doc: Doc): readonly HistoryEntry[] {
  const { judged } = doc
  if (judged !== undefined) return historyOf(judged.of).filter(({ hash }) => !judged.voided.has(hash))
  const known = remembered.get(doc)
  if (known !== undefined) return known
  const entries = readHistory(doc)
  remembered.set(doc, entries)
  return entries
}

/** The registers as an author saw them whose heads these were. */
export function registersAt(doc: Doc, heads: readonly ChangeHash[]): Registers {
  if (heads.length === 0) return new Map()
  if (doc.judged !== undefined) {
    const known = byHash(historyOf(doc.judged.of))
    return readWithout(
      [...pastOfHeads(known, heads)].map((hash) => known.get(hash)!),
      doc.judged.voided,
    ).registers
  }
  return withHandle(doc, (handle) => handle.read(heads))
}
