// Boards that are not admitted, at both ends: who waits here is told why and given the two documents that may change that, and nothing
// else that it sends is read; whoever is told to wait goes on asking. Each change of the documents is a new look at everybody, so a board
// that is admitted joins on the connection that it has. `node pending` is answered from what boards tell one another of their rooms.

import { type DocId, type NodeId, compareText, fleetDocId, opsDocId } from '../../crdt/ids.ts'
import type { WaitingReason } from '../../crdt/view.ts'
import { isCertified, reasonToWait, shownCertificate, waitingPeers } from './admission.ts'
import { envelopeKey, receive } from './documents.ts'
import { exchangeOver } from './exchanges.ts'
import { coreLimits, protocolVersion } from './limits.ts'
import { peerDown } from './liveness/liveness.ts'
import { performLiveness } from './perform-liveness.ts'
import { cutToBytes } from '../../crdt/documents/text-size.ts'
import { type Peer, type State, type Step, note } from './state.ts'
import { type Frame, type RoomFrame, type WaitingBoard, encodeFrame, wireLimits } from './wire.ts'

/** First on every connection, and again when what this node shows, or whether it listens to the peer, is another than before. */
export function sayHello(step: Step, to: NodeId): void {
  const { state } = step
  const { config } = state.boot
  const hello: Frame = {
    kind: 'hello',
    pool: config.pool,
    version: config.version,
    protocol: [protocolVersion.min, protocolVersion.max],
    planVersion: state.planVersion,
  }
  send(step, to, isCertified(state) ? { ...hello, card: cardOf(state) } : hello)
}

function cardOf(state: State): NonNullable<(Frame & { kind: 'hello' })['card']> {
  const { config, host } = state.boot
  const { 'cpu.arch': machine = '', 'os.name': system = '', 'os.version': version = '' } = host.attributes
  const about = [machine, `${host.cpuMhz} MHz`, `${host.memoryMib} MiB`, `${system} ${version}`.trim()].filter((part) => part !== '')
  return {
    certificate: shownCertificate(state) ?? new Uint8Array(0),
    name: cutToBytes(config.name, wireLimits.cardWordsBytesMax),
    about: cutToBytes(about.join(', '), wireLimits.cardWordsBytesMax),
  }
}

/** It is told why, and given what may let it in; a connection to it stays, for there may be an operator on the other end. */
export function keepWaiting(step: Step, id: NodeId, peer: Peer, reason: WaitingReason): void {
  const { state } = step
  const documents = answerDigest(state, id)
  if (peer.waits === reason && peer.answered === documents) return
  if (peer.answered === null) makeRoom(step, id)
  if (peer.waits !== reason || peer.answered === null) {
    note(step, `${nameOf(id, peer)} waits: ${reason}`)
    tellRoomSoon(state, step.now)
  }
  if (peer.waits === null) leaveOut(step, id)
  peer.waits = reason
  peer.answered = documents
  send(step, id, { kind: 'waits', reason })
  sendDocuments(step, id, [fleetDocId, opsDocId(id)])
}

/** Whoever has waited longest here goes; it dials again, here or elsewhere. So nobody who waits keeps others from being heard. */
function makeRoom(step: Step, newcomer: NodeId): void {
  const waiting = waitingPeers(step.state).filter(([id]) => id !== newcomer)
  const [longest] = waiting
  if (longest === undefined || waiting.length < coreLimits.waitingPeersMax) return
  step.out.push({ kind: 'disconnect', peer: longest[0], reason: 'too many boards wait here' })
}

/** At once if nothing was told lately: whoever comes and goes all the time is told of no more often. */
function tellRoomSoon(state: State, now: number): void {
  state.roomAt = Math.min(state.roomAt, Math.max(now, state.roomToldAt + coreLimits.roomGapMs))
}

/** Nothing is asked of it any more. */
function leaveOut(step: Step, id: NodeId): void {
  exchangeOver(step, id)
  performLiveness(step, peerDown(step.state.liveness, id, step.now))
}

function answerDigest(state: State, id: NodeId): string {
  return [fleetDocId, opsDocId(id)].map((doc) => state.docs.get(doc)?.digest ?? '').join(' ')
}

function sendDocuments(step: Step, to: NodeId, ids: readonly DocId[]): void {
  const keys = ids.flatMap((id) => step.state.docs.get(id)?.envelopes.map((ref) => envelopeKey(ref.hash)) ?? [])
  if (keys.length > 0) step.out.push({ kind: 'send-stored', to, keys })
}

