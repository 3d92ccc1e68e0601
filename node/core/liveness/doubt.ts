// Doubt about oneself. A board that was paused or starved sees everybody else late; the time in which it did not run must not
// count against them, and for a while afterwards it waits longer before it accuses anybody (Lifeguard's lesson: the cause of a
// wrong accusation is mostly a slow accuser).

import type { LivenessState } from './state.ts'

/** Takes note of how late a tick came. */
export function noteLag(s: LivenessState, now: number, lagMs: number): void {
  while (s.doubt.lagMs > 0 && now >= s.doubt.halvesAt) {
    s.doubt.lagMs >>= 1
    s.doubt.halvesAt += s.limits.doubtHalvesMs
  }
  if (lagMs <= s.limits.lagIgnoredMs) return
  if (lagMs >= s.doubt.lagMs) {
    s.doubt.lagMs = Math.trunc(lagMs)
    s.doubt.halvesAt = now + s.limits.doubtHalvesMs
  }
  forgive(s, now, Math.trunc(lagMs))
}

/** Moves everything that was waited for by the time in which this node was not running. */
function forgive(s: LivenessState, now: number, lagMs: number): void {
  for (const link of s.links.values()) {
    if (link.round !== null) link.round.startedAt = Math.min(now, link.round.startedAt + lagMs)
  }
  for (const member of s.members.values()) {
    if (member.status === 'alive' && member.pathAt === null) member.lostAt = Math.min(now, member.lostAt + lagMs)
  }
}

/** By how much this node's own waits are longer now. */
export function doubtMs(s: LivenessState): number {
  return Math.min(s.limits.doubtFactor * s.doubt.lagMs, s.limits.doubtMsMax)
}
