// When this node first saw each failure: the reschedule delay counts from there, because no two boards' clocks agree. What counts as a
// failure is the scheduler's `history.ts`; the two must agree, or a slot would wait for ever.

import { type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Claim, Verdict } from '../../crdt/view.ts'
import type { State } from './state.ts'

/** Remembers when this node first saw each new failure, for the reschedule delay. */
export function noteFailures(state: State, now: number): void {
  const failures = new Map<SlotId, number>()
  for (const node of state.view.nodes.values()) {
    for (const [slot, verdicts] of node.verdicts) {
      const { job, group } = slotParts(slot)
      const form = state.view.jobs.get(job)?.forms.get(group)
      const count = verdicts.find((verdict) => verdict.form === form)?.failures ?? 0
      if (count > 0) failures.set(slot, (failures.get(slot) ?? 0) + count)
    }
  }
  for (const [slot, claims] of state.view.claims) {
    // A claim may fail without a verdict: its board forgot what it was to run.
    for (const claim of claims) if (claim.state === 'failed' && !isJudged(state, claim)) failures.set(slot, (failures.get(slot) ?? 0) + 1)
  }
  for (const slot of [...state.failedSince.keys()]) if (!failures.has(slot)) state.failedSince.delete(slot)
  for (const [slot, count] of failures) {
    if (state.failedSince.get(slot)?.failures !== count) state.failedSince.set(slot, { failures: count, at: now })
  }
}

function isJudged(state: State, claim: Claim): boolean {
  return isFailureJudged(state.view.nodes.get(claim.node)?.verdicts.get(claim.slot), claim)
}

/** A verdict counts the failure already. */
export function isFailureJudged(verdicts: readonly Verdict[] | undefined, claim: Claim): boolean {
  return verdicts?.some((verdict) => verdict.form === claim.form && verdict.failures > 0) === true
}
