// The frames that two agents exchange, on the stream between them and by gossip: compact binary, version byte first. Decoding is
// strict (bounded, one encoding for a value, nothing may trail) and never throws: a stranger's bytes become a frame or a refusal.
// What a frame carries (envelopes, link states) is opaque here and judged elsewhere.

import { certificateBytesMax } from '../../crdt/admission/certificate.ts'
import { CodecError, Reader, Writer, decodeWith } from '../../crdt/codec.ts'
import { type Result, refuse } from '../../crdt/errors.ts'
import { type NodeId, type PoolName, isName, isPeerId } from '../../crdt/ids.ts'
import { limits } from '../../crdt/limits.ts'
import { type WaitingReason, waitingReasons } from '../../crdt/view.ts'
import type { SyncFrame, SyncScope } from '../../crdt/anti-entropy.ts'
import { readSyncFrame, writeSyncFrame } from '../../crdt/sync-codec.ts'

export type Frame =
  /** First on every connection. */
  | {
      readonly kind: 'hello'
      readonly pool: PoolName
      readonly version: string
      readonly protocol: readonly [number, number]
      readonly planVersion: number
      /** In a certified fleet only: agents that know nothing of certificates read the hello of an open one. */
      readonly card?: Card
    }
  /** The sender does not listen to this node. Nobody signed it: it is a hint, for people and for what to send. */
  | { readonly kind: 'waits'; readonly reason: WaitingReason }
  | RoomFrame
  | { readonly kind: 'probe'; readonly n: number }
  | { readonly kind: 'probe-ack'; readonly n: number }
  | { readonly kind: 'link-states'; readonly states: readonly Uint8Array[] }
  /** What the sender has of the link states; with `seqs`: send me those that are newer. */
  | { readonly kind: 'links-have'; readonly digest: string; readonly seqs?: readonly (readonly [NodeId, number])[] }
  /** In applicable order. */
  | { readonly kind: 'envelopes'; readonly envelopes: readonly Uint8Array[] }
  | { readonly kind: 'sync'; readonly scope: SyncScope; readonly frame: SyncFrame }
  | SummaryFrame
  /** Pre-shared keys that admins have opened and the sender lacks, by digest. */
  | { readonly kind: 'psk-want'; readonly digests: readonly string[] }
  /** Never by gossip: only the connection keeps it secret. */
  | { readonly kind: 'psk'; readonly key: Uint8Array }

/** What a board shows of itself to those who do not know it. */
export interface Card {
  /** Empty: it has none. */
  readonly certificate: Uint8Array
  readonly name: string
  /** Its hardware in words. */
  readonly about: string
}

/** The boards that wait at a node: for operators, whom they ask by whatever board. */
export interface RoomFrame {
  readonly kind: 'room'
  readonly node: NodeId
  readonly waiting: readonly WaitingBoard[]
  /** Rises with every such frame of this node; gossip passes equal ones on only once. */
  readonly seq: number
}

export interface WaitingBoard {
  readonly node: NodeId
  readonly pool: PoolName
  readonly name: string
  readonly about: string
  readonly reason: WaitingReason
}

/** What a pool tells the others: how it is, and whom to ask. */
export interface SummaryFrame {
  readonly kind: 'summary'
  readonly pool: PoolName
  readonly node: NodeId
  readonly addresses: readonly string[]
  readonly nodesAlive: number
  readonly nodesTotal: number
  readonly jobs: number
  /** Rises with every summary of this node; a lower one is old news. */
  readonly seq: number
  /** Wall-clock ms at which the node counted; display only. */
  readonly wallMs: number
}

export const wireLimits = {
  /** The largest envelope and its frame fit; a list of link states or sequences of 4,000 nodes does too. */
  frameBytesMax: 262_144,
  /** A link state names at most 8 watched neighbours of about 40 bytes, heads and a signature. */
  linkStateBytesMax: 2_048,
  linkStatesMax: 4_096,
  linkSeqsMax: 4_096,
  linksDigestBytesMax: 64,
  envelopesMax: 1_024,
  versionBytesMax: 64,
  /** What a board says of itself: a host name, a line about its hardware. */
  cardWordsBytesMax: 256,
  /** Each about 300 bytes. */
  roomBoardsMax: 64,
  addressesMax: 32,
  /** As many as are open at a time. */
  pskDigestsMax: 3,
  /** SHA-256, hex. */
  pskDigestBytes: 64,
  pskBytes: 32,
  /** A relayed address holds two PeerIds and a DNS name. */
  addressBytesMax: 512,
} as const

