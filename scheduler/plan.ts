// The plan: for every wanted slot who stands, and who should claim it if it is vacant, or why nobody does. A pure function of
// its two arguments; every loop whose order matters runs over something sorted.

import type { SlotId } from '../crdt/ids.ts'
import type { View } from '../crdt/view.ts'
import { type Ask, askOf } from './ask.ts'
import { type Boards, boardsOf } from './boards.ts'
import { replacementBudget } from './disconnect.ts'
import { type Group, groupsOf } from './group.ts'
import { verdictsBySlot } from './history.ts'
import { schedulerLimits as limits } from './limits.ts'
import { type GroupVacancies, type Placement, type Vacancy, keepCandidates, placeVacancies } from './place.ts'
import { turnsOf } from './rollout.ts'
import { type SlotCase, jobsInOrder, slotsOf } from './slots.ts'
import type { Local, Plan, SlotPlan } from './types.ts'
import { usageOf } from './usage.ts'
import { type Judge, halfOf, judge } from './vacancy.ts'
import { Wake } from './wake.ts'

export function plan(view: View, local: Local): Plan {
  const boards = boardsOf(view)
  const groups = wantedGroups(view, boards)
  const usage = usageOf(view, boards, asksOfSlots(view))
  const context: Judge = { view, local, boards, usage, verdicts: verdictsBySlot(view), wake: new Wake(local.now) }
  const slots: SlotPlan[] = []
  const open: GroupVacancies[] = []
  for (const group of groups) {
    const cases = slotsOf(group, context)
    open.push({ group, vacancies: vacanciesOf(group, cases, context) })
    for (const slot of cases) slots.push(slot.plan)
  }
  const placement: Placement = { pending: new Map(), budget: replacementBudget(view, local, slots.length), replacements: 0 }
  if (view.fleet.planVersion > limits.planVersion) refuseAll(open)
  else {
    keepCandidates(open, placement, context)
    for (const group of open) placeVacancies(group, placement, context)
  }
  return {
    slots,
    bySlot: new Map(slots.map((slot) => [slot.slot, slot])),
    pending: placement.pending,
    wakeAt: context.wake.at,
    replacements: placement.replacements,
  }
}

function wantedGroups(view: View, boards: Boards): Group[] {
  const groups: Group[] = []
  for (const job of jobsInOrder(view)) {
    if (job.desired === 'run' && job.spec !== null) groups.push(...groupsOf(view, boards, job, job.spec))
  }
  return groups
}

/** What a claim holds when it does not say so itself: what its group asks for now, also for stopped jobs and surplus slots. */
export function asksOfSlots(view: View): (slot: SlotId) => Ask | undefined {
  const asks = new Map<string, Ask>()
  for (const job of view.jobs.values()) {
    for (const group of job.spec?.groups ?? []) asks.set(`${job.id}/${group.name}`, askOf(group))
  }
  return (slot) => asks.get(slot.slice(0, slot.lastIndexOf('/')))
}

/** Judges every slot: sets reasons and updates, and returns the slots that want a candidate. */
function vacanciesOf(group: Group, cases: readonly SlotCase[], context: Judge): Vacancy[] {
  const turns = turnsOf(cases, group.form, group.group.update.maxParallel)
  const half = halfOf(group, context.boards)
  const vacancies: Vacancy[] = []
  for (const slot of cases) {
    const judgement = judge(slot, group, turns, half, context)
    if (judgement.kind === 'waits') slot.plan.reason = judgement.reason
    if (judgement.kind === 'update') slot.plan.update = true
    if (judgement.kind === 'vacant') vacancies.push({ slot, replaces: judgement.replaces, retry: judgement.retry })
  }
  return vacancies
}

/** The rules of a newer plan are not known here: keep what runs, claim nothing. */
function refuseAll(open: readonly GroupVacancies[]): void {
  for (const { vacancies } of open) for (const { slot } of vacancies) slot.plan.reason = 'plan-version-unknown'
}
