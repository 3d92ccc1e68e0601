// What a node need not remember any more: verdicts on forms that nobody names, and everything of removed jobs.

import { type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Claim, Verdict } from '../../crdt/view.ts'
import { isRunForgotten } from '../../scheduler/periodic.ts'
import { removeRemains } from './allocs/finished.ts'
import { isAlone } from './alone.ts'
import { isFailureJudged } from './failures.ts'
import { coreLimits } from './limits.ts'
import { type State, type Step, writeOwnSoon } from './state.ts'

/** Verdicts stay while the job, or a version that it may go back to, names their form, or the copy here still runs it. */
export function keepVerdicts(state: State): void {
  for (const [slot, verdicts] of state.verdicts) {
    const { job, group } = slotParts(slot)
    const view = state.view.jobs.get(job)
    if (view === undefined) continue
    const running = state.allocs.get(slot)?.body.form
    const named = new Set([view, ...(view.versions ?? [])].map(({ forms }) => forms.get(group)))
    const kept = verdicts.filter(({ form }: Verdict) => named.has(form) || form === running)
    if (kept.length === verdicts.length) continue
    if (kept.length === 0) state.verdicts.delete(slot)
    else state.verdicts.set(slot, kept)
    state.ownStale = true
  }
}

/**
 * An ended claim is kept for its generation and its marks. A later claim of the slot on another board that has both makes it history:
 * of that only so much is told as people look at.
 */
export function forgetReplaced(step: Step): void {
  const { state } = step
  if (state.ended.size <= coreLimits.replacedClaimsMax) return
  const replaced = [...state.ended.values()].filter((claim) => isReplaced(state, claim))
  for (const claim of replaced.slice(0, Math.max(0, replaced.length - coreLimits.replacedClaimsMax))) {
    state.ended.delete(claim.slot)
    writeOwnSoon(step, coreLimits.ownProgressDelayMs)
  }
}

export function isReplaced(state: State, claim: Claim): boolean {
  // These say more than that they ended: not to claim again while alone, and a failure that no verdict tells of.
  if (claim.reason.startsWith('alone:') && isAlone(state)) return false
  if (claim.state === 'failed' && !isFailureJudged(state.verdicts.get(claim.slot), claim)) return false
  return !isDoneInForce(state, claim) && isCovered(state, claim)
}

/** Whatever was claimed after it: that it is done is all that keeps the work from being done again. */
function isDoneInForce({ view }: State, { slot, state, form }: Claim): boolean {
  const { job, group } = slotParts(slot)
  const known = view.jobs.get(job)
  return state === 'complete' && (known === undefined || known.forms.get(group) === form)
}

/** A later claim of the slot on another board has its generation and its marks, too. */
function isCovered(state: State, claim: Claim): boolean {
  const highest = Math.max(claim.generation + 1, ...claim.over.values())
  return (state.view.claims.get(claim.slot) ?? []).some(
    (other) =>
      other.node !== claim.node &&
      other.generation >= highest &&
      [...claim.lost].every(([node, generation]) => (other.lost.get(node) ?? 0) >= generation),
  )
}

/** What became of runs that can begin on no side of a split any more. */
export function forgetRuns(step: Step): void {
  const { state } = step
  for (const claim of [...state.ended.values()]) {
    if (!isRunForgotten(state.view, state.time.runBasis, claim)) continue
    state.ended.delete(claim.slot)
    writeOwnSoon(step, coreLimits.ownProgressDelayMs)
  }
}

/** A removed job's claims are in no document any more: nobody can ask for its logs, and its generations begin anew. */
export function forgetRemoved(step: Step): void {
  const { state } = step
  const isRemoved = (slot: SlotId): boolean => state.view.jobs.get(slotParts(slot).job)?.desired === 'removed'
  for (const remembered of [state.ended, state.verdicts]) {
    for (const slot of [...remembered.keys()]) {
      if (!isRemoved(slot)) continue
      remembered.delete(slot)
      writeOwnSoon(step, coreLimits.ownProgressDelayMs)
    }
  }
  for (const remains of state.finished) if (isRemoved(remains.slot)) removeRemains(step, remains)
}
