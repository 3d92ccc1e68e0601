// What became of a form in a slot on this board, for the plan of everybody.

import type { Form } from '../../../crdt/ids.ts'
import type { Verdict } from '../../../crdt/view.ts'
import type { State } from '../state.ts'
import type { Alloc } from './alloc.ts'

export function noteVerdict(state: State, alloc: Alloc, form: Form, verdict: Verdict['verdict'], reason: string): void {
  const list = state.verdicts.get(alloc.slot) ?? []
  const before = list.find((entry) => entry.form === form)
  const failed = verdict === 'failed'
  const next: Verdict = {
    form,
    verdict,
    reason,
    failures: (before?.failures ?? 0) + (failed ? 1 : 0),
    generation: failed ? alloc.generation : (before?.generation ?? 0),
  }
  state.verdicts.set(alloc.slot, [...list.filter((entry) => entry.form !== form), next])
}

export function wasHealthy(state: State, alloc: Alloc): boolean {
  return (state.verdicts.get(alloc.slot) ?? []).some((verdict) => verdict.form === alloc.body.form && verdict.verdict === 'healthy')
}
