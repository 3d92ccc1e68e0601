// A signed envelope: consecutive changes of one author to one document, as one unit that is sent, stored and applied. Layout:
// head (fleet, pool, document, epoch, base, public key, nonce, first sequence number), the exact change bytes, and an ed25519
// signature over everything before it. This file only makes and reads the bytes; whether one is acceptable is the gate's business.

import { Writer, decodeWith, utf8 } from './codec.ts'
import type { Reader } from './codec.ts'
import type { Crypto, Signer } from './crypto.ts'
import { type Result, assert, ok, refuse } from './errors.ts'
import type { GateCode } from './gate/codes.ts'
import { hex, parseDocId, parsePoolName, peerIdOfKey, unhex } from './ids.ts'
import type { ActorId, AuthorId, DocId, DocKind, Epoch, FleetId, PoolName } from './ids.ts'
import { limits } from './limits.ts'

/** Whoever writes: a key, and the nonce that makes its actors fresh at every boot (or at every run of the CLI). */
export interface Author {
  readonly id: AuthorId
  readonly signer: Signer
  /** 16 bytes. */
  readonly nonce: Uint8Array
  /** '' only for the very first envelope of a fleet document. */
  readonly fleet: FleetId | ''
}

export interface Envelope {
  readonly fleet: string
  readonly pool: PoolName
  readonly doc: DocId
  readonly kind: DocKind
  readonly epoch: Epoch
  readonly base: number
  readonly author: AuthorId
  readonly publicKey: Uint8Array
  readonly nonce: Uint8Array
  readonly actor: ActorId
  readonly firstSeq: number
  readonly changes: readonly Uint8Array[]
  /** Everything, signature included. */
  readonly bytes: Uint8Array
  /** SHA-256 (hex) of `bytes`: the envelope's key in the store. */
  readonly hash: string
}

/** The fleet document belongs to no pool: every node of every pool holds it. */
export const everyPool = '*' as PoolName

/** Also keeps these signatures apart from those under anything else: 'shE' and the version of the layout. */
const magic = new Uint8Array([0x73, 0x68, 0x45, 1])
const signatureBytes = 64
const publicKeyBytes = 32
export const nonceBytes = 16
const fleetBytes = 32

export interface ActorSource {
  readonly publicKey: Uint8Array
  readonly nonce: Uint8Array
  readonly doc: DocId
  readonly pool: PoolName
  readonly epoch: Epoch
  readonly base: number
}

/**
 * The author's actor in one document: bound to the key, so that nobody writes as another; fresh with every nonce, so that a
 * restored disk never uses a sequence number twice; bound to epoch and base, so that equal heads mean an equal base as well.
 */
export function actorOf(crypto: Crypto, source: ActorSource): ActorId {
  const input = new Writer().raw(utf8('shoal-actor-1')).raw(source.publicKey).raw(source.nonce)
  input.text(source.doc).text(source.pool).varint(source.epoch).varint(source.base)
  return hex(crypto.sha256(input.finish()).subarray(0, 16)) as ActorId
}

export interface Draft {
  readonly doc: DocId
  readonly kind: DocKind
  readonly pool: PoolName
  readonly epoch: Epoch
  readonly base: number
  readonly firstSeq: number
  readonly changes: readonly Uint8Array[]
}

export function signEnvelope(crypto: Crypto, author: Author, draft: Draft): Envelope {
  const { publicKey } = author.signer
  assert(author.nonce.length === nonceBytes, 'a nonce has 16 bytes')
  assert(draft.changes.length > 0 && draft.changes.length <= limits.changesPerEnvelopeMax, 'an envelope holds 1 to 64 changes')
  const writer = new Writer().raw(magic).bytes(unhex(author.fleet)).text(draft.pool).text(draft.doc)
  writer.varint(draft.epoch).varint(draft.base).raw(publicKey).raw(author.nonce).varint(draft.firstSeq).varint(draft.changes.length)
  for (const change of draft.changes) writer.bytes(change)
  const signed = writer.finish()
  const bytes = new Writer().raw(signed).raw(author.signer.sign(signed)).finish()
  assert(bytes.length <= limits.envelopeBytesMax, 'an envelope fits its limit')
  const { nonce, id, fleet } = author
  const actor = actorOf(crypto, { ...draft, publicKey, nonce })
  return { ...draft, fleet, author: id, publicKey, nonce, actor, bytes, hash: hex(crypto.sha256(bytes)) }
}

