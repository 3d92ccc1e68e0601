// With whom anti-entropy is begun, and when. Whatever wants an exchange (a new connection, a refused envelope, tables that differ, a
// timer) only asks for it; one is begun at a time, and link states are compared along with it. A board that joins a pool would
// otherwise get the same documents from each of its new neighbours at once. Upholds invariants 16 and 19.

import { type SyncFrame, openSync } from '../../crdt/anti-entropy.ts'
import { type NodeId, compareText } from '../../crdt/ids.ts'
import { coreLimits } from './limits.ts'
import { linksDigest } from './liveness/liveness.ts'
import { isHeard } from './admission.ts'
import { showWhatIsLeft } from './shown.ts'
import type { Peer, State, Step } from './state.ts'
import { encodeFrame } from './wire.ts'

/** The exchange that this node is in, or was last. */
export interface Exchange {
  readonly peer: NodeId | null
  readonly begunAt: number
  /** The peer has begun it, or has answered. */
  readonly isMutual: boolean
  /** Until when its answers are waited for before another is begun. */
  readonly until: number
}

const never = Number.MAX_SAFE_INTEGER

export function askExchange(step: Step, id: NodeId, inMs = 0): void {
  const peer = step.state.peers.get(id)
  if (peer === undefined || peer.pool === null) return
  peer.askedAt = Math.min(peer.askedAt ?? never, step.now + inMs)
}

/** An exchange serves both ends, so one of them begins it; the other only when that fails to happen. */
export function askFirstExchange(step: Step, id: NodeId): void {
  askExchange(step, id, compareText(step.state.boot.config.self, id) < 0 ? 0 : coreLimits.exchangeOtherEndMs)
}

/** When `exchangeDue` next has something to do. */
export function exchangeDeadline(state: State): number {
  let askedAt = never
  for (const peer of state.peers.values()) if (peer.askedAt !== null) askedAt = Math.min(askedAt, peer.askedAt)
  const { begunAt, until } = state.exchange
  return askedAt === never ? never : Math.max(askedAt, until, begunAt + coreLimits.exchangeGapMs)
}

export function exchangeDue(step: Step): void {
  const { state } = step
  if (step.now < exchangeDeadline(state)) return
  const next = longestAsked(state)
  if (next === undefined) return
  const [id, peer] = next
  // Once more if no answer comes: it may be catching up with another.
  peer.isAskedAgain = !peer.isAskedAgain
  peer.askedAt = peer.isAskedAgain ? step.now + coreLimits.exchangeAgainMs : null
  if (peer.waitsThere === null && isHeard(state, id)) begin(step, id, peer)
}

/**
 * A peer wants to begin an exchange, and the documents differ: whether it is answered. While this node catches up with another, the
 * peer waits; afterwards they hardly differ. An exchange that has not been answered yet is no reason to wait: in a ring of boards that
 * ask one another, nobody would ever answer.
 */
export function exchangeOffered(step: Step, from: NodeId): boolean {
  const { state } = step
  const { peer, isMutual, until } = state.exchange
  if (!state.acting && peer !== null && peer !== from && isMutual && step.now < until) {
    askExchange(step, from)
    return false
  }
  exchangeSpared(step, from)
  state.exchange = { peer: from, begunAt: step.now, isMutual: true, until: step.now + coreLimits.exchangeAnswerMs }
  return true
}

/** The peer's part of an exchange has come: a frame of it, or (null) documents. */
export function exchangeHeard(step: Step, from: NodeId, frame: SyncFrame | null): void {
  const { state } = step
  if (state.exchange.peer !== from) return
  const peer = state.peers.get(from)
  if (peer?.isAskedAgain === true) exchangeSpared(step, from)
  const waitMs = frame === null ? coreLimits.exchangeQuietMs : frame.kind === 'same' ? 0 : coreLimits.exchangeAnswerMs
  state.exchange = { ...state.exchange, isMutual: true, until: step.now + waitMs }
}

/** There is nothing left to ask the peer for. */
export function exchangeSpared(step: Step, from: NodeId): void {
  const peer = step.state.peers.get(from)
  if (peer === undefined) return
  peer.askedAt = null
  peer.isAskedAgain = false
}

export function exchangeOver(step: Step, gone: NodeId): void {
  if (step.state.exchange.peer === gone) step.state.exchange = { ...step.state.exchange, peer: null, until: step.now }
}

function begin(step: Step, id: NodeId, peer: Peer): void {
  const { state, env } = step
  showWhatIsLeft(step)
  state.exchange = { peer: id, begunAt: step.now, isMutual: false, until: step.now + coreLimits.exchangeAnswerMs }
  const isNeighbour = peer.pool === state.boot.config.pool
  const scope = isNeighbour ? 'pool' : 'fleet'
  const frame = openSync(env.crypto, state.index[scope], scope)
  step.out.push({ kind: 'send', to: id, frame: encodeFrame({ kind: 'sync', scope, frame }) })
  if (!isNeighbour) return
  step.out.push({ kind: 'send', to: id, frame: encodeFrame({ kind: 'links-have', digest: linksDigest(state.liveness) }) })
}

function longestAsked(state: State): readonly [NodeId, Peer] | undefined {
  let first: readonly [NodeId, Peer] | undefined
  for (const entry of state.peers) {
    if (entry[1].askedAt === null) continue
    const order = (entry[1].askedAt ?? never) - (first?.[1].askedAt ?? never)
    if (first === undefined || order < 0 || (order === 0 && compareText(entry[0], first[0]) < 0)) first = entry
  }
  return first
}
