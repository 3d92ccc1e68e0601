// Branded identifiers. Only the parsers here make them: parse at the edge, trust inside.
// Every id is printable ASCII, so that comparing code units is the same total order everywhere.

import { type Result, ok, refuse } from './errors.ts'

declare const brand: unique symbol
type Brand<T, B extends string> = T & { readonly [brand]: B }

/** A node's libp2p PeerId (ed25519, base58btc, `12D3KooW…`). */
export type NodeId = Brand<string, 'NodeId'>
/** An operator's key in the same form as a NodeId: both are PeerIds, so that Noise authenticates either. */
export type OperatorId = Brand<string, 'OperatorId'>
/** A join token's key, in that form too: it signs certificates of nodes, and no document. */
export type TokenId = Brand<string, 'TokenId'>
/** Whoever signs: a node or an operator. */
export type AuthorId = NodeId | OperatorId
export type PoolName = Brand<string, 'PoolName'>
/** `<namespace>/<name>` */
export type JobId = Brand<string, 'JobId'>
/** One wanted copy: `<namespace>/<job>/<group>/<index>`; of jobs with a copy a node `<namespace>/<job>/<group>/<node>`. */
export type SlotId = Brand<string, 'SlotId'>
/** `fleet` | `job/<namespace>/<name>` | `ops/<nodeId>` | `node/<nodeId>` */
export type DocId = Brand<string, 'DocId'>
/** 16 bytes as hex: hash of (public key, document, epoch, boot nonce). */
export type ActorId = Brand<string, 'ActorId'>
/** SHA-256 of a change's bytes as Automerge counts them, hex. */
export type ChangeHash = Brand<string, 'ChangeHash'>
/** 16 hex digits: hash of those parts of a group that cannot change without a restart. */
export type Form = Brand<string, 'Form'>
/** 16 hex digits, from (slot, node, generation): names one claim being carried out. */
export type AllocId = Brand<string, 'AllocId'>
/** The fleet's identity: SHA-256 (hex) of the fleet document's first envelope. */
export type FleetId = Brand<string, 'FleetId'>

export type Epoch = number
export type Generation = number

export type DocKind = 'fleet' | 'job' | 'ops' | 'node'

// Lower-case letters, digits and dashes; what DNS labels, container names and file names all accept.
const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
// base58btc of the 38-byte identity multihash of an ed25519 key always begins like this and has 52 characters.
const peerIdPattern = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

export function isName(text: string): boolean {
  return namePattern.test(text)
}

export const nameRule = 'a to z, 0 to 9 and dashes, at most 63 characters, no dash at either end'

export function isPeerId(text: string): boolean {
  return peerIdPattern.test(text)
}

export function parsePoolName(text: string): Result<PoolName, 'E_POOL_NAME'> {
  return isName(text) ? ok(text as PoolName) : refuse('E_POOL_NAME', `'${text}' is not a pool name (${nameRule})`)
}

export function jobId(namespace: string, name: string): JobId {
  return `${namespace}/${name}` as JobId
}

export function slotId(job: JobId, group: string, place: number | NodeId): SlotId {
  return `${job}/${group}/${place}` as SlotId
}

export interface SlotParts {
  readonly job: JobId
  readonly group: string
  /** −1: the slot is a node's. */
  readonly index: number
  /** Whose slot it is; null: it is numbered. */
  readonly node: NodeId | null
}

export function slotParts(slot: SlotId): SlotParts {
  const [namespace = '', name = '', group = '', place = ''] = slot.split('/')
  const index = Number(place)
  const isNumbered = Number.isInteger(index)
  return { job: jobId(namespace, name), group, index: isNumbered ? index : -1, node: isNumbered ? null : (place as NodeId) }
}

export function jobDocId(job: JobId): DocId {
  return `job/${job}` as DocId
}

export function opsDocId(node: NodeId): DocId {
  return `ops/${node}` as DocId
}

export function nodeDocId(node: NodeId): DocId {
  return `node/${node}` as DocId
}

export const fleetDocId = 'fleet' as DocId

/** Splits a document id; refuses anything that is not one of the four kinds with well-formed names. */
export function parseDocId(text: string): Result<{ id: DocId; kind: DocKind; subject: string }, 'E_DOC_ID'> {
  const [kind, ...rest] = text.split('/')
  const subject = rest.join('/')
  const wellFormed =
    (kind === 'fleet' && rest.length === 0) ||
    (kind === 'job' && rest.length === 2 && rest.every(isName)) ||
    ((kind === 'ops' || kind === 'node') && rest.length === 1 && isPeerId(subject))
  if (!wellFormed) return refuse('E_DOC_ID', `'${text.slice(0, 80)}' is not a document id`)
  return ok({ id: text as DocId, kind, subject })
}

/** A total order on strings by code units; never `localeCompare`, whose answer depends on the machine. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
// protobuf {type: Ed25519, data: 32 bytes} inside an identity multihash: the fixed start of every ed25519 PeerId.
const peerIdPrefix = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20]

/** The PeerId of a raw 32-byte ed25519 public key. Source: libp2p peer-id specification. */
export function peerIdOfKey(publicKey: Uint8Array): AuthorId {
  let value = 0n
  for (const byte of [...peerIdPrefix, ...publicKey]) value = (value << 8n) | BigInt(byte)
  let text = ''
  for (; value > 0n; value /= 58n) text = base58Alphabet[Number(value % 58n)] + text
  return ('1' + text) as AuthorId
}

/** The raw 32-byte public key inside a PeerId; null when the text has the form of one (`isPeerId`) but holds no ed25519 key. */
export function keyOfPeerId(id: string): Uint8Array | null {
  let value = 0n
  for (const letter of id) value = 58n * value + BigInt(base58Alphabet.indexOf(letter))
  const key = new Uint8Array(32)
  for (let at = key.length - 1; at >= 0; at--, value >>= 8n) key[at] = Number(value & 0xffn)
  return peerIdOfKey(key) === id ? key : null
}

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += hexOf[byte]
  return text
}

/** Whoever got the text from elsewhere has made sure that these are hex digits. */
export function unhex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1)
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digitOf(text.charCodeAt(2 * i)) + digitOf(text.charCodeAt(2 * i + 1))
  return bytes
}

/** Of 0 to 9, a to f and A to F. */
function digitOf(code: number): number {
  return (code & 15) + (code > 57 ? 9 : 0)
}
