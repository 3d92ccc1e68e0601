// Talking to peers: hellos, envelopes, link states and anti-entropy. Gossip is the fast path and may lose anything; what makes
// documents equal is the digest exchange on every connection and on a timer. Upholds invariants 16, 17 and 19.

import { answerSync, rootOf, type SyncFrame, type SyncScope } from '../../crdt/anti-entropy.ts'
import { assert } from '../../crdt/errors.ts'
import { type DocId, type NodeId, compareText, fleetDocId, nodeDocId, opsDocId } from '../../crdt/ids.ts'
import { type View, isMember } from '../../crdt/view.ts'
import { isCertified, isHeard, reasonToWait } from './admission.ts'
import { fullBucket, take } from './bucket.ts'
import { mayAsk } from './conduct/allowances.ts'
import { blameForEnvelope } from './conduct/envelopes.ts'
import { blame } from './conduct/judge.ts'
import { askRates } from './conduct/limits.ts'
import { isShunned } from './conduct/state.ts'
import { envelopeKey, receive } from './documents.ts'
import { dropEarly, earlyOf, keepEarly } from './early.ts'
import type { Effect } from './effect.ts'
import { askExchange, askFirstExchange, exchangeDue, exchangeHeard, exchangeOffered, exchangeOver, exchangeSpared } from './exchanges.ts'
import { noteTold } from './leaving.ts'
import { coreLimits, protocolVersion } from './limits.ts'
import { hearClock } from './fleet-time.ts'
import { linkSeqs, linkStatesNewerThan, linksDigest, onLinkState, onProbe, onProbeAck, peerDown, peerUp } from './liveness/liveness.ts'
import { performLiveness } from './perform-liveness.ts'
import { hearSummary, summarise } from './pools.ts'
import { askForPsks, pskCame, pskWanted } from './psk.ts'
import { nextBelow, pick } from './random.ts'
import { countRefusal } from './refusals.ts'
import { showWhatIsLeft, shownDoc } from './shown.ts'
import { type Peer, type State, type Step, isEvicted, log, note } from './state.ts'
import { answerCame, hearRoom, keepWaiting, mayAnswer, reviewPeers, roomDue, sayHello, toldToWait } from './waiting-room.ts'
import { type Frame, decodeFrame, encodeFrame, kindOf } from './wire.ts'

export function peerCame(step: Step, peer: NodeId): void {
  const { state } = step
  // Banned while it came in.
  if (isShunned(state, peer)) return void step.out.push({ kind: 'disconnect', peer, reason: 'it is banned here' })
  state.peers.set(peer, {
    pool: null,
    planVersion: 0,
    version: '',
    card: null,
    certificate: null,
    waits: 'no-certificate',
    answered: null,
    waitsThere: null,
    toldFleet: null,
    askedAt: null,
    isAskedAgain: false,
    greetings: { since: step.now, count: 0 },
    strangerFrames: fullBucket(askRates.strangerFrames, step.now),
  })
  state.hangUps.push({ peer, at: step.now + coreLimits.helloMsMax })
  sayHello(step, peer)
}

export function peerWent(step: Step, peer: NodeId): void {
  const { state } = step
  if (!state.peers.delete(peer)) return
  exchangeOver(step, peer)
  // Its next connection begins anew: it is told again, and has as long to read.
  state.hangUps = state.hangUps.filter((entry) => entry.peer !== peer)
  performLiveness(step, peerDown(state.liveness, peer, step.now))
}

