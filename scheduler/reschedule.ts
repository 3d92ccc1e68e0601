// After a claim failed: whether and when the slot is tried again elsewhere. The wait follows from the number of failures at
// the form, which every node reads from the view; only the moment of the newest failure is a node's own memory.

import type { Form } from '../crdt/ids.ts'
import { type GroupSpec, type ReschedulePolicy, progressDeadlineMs } from '../crdt/spec.ts'
import type { Claim } from '../crdt/view.ts'
import type { History } from './history.ts'
import { schedulerLimits as limits } from './limits.ts'

/** Whether the newest try at the form failed: nothing newer stands at it, and nothing at that generation does again. */
export function newestFailed(form: Form, claims: readonly Claim[], live: readonly Claim[], history: History): boolean {
  if (history.newestFailure === 0) return false
  if (claims.some((claim) => claim.form === form && claim.generation > history.newestFailure)) return false
  return !live.some((claim) => claim.form === form && claim.generation >= history.newestFailure)
}

/** Delay after the n-th failure (n >= 1), ms. */
export function rescheduleDelay(policy: ReschedulePolicy, failures: number): number {
  switch (policy.delayFunction) {
    case 'constant':
      return policy.delayMs
    case 'exponential':
      return grow(policy, failures, (delay) => delay * 2)
    case 'fibonacci':
      return grow(policy, failures, (delay, before) => delay + before)
  }
}

/** From the first delay on, step by step until the cap: short whatever the number of failures. */
function grow(policy: ReschedulePolicy, failures: number, step: (delay: number, before: number) => number): number {
  let before = 0
  let delay = policy.delayMs
  for (let n = 1; n < failures && delay > 0 && delay < policy.maxDelayMs; n++) [before, delay] = [delay, step(delay, before)]
  return Math.min(delay, policy.maxDelayMs)
}

/** When the next try may begin, given when the newest failure was seen; null: not before a change of the view. */
export function retryAt(policy: ReschedulePolicy, failures: number, failedSince: number): number | null {
  if (policy.unlimited) return failedSince + rescheduleDelay(policy, failures)
  if (failures <= policy.attempts) return failedSince + rescheduleDelay(policy, failures)
  // The interval slides over failures; only the newest one's time is known. Once that is out of it, all are.
  return policy.attempts === 0 ? null : failedSince + policy.intervalMs
}

/**
 * How many failed tries give a new form up in a slot: as many as begin within `progress_deadline` of the first failure, were each to fail
 * at once. Counted in tries and not in time, because no two boards' clocks agree, and a plan must not depend on them.
 */
export function triesOf({ reschedule, update }: Pick<GroupSpec, 'reschedule' | 'update'>): number {
  const deadlineMs = update.progressDeadlineMs ?? progressDeadlineMs
  const most = reschedule.unlimited ? limits.goBackTriesMax : Math.min(reschedule.attempts + 1, limits.goBackTriesMax)
  let tries = 1
  for (let waited = rescheduleDelay(reschedule, 1); waited <= deadlineMs && tries < most; waited += rescheduleDelay(reschedule, tries))
    tries++
  return tries
}
