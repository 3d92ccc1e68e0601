// Connections that ended because probes were not answered: what `shoal doctor` shows. In memory, bounded, and nothing else asks for it.
// A probe of the other end that comes while the own ones wait tells in which direction a line is broken.

import type { NodeId } from '../../../crdt/ids.ts'
import type { Link, LivenessState } from './state.ts'

export interface Fall {
  /** Within the window, the newest last. */
  readonly times: number[]
  /** Probes that came while the own ones were not answered, the last time. */
  unheard: number
  /** The two are connected again, or the peer was away for everybody and is back. */
  isOver: boolean
}

/** One probe may have been on its way when the line broke, and one more at the same moment as the own one. */
export const unheardMin = 2
const fallsMax = 64
/** A link that flaps every ten seconds has as many within an hour; how often does not matter beyond. */
const timesMax = 32

/** The connection is given up, or ends while its probes wait. */
export function noteFall(s: LivenessState, { peer, round, named, proofAt }: Link): void {
  // Where the other end gave up first, its probes say so: they came, and it had not heard this end's.
  if (round === null || (!round.fell && (named !== null || proofAt === null || round.unheard < unheardMin))) return
  const before = s.falls.get(peer)
  s.falls.delete(peer)
  const times = [...recent(s, before?.times ?? []), s.now].slice(-timesMax)
  s.falls.set(peer, { times, unheard: round.unheard, isOver: false })
  const [oldest] = s.falls.keys()
  if (s.falls.size > fallsMax && oldest !== undefined) s.falls.delete(oldest)
}

export function fallOver(s: LivenessState, peer: NodeId): void {
  const fall = s.falls.get(peer)
  if (fall !== undefined) fall.isOver = true
}

export function recent(s: LivenessState, times: readonly number[]): readonly number[] {
  return times.filter((at) => s.now - at <= s.limits.returnWindowMs)
}
