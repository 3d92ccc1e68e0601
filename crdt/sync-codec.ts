// Packs and unpacks the frames of anti-entropy. Strict: counts are bounded before anything is allocated, documents, actors, branches
// and leaves must ascend (so nothing can be named twice), ids must be well formed, and each value has one encoding only.
// Failed reads throw the codec's error, which the decoder of the surrounding frame turns into a refusal.

import { CodecError, type Reader, type Writer } from './codec.ts'
import { fanOut, leafCount } from './digest-index.ts'
import { type ActorId, type DocId, hex, parseDocId, unhex } from './ids.ts'
import { type DocClock, type Entry, type Section, type SyncFrame, syncLimits } from './sync-frame.ts'

const kinds = ['root', 'same', 'branches', 'leaves', 'entries', 'clocks', 'more'] as const
const hashBytes = 8
const actorIdBytes = 16

export function writeSyncFrame(to: Writer, frame: SyncFrame): void {
  to.u8(kinds.indexOf(frame.kind))
  to.u8(frame.turn)
  writeHash(to, frame.root)
  if (frame.kind === 'branches') for (const hash of frame.hashes) writeHash(to, hash)
  if (frame.kind === 'leaves') {
    writeFlag(to, frame.partial)
    to.varint(frame.branches.length)
    for (const { branch, hashes } of frame.branches) {
      to.u8(branch)
      for (const hash of hashes) writeHash(to, hash)
    }
  }
  if (frame.kind === 'entries') {
    writeFlag(to, frame.partial)
    to.varint(frame.sections.length)
    for (const section of frame.sections) writeSection(to, section)
  }
  if (frame.kind === 'clocks') {
    writeFlag(to, frame.partial)
    writeFlag(to, frame.answer)
    to.varint(frame.clocks.length)
    for (const clock of frame.clocks) writeClock(to, clock)
  }
}

export function readSyncFrame(from: Reader): SyncFrame {
  const kind = kinds[from.u8()]
  const head = { turn: from.u8(), root: readHash(from) }
  switch (kind) {
    case 'root':
    case 'same':
    case 'more':
      return { kind, ...head }
    case 'branches':
      return { kind, ...head, hashes: readHashes(from) }
    case 'leaves':
      return { kind, ...head, partial: readFlag(from), branches: readBranches(from) }
    case 'entries':
      return { kind, ...head, partial: readFlag(from), sections: readSections(from) }
    case 'clocks':
      return { kind, ...head, partial: readFlag(from), answer: readFlag(from), clocks: readClocks(from) }
    default:
      throw new CodecError('unknown kind of sync frame')
  }
}

function readBranches(from: Reader): { branch: number; hashes: string[] }[] {
  const count = from.varint(fanOut)
  const branches: { branch: number; hashes: string[] }[] = []
  for (let i = 0; i < count; i++) {
    const branch = from.u8()
    if (branch >= fanOut || branch <= (branches.at(-1)?.branch ?? -1)) throw new CodecError('branches out of order')
    branches.push({ branch, hashes: readHashes(from) })
  }
  return branches
}

function writeSection(to: Writer, section: Section): void {
  to.varint(section.leaf === null ? 0 : section.leaf + 1)
  to.text(section.after)
  to.text(section.upTo)
  to.varint(section.entries.length)
  for (const { doc, epoch, digest } of section.entries) {
    to.text(doc)
    to.varint(epoch + 1)
    writeHash(to, digest)
  }
}

function readSections(from: Reader): Section[] {
  const count = from.varint(leafCount)
  const sections: Section[] = []
  let entriesLeft: number = syncLimits.docsMax
  for (let i = 0; i < count; i++) {
    const number = from.varint(leafCount)
    const leaf = number === 0 ? null : number - 1
    if (i > 0 && (leaf ?? -1) <= (sections.at(-1)?.leaf ?? leafCount)) throw new CodecError('leaves out of order')
    const after = readBound(from)
    const upTo = readBound(from)
    const entries = readEntries(from, entriesLeft)
    entriesLeft -= entries.length
    sections.push({ leaf, after, upTo, entries })
  }
  return sections
}

function readEntries(from: Reader, most: number): Entry[] {
  const count = from.varint(most)
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) {
    const doc = readDoc(from, entries.at(-1)?.doc)
    entries.push({ doc, epoch: from.varint() - 1, digest: readHash(from) })
  }
  return entries
}

function writeClock(to: Writer, clock: DocClock): void {
  to.text(clock.doc)
  to.varint(clock.epoch + 1)
  to.varint(clock.actors.length)
  for (const [actor, seq] of clock.actors) {
    to.raw(unhex(actor))
    to.varint(seq)
  }
}

function readClocks(from: Reader): DocClock[] {
  const count = from.varint(syncLimits.docsMax)
  const clocks: DocClock[] = []
  for (let i = 0; i < count; i++) {
    const doc = readDoc(from, clocks.at(-1)?.doc)
    clocks.push({ doc, epoch: from.varint() - 1, actors: readActors(from) })
  }
  return clocks
}

function readActors(from: Reader): (readonly [ActorId, number])[] {
  const count = from.varint(syncLimits.actorsMax)
  const actors: (readonly [ActorId, number])[] = []
  for (let i = 0; i < count; i++) {
    const actor = hex(from.raw(actorIdBytes)) as ActorId
    const before = actors.at(-1)
    if (before !== undefined && actor <= before[0]) throw new CodecError('actors out of order')
    actors.push([actor, from.varint()])
  }
  return actors
}

function readDoc(from: Reader, before: DocId | undefined): DocId {
  const parsed = parseDocId(from.text(docIdBytesMax))
  if (!parsed.ok) throw new CodecError(parsed.message)
  if (before !== undefined && parsed.value.id <= before) throw new CodecError('documents out of order')
  return parsed.value.id
}

/** `job/` and two names of 63, or `node/` and a PeerId. */
const docIdBytesMax = 131

function readBound(from: Reader): string {
  const text = from.text(docIdBytesMax)
  if (text !== '' && !parseDocId(text).ok) throw new CodecError('a bound is not a document id')
  return text
}

function writeHash(to: Writer, hash: string): void {
  to.raw(unhex(hash))
}

function readHash(from: Reader): string {
  return hex(from.raw(hashBytes))
}

function readHashes(from: Reader): string[] {
  return Array.from({ length: fanOut }, () => readHash(from))
}

function writeFlag(to: Writer, flag: boolean): void {
  to.u8(flag ? 1 : 0)
}

function readFlag(from: Reader): boolean {
  return from.varint(1) === 1
}
