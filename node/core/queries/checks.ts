// The checks of a copy that runs on this board, with what they said last.

import type { CheckRow } from '../../../crdt/api-jobs.ts'
import { compareText, slotParts } from '../../../crdt/ids.ts'
import type { Claim } from '../../../crdt/view.ts'
import { editionOf } from '../../../scheduler/canaries.ts'
import type { State, Step } from '../state.ts'

export function checkRows({ state, now }: Step, claim: Claim): CheckRow[] {
  const alloc = state.allocs.get(claim.slot)
  if (alloc?.alloc !== claim.alloc) return []
  const rows = [...alloc.checks.runs.values()].map((run) => ({
    name: run.name,
    type: run.spec.type,
    state: run.state,
    output: run.output,
    ageMs: run.answeredAt === null ? null : now - run.answeredAt,
  }))
  return rows.sort((a, b) => compareText(a.name, b.name))
}

/** How many the job in force asks for: whether it is worth while to ask the copy's board. */
export function checkCount({ view }: State, { slot, form }: Claim): number {
  const { job, group } = slotParts(slot)
  const tasks = editionOf(view.jobs.get(job), group, form)?.group.tasks ?? []
  return tasks.reduce((sum, { checks = [] }) => sum + checks.length, 0)
}