/** What the signature covers. */
export function signedPart(envelope: Envelope): Uint8Array {
  return envelope.bytes.subarray(0, envelope.bytes.length - signatureBytes)
}

export function signatureOf(envelope: Envelope): Uint8Array {
  return envelope.bytes.subarray(envelope.bytes.length - signatureBytes)
}

interface Head {
  readonly fleet: string
  readonly pool: string
  readonly doc: string
  readonly epoch: number
  readonly base: number
  readonly publicKey: Uint8Array
  readonly nonce: Uint8Array
  readonly firstSeq: number
}

function readHead(reader: Reader): Head | null {
  const found = reader.raw(magic.length)
  if (magic.some((byte, index) => found[index] !== byte)) return null
  const fleet = hex(reader.bytes(fleetBytes))
  const pool = reader.text(limits.headTextBytesMax)
  const doc = reader.text(limits.headTextBytesMax)
  const epoch = reader.varint(limits.epochMax)
  const base = reader.varint(limits.baseMax)
  const publicKey = reader.raw(publicKeyBytes)
  const nonce = reader.raw(nonceBytes)
  return { fleet, pool, doc, epoch, base, publicKey, nonce, firstSeq: reader.varint() }
}

function readBody(reader: Reader): { head: Head; changes: Uint8Array[] } | null {
  const head = readHead(reader)
  if (head === null) {
    reader.raw(reader.remaining)
    return null
  }
  const changes: Uint8Array[] = []
  const count = reader.varint(limits.changesPerEnvelopeMax)
  while (changes.length < count) changes.push(reader.bytes(limits.envelopeBytesMax))
  reader.raw(signatureBytes)
  return { head, changes }
}

/** Structure, sizes and names only; right, signature and content are checked by the gate. */
export function decodeEnvelope(crypto: Crypto, bytes: Uint8Array): Result<Envelope, GateCode> {
  if (bytes.length > limits.envelopeBytesMax) return refuse('E_SIZE', `${bytes.length} bytes; at most ${limits.envelopeBytesMax}`)
  // A copy: the input may be part of a larger buffer that is used again.
  const own = bytes.slice()
  const read = decodeWith(own, readBody)
  if (!read.ok) return read
  if (read.value === null) return refuse('E_FRAME', 'not an envelope of a version that is known here')
  const { head, changes } = read.value
  if (changes.length === 0 || head.firstSeq < 1 || head.epoch < 1) return refuse('E_FRAME', 'no changes, or counted from zero')
  if (changes.some((change) => change.length > limits.changeBytesMax)) {
    return refuse('E_SIZE', `a change is longer than ${limits.changeBytesMax} bytes`)
  }
  if (head.fleet !== '' && head.fleet.length !== 2 * fleetBytes) return refuse('E_FRAME', 'a fleet id has 32 bytes')
  const doc = parseDocId(head.doc)
  if (!doc.ok) return doc
  const wellPooled = doc.value.kind === 'fleet' ? head.pool === everyPool : parsePoolName(head.pool).ok
  if (!wellPooled) return refuse('E_POOL', `'${head.pool.slice(0, 80)}' is not a pool for this document`)
  const named = { ...head, pool: head.pool as PoolName, doc: doc.value.id, kind: doc.value.kind }
  return ok({
    ...named,
    author: peerIdOfKey(head.publicKey),
    actor: actorOf(crypto, named),
    changes,
    bytes: own,
    hash: hex(crypto.sha256(own)),
  })
}