const wireVersion = 1
const kinds = [
  'hello',
  'probe',
  'probe-ack',
  'link-states',
  'links-have',
  'envelopes',
  'sync',
  'summary',
  'waits',
  'room',
  'hello-card',
  'psk-want',
  'psk',
] as const

export function encodeFrame(frame: Frame): Uint8Array {
  const to = new Writer().u8(wireVersion).u8(kinds.indexOf(frame.kind === 'hello' && frame.card !== undefined ? 'hello-card' : frame.kind))
  switch (frame.kind) {
    case 'hello':
      to.text(frame.pool).text(frame.version).varint(frame.protocol[0]).varint(frame.protocol[1]).varint(frame.planVersion)
      if (frame.card !== undefined) to.bytes(frame.card.certificate).text(frame.card.name).text(frame.card.about)
      break
    case 'waits':
      to.u8(waitingReasons.indexOf(frame.reason))
      break
    case 'room':
      writeList(to.text(frame.node), frame.waiting, (board) => {
        to.text(board.node).text(board.pool).text(board.name).text(board.about).u8(waitingReasons.indexOf(board.reason))
      })
      to.varint(frame.seq)
      break
    case 'probe':
    case 'probe-ack':
      to.varint(frame.n)
      break
    case 'link-states':
      writeList(to, frame.states, (state) => to.bytes(state))
      break
    case 'links-have':
      to.text(frame.digest).u8(frame.seqs === undefined ? 0 : 1)
      if (frame.seqs !== undefined) writeList(to, frame.seqs, ([node, seq]) => to.text(node).varint(seq))
      break
    case 'envelopes':
      writeList(to, frame.envelopes, (envelope) => to.bytes(envelope))
      break
    case 'sync':
      writeSyncFrame(to.u8(frame.scope === 'fleet' ? 0 : 1), frame.frame)
      break
    case 'summary':
      writeSummary(to, frame)
      break
    case 'psk-want':
      writeList(to, frame.digests, (digest) => to.text(digest))
      break
    case 'psk':
      to.bytes(frame.key)
      break
  }
  return to.finish()
}

export function decodeFrame(bytes: Uint8Array): Result<Frame, 'E_FRAME'> {
  if (bytes.length > wireLimits.frameBytesMax) return refuse('E_FRAME', `a frame of ${bytes.length} bytes is too large`)
  return decodeWith(bytes, readFrame)
}

/** Envelopes as frames of at most `limits.syncChunkBytesMax`; a larger envelope goes alone. Order is kept. */
export function envelopeFrames(envelopes: readonly Uint8Array[]): Uint8Array[] {
  const chunks: Uint8Array[][] = []
  let room = 0
  for (const envelope of envelopes) {
    const size = envelope.length + frameHeadBytes
    if (chunks.length === 0 || size > room) {
      chunks.push([])
      room = limits.syncChunkBytesMax - frameHeadBytes
    }
    chunks.at(-1)!.push(envelope)
    room -= size
  }
  return chunks.map((chunk) => encodeFrame({ kind: 'envelopes', envelopes: chunk }))
}

/** Version, kind, a count; or the length before an envelope. */
const frameHeadBytes = 5

function readFrame(from: Reader): Frame {
  const version = from.u8()
  if (version !== wireVersion) throw new CodecError(`frame version ${version}, not ${wireVersion}`)
  const kind = kinds[from.u8()]
  switch (kind) {
    case 'hello':
      return readHello(from)
    case 'hello-card':
      return { ...readHello(from), card: readCard(from) }
    case 'waits':
      return { kind, reason: readReason(from) }
    case 'room':
      return { kind, node: readNode(from), waiting: readList(from, wireLimits.roomBoardsMax, () => readWaiting(from)), seq: from.varint() }
    case 'probe':
    case 'probe-ack':
      return { kind, n: from.varint() }
    case 'link-states':
      return { kind, states: readList(from, wireLimits.linkStatesMax, () => from.bytes(wireLimits.linkStateBytesMax).slice()) }
    case 'links-have':
      return readLinksHave(from)
    case 'envelopes':
      return { kind, envelopes: readList(from, wireLimits.envelopesMax, () => from.bytes(limits.envelopeBytesMax).slice()) }
    case 'sync':
      return { kind, scope: from.varint(1) === 0 ? 'fleet' : 'pool', frame: readSyncFrame(from) }
    case 'summary':
      return readSummary(from)
    case 'psk-want':
      return { kind, digests: readList(from, wireLimits.pskDigestsMax, () => from.text(wireLimits.pskDigestBytes)) }
    case 'psk':
      return { kind, key: readPsk(from) }
    default:
      throw new CodecError('unknown kind of frame')
  }
}