export function frameCame(step: Step, from: NodeId, bytes: Uint8Array, via: 'stream' | 'gossip'): void {
  const { state } = step
  const peer = state.peers.get(from)
  if (isShunned(state, from)) return countRefusal(state, 'E_BANNED')
  if (!isHeard(state, from)) {
    if (!isEvicted(state, from) && !isAnswer(kindOf(bytes), via, peer)) return countRefusal(state, 'E_NOT_ADMITTED')
    if (peer !== undefined && !take(peer.strangerFrames, askRates.strangerFrames, step.now)) return countRefusal(state, 'E_RATE')
  }
  const decoded = (step.env.readFrame ?? decodeFrame)(bytes)
  if (!decoded.ok) {
    countRefusal(state, decoded.code)
    if (via === 'stream' && kindOf(bytes) !== undefined) blame(step, from, 'E_MALFORMED')
    return log(step, 'debug', `frame from ${from} refused: ${decoded.message}`)
  }
  const frame = decoded.value
  if ((frame.kind === 'hello' || frame.kind === 'waits') && peer !== undefined && talksTooMuch(peer, step.now))
    return void step.out.push({ kind: 'disconnect', peer: from, reason: 'it says who it is too often' })
  if (frame.kind === 'hello') return via === 'stream' && peer !== undefined ? hello(step, from, peer, frame) : undefined
  // Nothing that an evicted node says counts, and nothing that it asks is answered; its hello is, with what evicted it. What operators
  // wish about it or this node does count: on its side of a cut they may have taken it back, or evicted this one.
  if (isEvicted(state, from)) return frame.kind === 'envelopes' ? wishesFrom(step, from, frame.envelopes) : undefined
  if (frame.kind === 'waits') return via === 'stream' && peer !== undefined ? toldToWait(step, from, peer, frame.reason) : undefined
  if (!isHeard(state, from)) return frame.kind === 'envelopes' && peer !== undefined ? answerCame(step, peer, frame.envelopes) : undefined
  // Gossip may carry only what stands for itself by a signature, or is only a hint.
  if (via === 'gossip' && !gossiped.has(frame.kind)) return
  switch (frame.kind) {
    case 'probe':
      return performLiveness(step, onProbe(state.liveness, from, frame.n, step.now))
    case 'probe-ack':
      return performLiveness(step, onProbeAck(state.liveness, from, frame.n, step.now))
    case 'link-states':
      return linkStates(step, from, frame.states, via)
    case 'links-have':
      return mayAsk(step, from, 'asks') ? linksHave(step, from, frame) : undefined
    case 'envelopes':
      return envelopes(step, from, frame.envelopes, via)
    case 'sync':
      return mayAsk(step, from, 'asks') ? sync(step, from, frame.scope, frame.frame) : undefined
    case 'summary':
      hearClock(step, frame)
      return hearSummary(step, frame)
    case 'room':
      return hearRoom(step, frame)
    case 'psk-want':
      return pskWanted(step, from, frame.digests)
    case 'psk':
      if (!pskCame(step, frame.key)) countRefusal(state, 'E_PSK')
      return
  }
}

const gossiped: ReadonlySet<Frame['kind']> = new Set(['envelopes', 'link-states', 'summary', 'room'])

/** What is looked at of a board that waits here: who it is, and what may let either of the two in. Everything else stays unread. */
function isAnswer(kind: Frame['kind'] | undefined, via: 'stream' | 'gossip', peer: Peer | undefined): boolean {
  if (via === 'gossip') return false
  return kind === 'hello' || kind === 'waits' || (kind === 'envelopes' && mayAnswer(peer))
}

/** Each of these may cost a signature's check, a line for operators and two documents. */
function talksTooMuch(peer: Peer, now: number): boolean {
  if (now - peer.greetings.since >= coreLimits.greetingsWindowMs) peer.greetings = { since: now, count: 0 }
  return ++peer.greetings.count > coreLimits.greetingsMax
}

function hello(step: Step, from: NodeId, peer: Peer, frame: Frame & { kind: 'hello' }): void {
  const { state } = step
  const overlap = Math.min(frame.protocol[1], protocolVersion.max) >= Math.max(frame.protocol[0], protocolVersion.min)
  if (!overlap) {
    note(
      step,
      `${from} speaks protocol ${frame.protocol.join(' to ')}, this node ${protocolVersion.min} to ${protocolVersion.max}: hung up`,
    )
    step.out.push({ kind: 'disconnect', peer: from, reason: 'no common protocol version' })
    return
  }
  if (peer.pool === null) state.hangUps = state.hangUps.filter((entry) => entry.peer !== from)
  const isWelcome = isCertified(state) && peer.pool !== null && peer.waits === null && peer.waitsThere === null
  peer.pool = frame.pool
  peer.version = frame.version
  peer.planVersion = frame.planVersion
  peer.card = frame.card ?? null
  peer.certificate = frame.card === undefined ? null : state.engine.readCertificate(state.boot.config.fleet, frame.card.certificate)
  // Whoever listens again says hello again.
  peer.waitsThere = null
  if (isEvicted(state, from)) tellEvicted(step, from)
  else judge(step, from, peer, isWelcome)
}

