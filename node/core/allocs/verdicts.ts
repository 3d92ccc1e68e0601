// What became of a form in a slot on this board, for the plan of everybody.

import { type Form, slotParts } from '../../../crdt/ids.ts'
import { type Verdict, hasArrived, wasHealthyCode } from '../../../crdt/view.ts'
import type { State } from '../state.ts'
import type { Alloc } from './alloc.ts'

export function noteVerdict(state: State, alloc: Alloc, form: Form, verdict: Verdict['verdict'], reason: string): void {
  const list = state.verdicts.get(alloc.slot) ?? []
  const before = list.find((entry) => entry.form === form)
  const failed = verdict === 'failed'
  const next: Verdict = {
    form,
    verdict,
    reason: failed && before !== undefined && hasArrived(before) && mayGoBack(state, alloc) ? `${wasHealthyCode}: ${reason}` : reason,
    failures: (before?.failures ?? 0) + (failed ? 1 : 0),
    generation: failed ? alloc.generation : (before?.generation ?? 0),
  }
  state.verdicts.set(alloc.slot, [...list.filter((entry) => entry.form !== form), next])
}

/** Only where somebody reads it: other jobs' documents say what they always said. */
function mayGoBack({ view }: State, { slot }: Alloc): boolean {
  return view.jobs.get(slotParts(slot).job)?.versions !== undefined
}

export function wasHealthy(state: State, alloc: Alloc): boolean {
  return (state.verdicts.get(alloc.slot) ?? []).some((verdict) => verdict.form === alloc.body.form && verdict.verdict === 'healthy')
}