function readHello(from: Reader): Frame & { kind: 'hello' } {
  return {
    kind: 'hello',
    pool: readPool(from),
    version: from.text(wireLimits.versionBytesMax),
    protocol: [from.varint(), from.varint()],
    planVersion: from.varint(),
  }
}

function readCard(from: Reader): Card {
  return {
    certificate: from.bytes(certificateBytesMax).slice(),
    name: from.text(wireLimits.cardWordsBytesMax),
    about: from.text(wireLimits.cardWordsBytesMax),
  }
}

function readReason(from: Reader): WaitingReason {
  const reason = waitingReasons[from.u8()]
  if (reason === undefined) throw new CodecError('unknown reason to wait')
  return reason
}

function readWaiting(from: Reader): WaitingBoard {
  return {
    node: readNode(from),
    pool: readPool(from),
    name: from.text(wireLimits.cardWordsBytesMax),
    about: from.text(wireLimits.cardWordsBytesMax),
    reason: readReason(from),
  }
}

function readLinksHave(from: Reader): Frame {
  const digest = from.text(wireLimits.linksDigestBytesMax)
  if (from.varint(1) === 0) return { kind: 'links-have', digest }
  return { kind: 'links-have', digest, seqs: readList(from, wireLimits.linkSeqsMax, () => [readNode(from), from.varint()] as const) }
}

function writeSummary(to: Writer, frame: SummaryFrame): void {
  to.text(frame.pool).text(frame.node)
  writeList(to, frame.addresses, (address) => to.text(address))
  to.varint(frame.nodesAlive).varint(frame.nodesTotal).varint(frame.jobs).varint(frame.seq).varint(frame.wallMs)
}

function readSummary(from: Reader): SummaryFrame {
  return {
    kind: 'summary',
    pool: readPool(from),
    node: readNode(from),
    addresses: readList(from, wireLimits.addressesMax, () => from.text(wireLimits.addressBytesMax)),
    nodesAlive: from.varint(),
    nodesTotal: from.varint(),
    jobs: from.varint(),
    seq: from.varint(),
    wallMs: from.varint(),
  }
}

function readPsk(from: Reader): Uint8Array {
  const key = from.bytes(wireLimits.pskBytes).slice()
  if (key.length !== wireLimits.pskBytes) throw new CodecError('not a pre-shared key')
  return key
}

function readPool(from: Reader): PoolName {
  const text = from.text(63)
  if (!isName(text)) throw new CodecError('not a pool name')
  return text as PoolName
}

function readNode(from: Reader): NodeId {
  const text = from.text(52)
  if (!isPeerId(text)) throw new CodecError('not a node id')
  return text as NodeId
}

function writeList<T>(to: Writer, list: readonly T[], write: (item: T) => void): void {
  to.varint(list.length)
  for (const item of list) write(item)
}

function readList<T>(from: Reader, most: number, read: () => T): T[] {
  const count = from.varint(most)
  const list: T[] = []
  for (let i = 0; i < count; i++) list.push(read())
  return list
}

/** What kind of frame it says that it is, without reading the rest; undefined: none that is known. */
export function kindOf(frame: Uint8Array): Frame['kind'] | undefined {
  const kind = frame[0] === wireVersion ? kinds[frame[1] ?? kinds.length] : undefined
  return kind === 'hello-card' ? 'hello' : kind
}

/** A probe or its answer, by its first bytes: the two kinds of frame that need not wait for the disk. */
export function isProbe(frame: Uint8Array): boolean {
  const kind = kinds[frame[1] ?? kinds.length]
  return kind === 'probe' || kind === 'probe-ack'
}
