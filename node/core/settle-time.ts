// How long a fresh claim waits for better ones: DESIGN 6's settle time, from the round trips of this node's own probes. An
// envelope crosses a pool of up to a few hundred nodes in about three gossip hops, so three hops of the slowest link that this
// node sees stand for the spread.

import { coreLimits } from './limits.ts'
import { echoMs } from './liveness/liveness.ts'
import type { State } from './state.ts'

const gossipHops = 3

export function settleTime(state: State): number {
  let slowest = 0
  for (const peer of state.peers.keys()) slowest = Math.max(slowest, echoMs(state.liveness, peer) ?? 0)
  const spread = (slowest / 2) * gossipHops
  return Math.trunc(Math.min(coreLimits.settleMsMax, Math.max(coreLimits.settleMsMin, 3 * spread)))
}