/** `isWelcome`: it was before, and only shows another certificate. */
function judge(step: Step, id: NodeId, peer: Peer, isWelcome = false): void {
  const reason = reasonToWait(step.state, id, peer, step.now)
  if (reason !== null) return keepWaiting(step, id, peer, reason)
  peer.waits = null
  if (!isWelcome) welcome(step, id, peer)
}

/** After each change of the view: who has been evicted by it, and who waits or waits no more. */
export function reviewStandings(step: Step, before: View): void {
  tellNewlyEvicted(step, before)
  const { state } = step
  if (state.view.fleet === before.fleet && state.view.nodes === before.nodes) return
  if (isCertified(state) || state.shown !== null) reviewPeers(step, (id, peer) => welcome(step, id, peer))
}

function welcome(step: Step, from: NodeId, peer: Peer): void {
  const { state } = step
  const isNeighbour = peer.pool === state.boot.config.pool
  if (isNeighbour) {
    state.viewStale = true
    performLiveness(step, peerUp(state.liveness, from, step.now))
  } else send(step, from, summarise(step))
  askFirstExchange(step, from)
  askForPsks(step, [from])
}

/** Connected boards that the change of the view has evicted: each is told, and hung up on. */
function tellNewlyEvicted(step: Step, before: View): void {
  const { state } = step
  for (const [id, peer] of state.peers) {
    // One whose hello has not come is told when it comes.
    if (peer.pool !== null && isEvicted(state, id) && before.nodes.get(id)?.evicted !== true) tellEvicted(step, id)
  }
}

/** It may not have heard: it gets the two documents that say so, and then the connection ends. */
function tellEvicted(step: Step, from: NodeId): void {
  const { state } = step
  if (state.hangUps.some((entry) => entry.peer === from)) return
  const keys = [fleetDocId, opsDocId(from)].flatMap((id) => state.docs.get(id)?.envelopes.map((ref) => envelopeKey(ref.hash)) ?? [])
  step.out.push({ kind: 'send-stored', to: from, keys })
  state.hangUps.push({ peer: from, at: step.now + coreLimits.evictedHangUpMs })
}

/** About it or about this node: each may have been evicted on the other's side of a cut, and both have to learn of it. */
function wishesFrom(step: Step, evicted: NodeId, list: readonly Uint8Array[]): void {
  const own = opsDocId(step.state.boot.config.self)
  const told: string[] = []
  for (const bytes of list.slice(0, coreLimits.envelopesTakenMax)) {
    const envelope = step.state.engine.decodeEnvelope(bytes)
    if (!envelope.ok || ![fleetDocId, opsDocId(evicted), own].includes(envelope.value.doc)) continue
    const received = receive(step, bytes, false)
    if (received.ok && envelope.value.doc === own) told.push(received.value.envelope.hash)
  }
  if (told.length > 0) answerWishes(step, evicted, told)
}

/** Told what operators wish about this node, it answers with what it has beyond that: to a peer that takes nothing else from it. */
function answerWishes(step: Step, to: NodeId, told: readonly string[]): void {
  const wishes = step.state.docs.get(opsDocId(step.state.boot.config.self))
  const more = wishes?.envelopes.filter((ref) => !told.includes(ref.hash)) ?? []
  if (more.length > 0) step.out.push({ kind: 'send-stored', to, keys: more.map((ref) => envelopeKey(ref.hash)) })
}

function linkStates(step: Step, from: NodeId, states: readonly Uint8Array[], via: 'stream' | 'gossip'): void {
  const { liveness } = step.state
  const before = liveness.refused.forged
  for (const bytes of states.slice(0, coreLimits.linkStatesTakenMax))
    performLiveness(step, onLinkState(liveness, bytes, from, step.now, via))
  if (via === 'stream' && liveness.refused.forged > before) blame(step, from, 'E_LINK_STATE')
}

