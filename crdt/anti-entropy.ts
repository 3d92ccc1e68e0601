// Anti-entropy: two nodes find the documents in which they differ and send each other the stored envelopes that the other lacks.
// Pure and without memory of the peer: each answer follows from the frame and the own documents, so loss, repetition and
// reordering cost a retry and nothing else. Bounded: a hostile frame sets at most `syncLimits` in motion. What it finds to send is
// judged by the receiver's gate; nothing here is trusted. Upholds invariants 16 and 19.

import type { Crypto } from './crypto.ts'
import { branchHashes, digestOf, docCount, docsIn, fanOut, leafHashes, leafOf, rootOf, type DigestIndex } from './digest-index.ts'
import type { Doc } from './doc.ts'
import { assertNever } from './errors.ts'
import { type DocId, compareText, fleetDocId } from './ids.ts'
import {
  type BranchesFrame,
  type ClocksFrame,
  type DocClock,
  type EntriesFrame,
  type Entry,
  type LeavesFrame,
  type Section,
  type SyncFrame,
  type SyncScope,
  nothing,
  syncLimits,
} from './sync-frame.ts'

export { type DigestIndex, createIndex, removeDigest, rootOf, setDigest } from './digest-index.ts'
export type { SyncFrame, SyncScope } from './sync-frame.ts'

export interface SyncInput {
  readonly crypto: Crypto
  /** The documents that may be shown in this scope; nothing outside of it is ever named or sent. */
  readonly index: DigestIndex
  readonly scope: SyncScope
  readonly docOf: (doc: DocId) => Doc | undefined
  readonly frame: SyncFrame
  /** True for a document whose envelopes, at this digest of the peer's, were refused here lately: it is not asked for again. */
  readonly refused?: (doc: DocId, digest: string) => boolean
}

/** Carry out `send` (stored envelopes by hash, in applicable order) before `replies`: a reply may ask whether they helped. */
export interface SyncAnswer {
  readonly send: readonly Sent[]
  readonly replies: readonly SyncFrame[]
}

export interface Sent {
  readonly doc: DocId
  readonly hash: string
}

const silence: SyncAnswer = { send: [], replies: [] }

/** The frame that opens an exchange; send it on every new connection and from time to time. */
export function openSync(crypto: Crypto, index: DigestIndex, _scope: SyncScope): SyncFrame {
  index.turn = (index.turn + 1) & 0xff
  return { kind: 'root', turn: index.turn, root: rootOf(crypto, index) }
}

export function answerSync(input: SyncInput): SyncAnswer {
  const { crypto, index, frame } = input
  switch (frame.kind) {
    case 'root':
      return { send: [], replies: [answerRoot(input, frame)] }
    case 'same':
      return silence
    case 'branches':
      return answerBranches(input, frame)
    case 'leaves':
      return answerLeaves(input, frame)
    case 'entries':
      return answerEntries(input, frame)
    case 'clocks':
      return answerClocks(input, frame)
    case 'more':
      return rootOf(crypto, index) === frame.root ? silence : { send: [], replies: [openSync(crypto, index, input.scope)] }
    default:
      return assertNever(frame)
  }
}

function answerRoot(input: SyncInput, frame: SyncFrame): SyncFrame {
  const { crypto, index } = input
  const head = { turn: frame.turn, root: rootOf(crypto, index) }
  if (head.root === frame.root) return { kind: 'same', ...head }
  if (docCount(index) > syncLimits.smallSetDocsMax) return { kind: 'branches', ...head, hashes: [...branchHashes(crypto, index)] }
  const listed = listSection(input, null, frame.turn, syncLimits.listBytesMax)
  return { kind: 'entries', ...head, partial: listed.cut, sections: [listed.section] }
}

function answerBranches(input: SyncInput, frame: BranchesFrame): SyncAnswer {
  const { crypto, index } = input
  const own = branchHashes(crypto, index)
  const differing = rotate(
    indexesOf(fanOut, (branch) => own[branch] !== frame.hashes[branch]),
    startOf.branches(frame.turn),
  )
  if (differing.length === 0) return silence
  const asked = differing.slice(0, syncLimits.branchesMax).toSorted((a, b) => a - b)
  const reply: LeavesFrame = {
    kind: 'leaves',
    turn: frame.turn,
    root: rootOf(crypto, index),
    partial: differing.length > asked.length,
    branches: asked.map((branch) => ({ branch, hashes: leafHashes(crypto, index, branch) })),
  }
  return { send: [], replies: [reply] }
}

