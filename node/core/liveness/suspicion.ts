// How long to wait before a silence means something: for one edge, and for a node that no path leads to any more. All of it
// follows from what this node measured itself; nothing is negotiated.

import { doubtMs } from './doubt.ts'
import type { Link, LivenessState } from './state.ts'

/** How long a round of probes may stay without an echo before its edge falls. */
export function giveUpMs(s: LivenessState, link: Link): number {
  const { giveUpMsMin, giveUpMsMax, giveUpDoubtedMs, latenessFactor } = s.limits
  const doubt = doubtMs(s)
  const isDoubted = link.round?.doubted === true && doubt === 0
  const factor = isDoubted ? latenessFactor >> 1 : latenessFactor
  const usual = link.echo === null ? 0 : link.echo.mean + factor * link.echo.lateness
  return Math.max(isDoubted ? giveUpDoubtedMs : giveUpMsMin, Math.min(usual, giveUpMsMax)) + doubt
}

export function hangUpAfterMs(s: LivenessState, link: Link): number {
  return Math.max(s.limits.hangUpMs, 2 * giveUpMs(s, link)) + doubtMs(s)
}

/** What the spread of a link state through the pool takes: hops times half an echo and a little work. */
export function spreadMs(s: LivenessState): number {
  const echoes: number[] = []
  for (const link of s.links.values()) if (link.named !== null && link.echo !== null) echoes.push(link.echo.mean)
  echoes.sort((a, b) => a - b)
  const middle = echoes[echoes.length >> 1] ?? 0
  let hops = 2
  for (let covered = 1; covered < s.members.size; covered *= 4) hops++
  const spread = hops * (Math.ceil(middle / 2) + s.limits.spreadHopMs)
  return Math.min(Math.max(spread, s.limits.spreadMsMin), s.limits.spreadMsMax)
}

/** How long a node may be without a path before it counts as disconnected. */
export function suspicionMs(s: LivenessState): number {
  return s.limits.suspicionMs + spreadMs(s) + doubtMs(s)
}