function linksHave(step: Step, from: NodeId, frame: Frame & { kind: 'links-have' }): void {
  const { liveness } = step.state
  if (frame.seqs === undefined) {
    if (frame.digest !== linksDigest(liveness))
      send(step, from, { kind: 'links-have', digest: linksDigest(liveness), seqs: linkSeqs(liveness) })
    return
  }
  const theirs = new Map(frame.seqs)
  const newer = linkStatesNewerThan(liveness, frame.seqs)
  if (newer.length > 0 && !mayAsk(step, from, 'sends', newer.length)) return
  for (let at = 0; at < newer.length; at += coreLimits.linkStatesSentMax) {
    send(step, from, { kind: 'link-states', states: newer.slice(at, at + coreLimits.linkStatesSentMax) })
  }
  const own = new Map(linkSeqs(liveness))
  const mayCount = (node: NodeId): boolean => {
    const known = step.state.view.nodes.get(node)
    return known !== undefined && isMember(known)
  }
  const lacking = [...theirs].some(([node, seq]) => mayCount(node) && (own.get(node) ?? -1) < seq)
  if (lacking) send(step, from, { kind: 'links-have', digest: linksDigest(liveness), seqs: [...own] })
}

function envelopes(step: Step, from: NodeId, list: readonly Uint8Array[], via: 'stream' | 'gossip'): void {
  const { state } = step
  let missing = list.length > coreLimits.envelopesTakenMax
  const told: string[] = []
  const grown = new Set<DocId>()
  const early: string[] = []
  let isOwn = false
  for (const bytes of list.slice(0, coreLimits.envelopesTakenMax)) {
    const received = receive(step, bytes, false)
    if (!received.ok) {
      missing ||= received.code === 'E_RIGHT'
      blameForEnvelope(step, { from, via, bytes, code: received.code })
      if (received.code === 'E_MISSING') early.push(keptEarly(step, bytes))
      continue
    }
    const { kind, doc, envelope } = received.value
    if (doc.id === opsDocId(state.boot.config.self)) told.push(envelope.hash)
    isOwn ||= doc.id === nodeDocId(from)
    if (kind === 'known') continue
    grown.add(doc.id)
    state.actAt = Math.min(step.now + coreLimits.aloneAfterBootMs, state.boot.now + coreLimits.catchUpMsMax)
  }
  const taken = takeEarly(step, grown)
  missing ||= early.some((hash) => !taken.has(hash))
  if (told.length > 0 && via === 'stream') answerWishes(step, from, told)
  if (isOwn && via === 'stream') showOwner(step, from)
  // A node that has just booted wants to know when it has everything.
  missing ||= !state.acting
  if (missing) askExchange(step, from)
  if (via === 'stream') exchangeHeard(step, from, null)
}

/** Returns its hash. */
function keptEarly({ state }: Step, bytes: Uint8Array): string {
  const envelope = state.engine.decodeEnvelope(bytes)
  assert(envelope.ok, 'the gate has read it')
  keepEarly(state, envelope.value)
  return envelope.value.hash
}

/**
 * Of each document what had come too early, now that something of it has come: a few envelopes at most, however long the frame was. Each that is
 * taken in may have been waited for by another. Returns the hashes of those that wait no more.
 */
function takeEarly(step: Step, docs: ReadonlySet<DocId>): ReadonlySet<string> {
  const taken = new Set<string>()
  for (const doc of docs) {
    for (let isAnyTaken = true; isAnyTaken;) {
      isAnyTaken = false
      for (const early of earlyOf(step.state, doc)) {
        const received = receive(step, early.bytes, false)
        if (!received.ok && received.code === 'E_MISSING') continue
        dropEarly(step.state, early)
        taken.add(early.hash)
        isAnyTaken ||= received.ok && received.value.kind === 'applied'
      }
    }
  }
  return taken
}

/**
 * The owner of a document has sent it, and changes are still missing that this disk has lost. It may have gone back to an older disk itself:
 * what is left here shows it. A node's document that lacks something is not compared, so the owner would never hear of it.
 */
function showOwner(step: Step, owner: NodeId): void {
  const { docs, lacking } = step.state
  const left = docs.get(nodeDocId(owner))?.envelopes.filter((ref) => !lacking.has(ref.hash)) ?? []
  if (left.length === (docs.get(nodeDocId(owner))?.envelopes.length ?? 0)) return
  step.out.push({ kind: 'send-stored', to: owner, keys: left.map((ref) => envelopeKey(ref.hash)) })
}