function answerLeaves(input: SyncInput, frame: LeavesFrame): SyncAnswer {
  const { crypto, index } = input
  const differing: number[] = []
  for (const { branch, hashes } of frame.branches) {
    const own = leafHashes(crypto, index, branch)
    for (let i = 0; i < fanOut; i++) if (own[i] !== hashes[i]) differing.push(branch * fanOut + i)
  }
  if (differing.length === 0) return silence
  const sections: Section[] = []
  let { partial } = frame
  let room = syncLimits.listBytesMax
  for (const leaf of rotate(differing, startOf.leaves(frame.turn))) {
    const listed = listSection(input, leaf, frame.turn, room)
    // A leaf that would be cut waits for the next chain, unless it alone is too large for one.
    if (listed.cut && sections.length > 0) {
      partial = true
      break
    }
    sections.push(listed.section)
    partial ||= listed.cut
    room -= listed.size
  }
  const reply: EntriesFrame = {
    kind: 'entries',
    turn: frame.turn,
    root: rootOf(crypto, index),
    partial,
    sections: sections.toSorted((a, b) => (a.leaf ?? 0) - (b.leaf ?? 0)),
  }
  return { send: [], replies: [reply] }
}

/** Bytes of a section's bounds, of an entry (epoch and digest) and of a clock, beside the document ids; upper bounds. */
const sectionBytes = 200
const entryBytes = 20
const clockBytes = 16
const actorBytes = 22

function listSection(input: SyncInput, leaf: number | null, turn: number, room: number): { section: Section; size: number; cut: boolean } {
  const docs = docsIn(input.index, leaf).filter((doc) => inScope(input, doc))
  const total = docs.reduce((sum, doc) => sum + doc.length + entryBytes, sectionBytes)
  if (total <= room && docs.length <= syncLimits.docsMax) {
    return { section: { leaf, after: '', upTo: '', entries: docs.map((doc) => entryOf(input, doc)) }, size: total, cut: false }
  }
  // Too large for one frame: a window that moves with the turn.
  const perWindow = Math.max(1, Math.min(syncLimits.docsMax, Math.trunc((room - sectionBytes) / 160)))
  const windows = Math.ceil(docs.length / perWindow)
  const start = (turn % Math.max(1, windows)) * perWindow
  const listed = docs.slice(start, start + perWindow)
  const last = start + perWindow >= docs.length
  const section = {
    leaf,
    after: docs[start - 1] ?? '',
    upTo: last ? '' : (listed.at(-1) ?? ''),
    entries: listed.map((doc) => entryOf(input, doc)),
  }
  return { section, size: room, cut: true }
}

function entryOf(input: SyncInput, doc: DocId): Entry {
  return { doc, epoch: input.docOf(doc)?.epoch ?? nothing, digest: digestOf(input.index, doc) ?? '' }
}

function answerEntries(input: SyncInput, frame: EntriesFrame): SyncAnswer {
  const wanted: DocId[] = []
  const offered: DocId[] = []
  for (const section of frame.sections) compareSection(input, section, wanted, offered)
  const sending = collect(rotate(offered, startOf.docs(frame.turn)), (doc) => ownDoc(input, doc)?.envelopes ?? [])
  const asking = clocksFrame(input, frame, wanted, false)
  const partial = frame.partial || sending.cut || asking.partial
  if (asking.clocks.length > 0) return { send: sending.send, replies: [{ ...asking, partial }] }
  return { send: sending.send, replies: moreIf(partial, frame) }
}

/** Sorts the documents of a section into those to ask for and those to send whole. */
function compareSection(input: SyncInput, section: Section, wanted: DocId[], offered: DocId[]): void {
  const theirs = new Map(section.entries.filter((entry) => belongs(entry.doc, section)).map((entry) => [entry.doc, entry]))
  for (const doc of docsIn(input.index, section.leaf)) {
    if (inScope(input, doc) && belongs(doc, section) && !theirs.has(doc)) offered.push(doc)
  }
  for (const [doc, entry] of theirs) {
    if (!inScope(input, doc) || digestOf(input.index, doc) === entry.digest) continue
    const own = ownDoc(input, doc)
    if (own !== undefined && own.epoch > entry.epoch) offered.push(doc)
    else if (!input.refused?.(doc, entry.digest)) wanted.push(doc)
  }
}

function belongs(doc: DocId, section: Section): boolean {
  return (section.leaf === null || leafOf(doc) === section.leaf) && doc > section.after && (section.upTo === '' || doc <= section.upTo)
}

