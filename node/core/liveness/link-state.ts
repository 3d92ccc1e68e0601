// One node's signed statement of its confirmed neighbours: its bytes, and how they are made and checked. Decoding is strict
// (bounded, sorted, one encoding) and never throws; the signature is checked apart, because most copies that arrive are known
// already and need no check. What a link state means is no business of this file.

import { CodecError, Reader, Writer, decodeWith, utf8 } from '../../../crdt/codec.ts'
import type { Crypto, Signer } from '../../../crdt/crypto.ts'
import { type Result, assert, refuse } from '../../../crdt/errors.ts'
import { type NodeId, compareText, isPeerId, peerIdOfKey } from '../../../crdt/ids.ts'
import { livenessLimits as limits } from './limits.ts'

/** A confirmed neighbour, and the sequence at which its own link state was then: the edge does not stand with an older one. */
export interface Neighbour {
  readonly node: NodeId
  readonly sequence: number
}

export interface Statement {
  readonly author: NodeId
  readonly sequence: number
  /** Differs from boot to boot (32 bits): the same sequence said twice by two boots is noticed. */
  readonly boot: number
  readonly left: boolean
  /** Of the author's own node document, as `crdt/authored.ts` writes them. */
  readonly heads: string
  /** Sorted by node; never the author. */
  readonly neighbours: readonly Neighbour[]
}

export interface LinkState extends Statement {
  readonly bytes: Uint8Array
}

const version = 1
const signatureBytes = 64
const context = utf8('shoal link state 1\n')
// Every ed25519 PeerId begins like this: not worth eight bytes for each neighbour.
const idStart = '12D3KooW'

export function signLinkState(signer: Signer, statement: Statement): LinkState {
  assert(peerIdOfKey(signer.publicKey) === statement.author, 'a link state is signed by its author')
  assert(statement.neighbours.length <= limits.namedCountMax, 'a link state holds a bounded number of neighbours')
  const body = encodeStatement(statement)
  const bytes = new Writer()
    .raw(body)
    .raw(signer.sign(signedBytes(body)))
    .finish()
  assert(bytes.length <= limits.linkStateBytesMax, 'a link state has a bounded size')
  return { ...statement, bytes }
}

export function decodeLinkState(bytes: Uint8Array): Result<LinkState, 'E_FRAME'> {
  if (bytes.length > limits.linkStateBytesMax) return refuse('E_FRAME', `a link state of ${bytes.length} bytes is too large`)
  return decodeWith(bytes, (from) => ({ ...readStatement(from), bytes }))
}

/** `key`: the author's, out of its id; null if that holds none. */
export function isSignedByAuthor(crypto: Crypto, state: LinkState, key: Uint8Array | null): boolean {
  if (key === null) return false
  const end = state.bytes.length - signatureBytes
  return crypto.verify(key, signedBytes(state.bytes.subarray(0, end)), state.bytes.subarray(end))
}

/**
 * Whether `a` replaces `b`: the higher sequence, then the higher bytes. A total order over one author's statements, so merging
 * is commutative, associative and idempotent.
 */
export function replaces(a: LinkState, b: LinkState | undefined): boolean {
  if (b === undefined) return true
  if (a.sequence !== b.sequence) return a.sequence > b.sequence
  return compareBytes(a.bytes, b.bytes) > 0
}

export function isSame(a: LinkState, b: LinkState): boolean {
  return a.sequence === b.sequence && compareBytes(a.bytes, b.bytes) === 0
}

function encodeStatement(statement: Statement): Uint8Array {
  const to = new Writer().u8(version)
  writeNode(to, statement.author)
  to.varint(statement.sequence)
    .varint(statement.boot)
    .u8(statement.left ? 1 : 0)
    .text(statement.heads)
  to.varint(statement.neighbours.length)
  for (const { node, sequence } of statement.neighbours) writeNode(to, node).varint(sequence)
  return to.finish()
}

function readStatement(from: Reader): Statement {
  if (from.u8() !== version) throw new CodecError('unknown version of a link state')
  const author = readNode(from)
  const sequence = from.varint(limits.sequenceMax)
  const boot = from.varint(0xffff_ffff)
  const left = from.varint(1) === 1
  const heads = from.text(limits.headsBytesMax)
  const count = from.varint(limits.namedCountMax)
  const neighbours: Neighbour[] = []
  for (let i = 0; i < count; i++) {
    const node = readNode(from)
    const before = neighbours.at(-1)
    if (node === author || (before !== undefined && compareText(before.node, node) >= 0))
      throw new CodecError('neighbours are not in order')
    neighbours.push({ node, sequence: from.varint(limits.sequenceMax) })
  }
  from.raw(signatureBytes)
  return { author, sequence, boot, left, heads, neighbours }
}

function writeNode(to: Writer, node: NodeId): Writer {
  return to.raw(utf8(node.slice(idStart.length)))
}

function readNode(from: Reader): NodeId {
  let text = idStart
  for (const byte of from.raw(44)) text += String.fromCharCode(byte)
  if (!isPeerId(text)) throw new CodecError('not a node id')
  return text as NodeId
}

function signedBytes(body: Uint8Array): Uint8Array {
  const all = new Uint8Array(context.length + body.length)
  all.set(context)
  all.set(body, context.length)
  return all
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