/** The peer does not listen to this node, whatever this node thinks of it. */
export function toldToWait(step: Step, from: NodeId, peer: Peer, reason: WaitingReason): void {
  const { state } = step
  if (peer.waitsThere !== reason) note(step, `${nameOf(from, peer)} does not admit this board: ${reason}`)
  if (peer.waitsThere === null && peer.waits === null) leaveOut(step, from)
  peer.waitsThere = reason
  peer.askedAt = null
  // It may be the one who has not heard of the token yet: an admin signed that, so it may be told by anybody.
  const known = state.docs.get(fleetDocId)?.digest ?? ''
  if (reason !== 'token-unknown' || peer.toldFleet === known) return
  peer.toldFleet = known
  sendDocuments(step, from, [fleetDocId])
}

/**
 * Whether documents of a board that is not heard are looked at: what it answers to one that waits there, and the fleet document of one
 * that shows a token of which only it may have heard. Admins have signed these, or the gate refuses them by the envelope's head.
 */
export function mayAnswer(peer: Peer | undefined): peer is Peer {
  return peer !== undefined && (peer.waitsThere !== null || peer.waits === 'token-unknown')
}

export function answerCame(step: Step, peer: Peer, list: readonly Uint8Array[]): void {
  const { state } = step
  const wanted: readonly DocId[] = peer.waitsThere === null ? [fleetDocId] : [fleetDocId, opsDocId(state.boot.config.self)]
  for (const bytes of list.slice(0, coreLimits.envelopesTakenMax)) {
    const envelope = state.engine.decodeEnvelope(bytes)
    if (envelope.ok && wanted.includes(envelope.value.doc)) receive(step, bytes, false)
  }
}

/** The documents say something else than before: everybody who is connected is looked at again. `welcome`: as after its first hello. */
export function reviewPeers(step: Step, welcome: (id: NodeId, peer: Peer) => void): void {
  const { state } = step
  const shown = isCertified(state) ? (shownCertificate(state) ?? new Uint8Array(0)) : null
  const isOther = !isSameBytes(shown, state.shown)
  state.shown = shown
  for (const [id, peer] of state.peers) {
    // Before its hello there is nobody to judge; it was told what this node shows when it came.
    if (isOther) sayHello(step, id)
    if (peer.pool === null || state.view.nodes.get(id)?.evicted === true) continue
    const reason = reasonToWait(state, id, peer, step.now)
    if (reason !== null) keepWaiting(step, id, peer, reason)
    else if (peer.waits !== null) admit(step, id, peer, welcome)
  }
}

function admit(step: Step, id: NodeId, peer: Peer, welcome: (id: NodeId, peer: Peer) => void): void {
  peer.waits = null
  peer.answered = null
  tellRoomSoon(step.state, step.now)
  note(step, `${nameOf(id, peer)} is admitted`)
  // What lets it in goes before: it may think itself that it waits.
  sendDocuments(step, id, [fleetDocId, opsDocId(id)])
  sayHello(step, id)
  welcome(id, peer)
}

/** Tells the fleet who waits here; once more when nobody does any more. */
export function roomDue(step: Step): void {
  const { state } = step
  if (step.now < state.roomAt) return
  const waiting = waitingHere(state)
  state.roomToldAt = step.now
  state.roomAt = waiting.length === 0 ? Number.MAX_SAFE_INTEGER : step.now + coreLimits.roomEveryMs
  const room: RoomFrame = { kind: 'room', node: state.boot.config.self, waiting, seq: Math.trunc(step.now + state.wallOffset) }
  step.out.push({ kind: 'broadcast', topic: 'fleet', frame: encodeFrame(room) })
}

export function waitingHere(state: State): readonly WaitingBoard[] {
  return waitingPeers(state)
    .map(([node, { pool, card, waits }]) => ({ node, pool: pool!, name: card?.name ?? '', about: card?.about ?? '', reason: waits! }))
    .sort((a, b) => compareText(a.node, b.node))
    .slice(0, wireLimits.roomBoardsMax)
}

export function hearRoom(step: Step, { node, waiting, seq }: RoomFrame): void {
  const { rooms, boot } = step.state
  const before = rooms.get(node)
  // Unless its clock was set back.
  if (before !== undefined && before.seq >= seq && step.now - before.heardAt < coreLimits.roomKeptMs) return
  rooms.delete(node)
  if (waiting.length === 0 || node === boot.config.self) return
  rooms.set(node, { waiting, heardAt: step.now, seq })
  if (rooms.size <= coreLimits.roomsMax) return
  const oldest = rooms.keys().next()
  if (!oldest.done) rooms.delete(oldest.value)
}

function nameOf(id: NodeId, { card }: Peer): string {
  return card === null || card.name === '' ? id : `${card.name} (${id})`
}

function isSameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === b || (a !== null && b !== null && a.length === b.length && a.every((byte, index) => b[index] === byte))
}

function send(step: Step, to: NodeId, frame: Frame): void {
  step.out.push({ kind: 'send', to, frame: encodeFrame(frame) })
}
