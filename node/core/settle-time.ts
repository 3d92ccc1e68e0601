// How long a fresh claim waits for better ones: DESIGN 6's settle time, from the round trips of this node's own probes. An
// envelope crosses a pool of up to a few hundred nodes in about three gossip hops, so three hops of the slowest link that this
// node sees stand for the spread.

import { coreLimits } from './limits.ts'
import type { State } from './state.ts'

const gossipHops = 3

export function settleTime(state: State): number {
  let slowest = 0
  for (const peer of state.peers.values()) slowest = Math.max(slowest, peer.roundTripMs)
  const spread = (slowest / 2) * gossipHops
  return Math.trunc(Math.min(coreLimits.settleMsMax, Math.max(coreLimits.settleMsMin, 3 * spread)))
}

/** Smooths like TCP's estimator (RFC 6298: one eighth of the new sample). */
export function noteRoundTrip(state: State, peerId: string, sample: number): void {
  const peer = state.peers.get(peerId as never)
  if (peer === undefined) return
  peer.roundTripMs = peer.roundTripMs === 0 ? sample : peer.roundTripMs + (sample - peer.roundTripMs) / 8
}