function sync(step: Step, from: NodeId, scope: SyncScope, frame: SyncFrame): void {
  const { state, env } = step
  const peer = state.peers.get(from)
  if (peer === undefined || (scope === 'pool' && peer.pool !== state.boot.config.pool)) return
  showWhatIsLeft(step)
  const isSame = frame.kind !== 'more' && frame.root === rootOf(env.crypto, state.index[scope])
  if (frame.kind === 'root' && isSame) exchangeSpared(step, from)
  else if (frame.kind === 'root' && !exchangeOffered(step, from)) return
  else exchangeHeard(step, from, frame)
  const answer = answerSync({ crypto: env.crypto, index: state.index[scope], scope, docOf: (id) => shownDoc(state, id), frame })
  if (answer.send.length > 0 && mayAsk(step, from, 'sends', answer.send.length))
    step.out.push({ kind: 'send-stored', to: from, keys: answer.send.map((sent) => envelopeKey(sent.hash)) })
  for (const reply of answer.replies) send(step, from, { kind: 'sync', scope, frame: reply })
  if (scope !== 'pool') return
  if (isSame) startActing(step, 'a peer has the same documents')
  noteTold(step, from, frame)
}

/** From here on the node takes new work. */
export function startActing(step: Step, why: string): void {
  if (step.state.acting) return
  step.state.acting = true
  step.state.viewStale = true
  log(step, 'info', `taking part: ${why}`)
}

/** Timed work: acting alone after boot, anti-entropy with a random neighbour, closing connections to evicted nodes. */
export function replicateDue(step: Step): void {
  const { state } = step
  if (!state.acting && step.now >= state.actAt) startActing(step, 'alone')
  hangUpDue(step)
  askDue(step)
  exchangeDue(step)
  roomDue(step)
}

function askDue(step: Step): void {
  const { state } = step
  // Any exchange with a neighbour compares link states. A board that is alone in its pool has nobody to ask.
  if (state.askLinks && [...state.peers.values()].some((peer) => peer.askedAt !== null && peer.pool === state.boot.config.pool))
    state.askLinks = false
  const asksLinks = state.askLinks && peersOf(state, true).length > 0
  if (step.now < state.syncAt && !asksLinks) return
  const isBusy = step.now - state.lastChangeAt < coreLimits.syncBusyForMs
  const interval = isBusy ? coreLimits.syncBusyMs : coreLimits.syncIdleMs
  state.syncAt = step.now + interval - nextBelow(state.random, interval >> 2)
  const foreigner = pick(state.random, peersOf(state, false))
  if (foreigner !== undefined) askExchange(step, foreigner)
  const neighbour = pick(state.random, peersOf(state, true))
  if (neighbour === undefined) return
  state.askLinks = false
  askExchange(step, neighbour)
}

function hangUpDue(step: Step): void {
  const { state } = step
  const due = state.hangUps.filter((entry) => entry.at <= step.now)
  if (due.length === 0) return
  state.hangUps = state.hangUps.filter((entry) => entry.at > step.now)
  // An eviction that was taken back at once costs nobody a connection.
  for (const { peer: id } of due) {
    const peer = state.peers.get(id)
    if (isEvicted(state, id)) step.out.push({ kind: 'disconnect', peer: id, reason: 'evicted' })
    else if (peer?.pool === null) step.out.push({ kind: 'disconnect', peer: id, reason: 'it has not said who it is' })
    else if (peer !== undefined) judge(step, id, peer)
  }
}

/** Connected nodes of the own pool, or of the others. */
function peersOf(state: State, own: boolean): NodeId[] {
  const { pool } = state.boot.config
  return [...state.peers]
    .filter(([id, peer]) => peer.pool !== null && (peer.pool === pool) === own && peer.waitsThere === null && isHeard(state, id))
    .map(([id]) => id)
    .sort(compareText)
}

function send(step: Step, to: NodeId, frame: Frame): void {
  step.out.push({ kind: 'send', to, frame: encodeFrame(frame) } satisfies Effect)
}
