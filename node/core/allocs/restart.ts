// The restart policy of a group on this node (Nomad's `restart`): how often a task may fail here before the copy does.

import type { RestartPolicy } from '../../../crdt/spec.ts'
import { nextBelow, type Random } from '../random.ts'

/** When to start again, or null when the node gives up. `times` are earlier restarts (monotonic ms), oldest first. */
export function nextRestart(policy: RestartPolicy, times: readonly number[], now: number, random: Random): number | null {
  const recent = times.filter((time) => now - time < policy.intervalMs)
  const delay = restartDelay(policy, random)
  if (recent.length < policy.attempts) return now + delay
  if (policy.mode === 'fail') return null
  const oldest = recent[0] ?? now
  return Math.max(now + delay, oldest + policy.intervalMs)
}

/** Nomad adds up to a quarter, so that the copies of a crashed dependency do not come back in one moment. */
export function restartDelay({ delayMs }: RestartPolicy, random: Random): number {
  return delayMs + nextBelow(random, Math.trunc(delayMs / 4) + 1)
}
