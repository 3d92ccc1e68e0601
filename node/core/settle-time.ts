// How long a fresh claim waits for better ones: DESIGN 6's settle time, three times the spread of an envelope. The spread is taken
// from the round trips of this node's own probes: an envelope crosses a pool of up to a few hundred nodes in about three gossip
// hops. A few slow neighbours do not count, because others pass on what they are late with.

import { coreLimits } from './limits.ts'
import { roundTripsMs } from './liveness/liveness.ts'
import type { State } from './state.ts'

const gossipHops = 3

export function settleTime(state: State): number {
  const roundTrips = roundTripsMs(state.liveness)
  const usual = roundTrips[(3 * roundTrips.length) >> 2] ?? 0
  const spread = (usual / 2) * gossipHops
  return Math.trunc(Math.min(coreLimits.settleMsMax, Math.max(coreLimits.settleMsMin, 3 * spread)))
}
