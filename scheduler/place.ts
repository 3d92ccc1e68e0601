// Finds candidates for vacant slots: first those that are already waited for keep their place, in order; then the others are
// placed, in order, each on the node that scores best by then.

import { hashText } from './rendezvous.ts'
import { schedulerLimits as limits } from './limits.ts'
import { fixedRejection, holdsSlot, roomRejection } from './feasibility.ts'
import { type Group, addCopy } from './group.ts'
import { type Overdue, isOverdue, recall, remember } from './pending.ts'
import { searchFor } from './search.ts'
import type { SlotCase } from './slots.ts'
import type { Pending } from './types.ts'
import type { SlotId } from '../crdt/ids.ts'
import type { Claim } from '../crdt/view.ts'
import { holdAsk, holdGrowth } from './usage.ts'
import type { Judge } from './vacancy.ts'

export interface Vacancy {
  readonly slot: SlotCase
  readonly replaces: boolean
  readonly retry: Claim | null
}

/** The vacant slots of one group, in order of index. */
export interface GroupVacancies {
  readonly group: Group
  readonly vacancies: readonly Vacancy[]
}

export interface Placement {
  readonly pending: Map<SlotId, Pending>
  /** Replacements that may still begin; counted down. */
  budget: number
  replacements: number
}

export function keepCandidates(groups: readonly GroupVacancies[], placement: Placement, context: Judge): void {
  const { boards, local, usage } = context
  if (local.pending.size === 0) return
  for (const { group, vacancies } of groups) {
    for (const { slot } of vacancies) {
      const previous = local.pending.get(slot.plan.slot)
      const { keep, overdue } = recall(previous, local.now)
      const index = keep === null ? -1 : (boards.indexOf.get(keep) ?? -1)
      if (keep === null || index < 0 || holdsSlot(slot.claims, keep)) continue
      if (fixedRejection(group, boards, index) !== null || roomRejection(group, boards, usage, index) !== null) continue
      holdAsk(usage, boards, index, group.ask)
      addCopy(group, index)
      settle(slot, index, overdue, placement, context)
    }
  }
}

export function placeVacancies({ group, vacancies }: GroupVacancies, placement: Placement, context: Judge): void {
  const open = vacancies.filter(({ slot }) => slot.plan.candidate === null)
  if (open.length === 0) return
  const { boards, local, usage } = context
  const search = searchFor(group, boards, usage)
  for (const { slot, replaces, retry } of open) {
    const previous = local.pending.get(slot.plan.slot)
    const begins = replaces && previous === undefined
    if (begins && placement.budget <= 0) {
      slot.plan.reason = 'paced'
      context.wake.by(local.now + limits.pacedRetryMs)
      continue
    }
    const { overdue } = recall(previous, local.now)
    const { claims, history } = slot
    const index = search.best({ slotHash: hashText(slot.plan.slot), claims, history, overdue, now: local.now })
    if (index < 0) {
      fallBack(slot, group, retry, context)
      continue
    }
    search.place(index)
    settle(slot, index, overdue, placement, context)
    if (!begins) continue
    placement.budget--
    placement.replacements++
  }
}

/** Nowhere to go: a holder whose update failed tries it again where it is; anything else says so. */
function fallBack(slot: SlotCase, group: Group, retry: Claim | null, context: Judge): void {
  if (retry === null) {
    slot.plan.reason = 'no-node-feasible'
    return
  }
  slot.plan.update = true
  holdGrowth(context.usage, context.boards, context.boards.indexOf.get(retry.node) ?? -1, retry, group.ask)
}

function settle(slot: SlotCase, index: number, overdue: Overdue, placement: Placement, context: Judge): void {
  const candidate = context.boards.ids[index]
  if (candidate === undefined) return
  const { local, wake } = context
  slot.plan.candidate = candidate
  slot.plan.reason = null
  const pending = remember(local.pending.get(slot.plan.slot), candidate, overdue, local.now)
  placement.pending.set(slot.plan.slot, pending)
  wake.by(pending.since + limits.pendingMs)
  for (const [node, entry] of overdue) if (isOverdue(overdue, node, local.now)) wake.by(entry.until)
}
