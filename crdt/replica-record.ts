// A document as one record of the store: the bytes that Automerge saved and everything else of `Doc`, so that a boot with ten
// thousand documents does not have to open one. A record is a cache: a damaged one is refused and rebuilt from its envelopes.

import { CodecError, type Reader, Writer, decodeWith } from './codec.ts'
import type { Crypto } from './crypto.ts'
import type { ActorClock, Doc, EnvelopeRef } from './doc.ts'
import { everyPool } from './envelope.ts'
import { type Result, ok, refuse } from './errors.ts'
import { type ActorId, type AuthorId, type ChangeHash, type PoolName, hex, parseDocId, parsePoolName, unhex } from './ids.ts'
import { limits } from './limits.ts'
import type { Registers, Scalar } from './registers.ts'
import { digestOf } from './replica-state.ts'

const version = 1
/** A record is our own; this only keeps a damaged length from reading far. */
const recordBytesMax = 16 * 1024 * 1024
const hashBytes = 32
const actorBytes = 16

const tag = { null: 0, false: 1, true: 2, natural: 3, negative: 4, text: 5 } as const

function writeScalar(writer: Writer, value: Scalar): void {
  if (value === null) writer.u8(tag.null)
  else if (typeof value === 'boolean') writer.u8(value ? tag.true : tag.false)
  else if (typeof value === 'string') writer.u8(tag.text).text(value)
  else if (value < 0) writer.u8(tag.negative).varint(-value)
  else writer.u8(tag.natural).varint(value)
}

function readScalar(reader: Reader): Scalar {
  switch (reader.u8()) {
    case tag.null:
      return null
    case tag.false:
      return false
    case tag.true:
      return true
    case tag.natural:
      return reader.varint()
    case tag.negative:
      return -reader.varint()
    case tag.text:
      return reader.text(recordBytesMax)
    default:
      throw new CodecError('no such kind of value')
  }
}

function writeHistory(writer: Writer, doc: Doc): void {
  const authors = [...new Set([...doc.clock.values()].map(({ author }) => author))]
  const actors = [...doc.clock.keys()]
  writer.varint(authors.length)
  for (const author of authors) writer.text(author)
  writer.varint(actors.length)
  for (const [actor, { seq, author }] of doc.clock) writer.raw(unhex(actor)).varint(seq).varint(authors.indexOf(author))
  writer.varint(doc.envelopes.length)
  for (const { hash, actor, firstSeq, count, bytes } of doc.envelopes) {
    writer.raw(unhex(hash)).varint(actors.indexOf(actor)).varint(firstSeq).varint(count).varint(bytes)
  }
}

/** Everything of the document, as one record for the store (which keeps a checksum with it). */
export function encodeDoc(doc: Doc): Uint8Array {
  const writer = new Writer().u8(version).text(doc.id).text(doc.pool).varint(doc.epoch).varint(doc.base).bytes(doc.saved)
  writer.varint(doc.registers.size)
  for (const [path, value] of doc.registers) writeScalar(writer.text(path), value)
  writer.varint(doc.conflicts.size)
  for (const [path, values] of doc.conflicts) {
    writer.text(path).varint(values.length)
    for (const value of values) writeScalar(writer, value)
  }
  writer.varint(doc.heads.length)
  for (const head of doc.heads) writer.raw(unhex(head))
  writeHistory(writer, doc)
  return writer.finish()
}

function readMany<T>(reader: Reader, read: () => T): T[] {
  const found: T[] = []
  const count = reader.varint(reader.remaining)
  while (found.length < count) found.push(read())
  return found
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new CodecError('names an entry that is not there')
  return found
}

type History = Pick<Doc, 'clock' | 'envelopes' | 'changeCount'>

function readHistory(reader: Reader): History {
  const authors = readMany(reader, () => reader.text(limits.headTextBytesMax))
  const clock = new Map<ActorId, ActorClock>()
  let changeCount = 0
  for (let left = reader.varint(reader.remaining); left > 0; left--) {
    const actor = hex(reader.raw(actorBytes)) as ActorId
    const seq = reader.varint()
    clock.set(actor, { seq, author: at(authors, reader.varint()) as AuthorId })
    changeCount += seq
  }
  const actors = [...clock.entries()]
  const envelopes = readMany(reader, (): EnvelopeRef => {
    const hash = hex(reader.raw(hashBytes))
    const [actor, { author }] = at(actors, reader.varint())
    return { hash, actor, author, firstSeq: reader.varint(), count: reader.varint(), bytes: reader.varint() }
  })
  return { clock, envelopes, changeCount }
}

function readDoc(crypto: Crypto, reader: Reader): Doc {
  if (reader.u8() !== version) throw new CodecError('a record of another version')
  const parsed = parseDocId(reader.text(limits.headTextBytesMax))
  if (!parsed.ok) throw new CodecError(parsed.message)
  const { id, kind } = parsed.value
  const pool = reader.text(limits.headTextBytesMax) as PoolName
  if (kind === 'fleet' ? pool !== everyPool : !parsePoolName(pool).ok) throw new CodecError('no pool for this document')
  const epoch = reader.varint(limits.epochMax)
  const base = reader.varint(limits.baseMax)
  // A copy: the record's buffer need not live as long as the document.
  const saved = reader.bytes(recordBytesMax).slice()
  const registers: Registers = new Map(readMany(reader, () => [reader.text(limits.pathBytesMax), readScalar(reader)] as const))
  const conflicts = new Map(readMany(reader, () => [reader.text(limits.pathBytesMax), readMany(reader, () => readScalar(reader))] as const))
  const heads = readMany(reader, () => hex(reader.raw(hashBytes)) as ChangeHash)
  const digest = digestOf(crypto, epoch, heads)
  return { id, kind, pool, epoch, base, saved, registers, conflicts, heads, digest, ...readHistory(reader) }
}

export function decodeDoc(crypto: Crypto, bytes: Uint8Array): Result<Doc, 'E_DOC_RECORD'> {
  const read = decodeWith(bytes, (reader) => readDoc(crypto, reader))
  return read.ok ? ok(read.value) : refuse('E_DOC_RECORD', read.message)
}
