// What a node need not remember any more: verdicts on forms that nobody names, and everything of removed jobs.

import { type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Verdict } from '../../crdt/view.ts'
import { removeRemains } from './allocs/lifecycle.ts'
import { coreLimits } from './limits.ts'
import { type State, type Step, writeOwnSoon } from './state.ts'

/** Verdicts stay while the job names their form, or the copy here still runs it. */
export function keepVerdicts(state: State): void {
  for (const [slot, verdicts] of state.verdicts) {
    const { job, group } = slotParts(slot)
    const view = state.view.jobs.get(job)
    if (view === undefined) continue
    const running = state.allocs.get(slot)?.body.form
    const kept = verdicts.filter((verdict: Verdict) => verdict.form === view.forms.get(group) || verdict.form === running)
    if (kept.length === verdicts.length) continue
    if (kept.length === 0) state.verdicts.delete(slot)
    else state.verdicts.set(slot, kept)
    state.ownStale = true
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
  const gone = state.finished.filter((alloc) => isRemoved(alloc.slot))
  if (gone.length === 0) return
  for (const alloc of gone) removeRemains(step, alloc)
  state.finished = state.finished.filter((alloc) => !gone.includes(alloc))
}