function answerClocks(input: SyncInput, frame: ClocksFrame): SyncAnswer {
  const wanted: DocId[] = []
  const theirs = new Map<DocId, DocClock>()
  for (const clock of frame.clocks) {
    const own = ownDoc(input, clock.doc)
    if (own === undefined) continue
    theirs.set(clock.doc, clock)
    if (!frame.answer && hasMore(own, clock)) wanted.push(clock.doc)
  }
  const sending = collect(rotate([...theirs.keys()], startOf.docs(frame.turn)), (doc) => lacking(input, theirs.get(doc)!))
  const asking = clocksFrame(input, frame, wanted, true)
  const partial = frame.partial || sending.cut || asking.partial
  if (asking.clocks.length > 0) return { send: sending.send, replies: [{ ...asking, partial }] }
  return { send: sending.send, replies: moreIf(partial, frame) }
}

/** The other's clock shows changes that are not here. */
function hasMore(own: Doc, clock: DocClock): boolean {
  if (clock.epoch !== own.epoch) return clock.epoch > own.epoch
  return clock.actors.some(([actor, seq]) => seq > (own.clock.get(actor)?.seq ?? 0))
}

/** Envelopes of ours that the clock does not cover, in the order in which they can be applied. */
function lacking(input: SyncInput, clock: DocClock): Doc['envelopes'] {
  const own = ownDoc(input, clock.doc)
  if (own === undefined || own.epoch < clock.epoch) return []
  if (own.epoch > clock.epoch) return own.envelopes
  const seqs = new Map(clock.actors)
  return own.envelopes.filter((envelope) => envelope.firstSeq + envelope.count - 1 > (seqs.get(envelope.actor) ?? 0))
}

/** Whole documents, one after the other, until the bound is reached; the first always goes. */
function collect(docs: readonly DocId[], envelopesOf: (doc: DocId) => Doc['envelopes']): { send: Sent[]; cut: boolean } {
  const send: Sent[] = []
  let bytes = 0
  for (const doc of docs) {
    const envelopes = envelopesOf(doc)
    const size = envelopes.reduce((sum, envelope) => sum + envelope.bytes, 0)
    if (send.length > 0 && bytes + size > syncLimits.sendBytesMax) return { send, cut: true }
    for (const envelope of envelopes) send.push({ doc, hash: envelope.hash })
    bytes += size
  }
  return { send, cut: false }
}

function clocksFrame(input: SyncInput, frame: SyncFrame, docs: readonly DocId[], answer: boolean): ClocksFrame {
  const clocks: DocClock[] = []
  let room = syncLimits.listBytesMax
  for (const doc of rotate(docs, startOf.docs(frame.turn))) {
    const clock = clockOf(input, doc)
    room -= doc.length + clockBytes + clock.actors.length * actorBytes
    if (clocks.length > 0 && (room < 0 || clocks.length >= syncLimits.docsMax)) break
    clocks.push(clock)
  }
  return {
    kind: 'clocks',
    turn: frame.turn,
    root: rootOf(input.crypto, input.index),
    partial: clocks.length < docs.length,
    answer,
    clocks: clocks.toSorted((a, b) => compareText(a.doc, b.doc)),
  }
}

function clockOf(input: SyncInput, doc: DocId): DocClock {
  const own = ownDoc(input, doc)
  if (own === undefined) return { doc, epoch: nothing, actors: [] }
  if (own.clock.size > syncLimits.actorsMax) return { doc, epoch: own.epoch, actors: [] }
  const actors = [...own.clock].map(([actor, { seq }]) => [actor, seq] as const)
  return { doc, epoch: own.epoch, actors: actors.toSorted(([a], [b]) => compareText(a, b)) }
}

/** Only what the index shows: a document outside of the scope is as good as absent. */
function ownDoc(input: SyncInput, doc: DocId): Doc | undefined {
  return inScope(input, doc) && digestOf(input.index, doc) !== undefined ? input.docOf(doc) : undefined
}

function inScope(input: SyncInput, doc: DocId): boolean {
  return input.scope === 'pool' || doc === fleetDocId
}

function moreIf(partial: boolean, frame: SyncFrame): SyncFrame[] {
  return partial ? [{ kind: 'more', turn: frame.turn, root: frame.root }] : []
}

/** The levels turn at different speeds, like the digits of a number, so that together they come by every difference. */
const startOf = {
  branches: (turn: number): number => turn * syncLimits.branchesMax,
  leaves: (turn: number): number => Math.trunc(turn / 4) * fanOut,
  docs: (turn: number): number => Math.trunc(turn / 16) * 32,
}

function indexesOf(count: number, wanted: (index: number) => boolean): number[] {
  return Array.from({ length: count }, (_, index) => index).filter(wanted)
}

function rotate<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}
