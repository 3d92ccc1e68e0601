// The head of one change as Automerge writes it (chunk type 1), read without Automerge: actor, sequence number, first operation,
// time, dependencies. So everything that can be refused cheaply is refused before the decoder proper runs. The layout is that of
// automerge.org/automerge-binary-format-spec; the columns behind the head are `change-columns.ts`.

import { CodecError, Reader, decodeWith } from './codec.ts'
import type { Crypto } from './crypto.ts'
import { type Result, ok, refuse } from './errors.ts'
import type { GateCode } from './gate/codes.ts'
import { type ActorId, type ChangeHash, hex } from './ids.ts'
import { limits } from './limits.ts'

export interface ChangeHead {
  readonly hash: ChangeHash
  readonly actor: ActorId
  readonly seq: number
  readonly startOp: number
  /** Wall-clock seconds as the author wrote them. */
  readonly time: number
  /** Sorted, without duplicates. */
  readonly deps: readonly ChangeHash[]
  /** Column id → its bytes, in the order of the file. */
  readonly columns: ReadonlyMap<number, Uint8Array>
}

const magic = [0x85, 0x6f, 0x4a, 0x83]
/** Magic, checksum and chunk type. */
const chunkHeadBytes = 9
const changeChunk = 1
const hashBytes = 32
const actorBytes = 16
/** Ten kinds of columns are in use; more of them is not a change that we could have made. */
const columnsMax = 16

export function changeHash(crypto: Crypto, change: Uint8Array): ChangeHash {
  return hex(crypto.sha256(change.subarray(8))) as ChangeHash
}

function checkChunk(change: Uint8Array, hash: ChangeHash): Result<void, GateCode> {
  if (change.length < chunkHeadBytes || magic.some((byte, index) => change[index] !== byte)) {
    return refuse('E_CHUNK', 'not an Automerge chunk')
  }
  // Documents (0), deflated changes (2) and bundles (3) hide how much work they are.
  if (change[8] !== changeChunk) return refuse('E_CHUNK', `chunk type ${change[8]}; only plain changes (1) are taken`)
  if (hex(change.subarray(4, 8)) !== hash.slice(0, 8)) return refuse('E_CHECKSUM', 'the checksum of a change does not fit')
  return ok(undefined)
}

/** Signed LEB128, as far as whole numbers go. */
export function readSigned(reader: Reader): number {
  let value = 0
  let scale = 1
  for (let read = 0; read < 8; read++) {
    const byte = reader.u8()
    value += (byte & 0x7f) * scale
    scale *= 0x80
    if (byte < 0x80) return byte & 0x40 ? value - scale : value
  }
  throw new CodecError('number is too long')
}

function readDeps(reader: Reader): ChangeHash[] {
  const deps: ChangeHash[] = []
  const count = reader.varint(limits.changeBytesMax)
  while (deps.length < count) deps.push(hex(reader.raw(hashBytes)) as ChangeHash)
  return deps
}

function readActor(reader: Reader): ActorId {
  const actor = reader.bytes(actorBytes)
  if (actor.length !== actorBytes) throw new CodecError('an actor has 16 bytes')
  return hex(actor) as ActorId
}

function readColumns(reader: Reader): ReadonlyMap<number, Uint8Array> {
  const count = reader.varint(columnsMax)
  const sizes: [number, number][] = []
  let last = -1
  while (sizes.length < count) {
    const id = reader.varint(0xffff)
    if (id <= last) throw new CodecError('columns out of order')
    last = id
    sizes.push([id, reader.varint(limits.changeBytesMax)])
  }
  return new Map(sizes.map(([id, size]) => [id, reader.raw(size)]))
}

function readBody(reader: Reader, hash: ChangeHash): ChangeHead {
  reader.raw(chunkHeadBytes)
  if (reader.varint() !== reader.remaining) throw new CodecError('a change is not as long as it says')
  const deps = readDeps(reader)
  const actor = readActor(reader)
  const seq = reader.varint()
  const startOp = reader.varint()
  const time = readSigned(reader)
  if (time < 0 || time > limits.changeTimeSecondsMax) throw new CodecError('time out of range')
  if (reader.bytes(0).length !== 0) throw new CodecError('a change carries a message')
  const others = reader.varint(limits.changeBytesMax)
  for (let read = 0; read < others; read++) readActor(reader)
  // Whatever stands behind the columns is refused by `decodeWith`: bytes that only some decoders would see.
  return { hash, actor, seq, startOp, time, deps, columns: readColumns(reader) }
}

export function readChangeHead(crypto: Crypto, change: Uint8Array): Result<ChangeHead, GateCode> {
  const hash = changeHash(crypto, change)
  const chunk = checkChunk(change, hash)
  if (!chunk.ok) return chunk
  const head = decodeWith(change, (reader) => readBody(reader, hash))
  return head.ok ? head : refuse('E_DECODE', head.message)
}

/** Dependencies as an honest author writes them; whether they are here is another question. */
export function checkDeps(deps: readonly ChangeHash[]): Result<void, GateCode> {
  if (deps.length === 0) return refuse('E_DEPS', 'a change builds on at least the genesis change')
  if (deps.length > limits.changeDepsMax) return refuse('E_DEPS', `${deps.length} dependencies; at most ${limits.changeDepsMax}`)
  const sorted = deps.every((dep, index) => index === 0 || (deps[index - 1] ?? '') < dep)
  return sorted ? ok(undefined) : refuse('E_DEPS', 'dependencies are not sorted or repeat')
}
