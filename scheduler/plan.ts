// The plan: for every wanted slot who stands, and who should claim it if it is vacant, or why nobody does. A pure function of the
// view and of what is local; every loop whose order matters runs over something sorted. An earlier plan may be handed in: work
// whose inputs are the same as then is taken from it, and the answer is the same as without.

import type { JobId } from '../crdt/ids.ts'
import type { JobView, View } from '../crdt/view.ts'
import { type Start, basisOf, canStartFrom, startAnew, startFrom, touchedOf } from './basis.ts'
import { replacementBudget } from './disconnect.ts'
import { groupsOf, rulesOf } from './group.ts'
import { type Holdings, holdingsOf, usageOf } from './holdings.ts'
import { type Judged, judgeGroup, stillStands } from './judged.ts'
import { schedulerLimits as limits } from './limits.ts'
import { type GroupVacancies, type Placement, keepCandidates, placeVacancies } from './place.ts'
import { SlotTable } from './slot-table.ts'
import type { Local, Plan, SlotPlan } from './types.ts'
import type { Usage } from './usage.ts'
import { Wake } from './wake.ts'

export function plan(view: View, local: Local, before: Plan | null = null): Plan {
  const known = before !== null && canStartFrom(before.basis, view, local) ? before : null
  const start = known === null ? startAnew(view, local) : startFrom(known.basis, view, local)
  const held = holding(start)
  const judged = judgeAll(start, held.usage, known)
  const wake = new Wake(local.now)
  for (const groups of judged.values()) for (const { wakeAt } of groups) wake.by(wakeAt)
  const slots = known !== null && isSameSlots(judged, known.basis.judged) ? known : slotsOf(judged)
  const placement = place(start, judged, held.usage, wake, slots.slots.length)
  return {
    slots: slots.slots,
    bySlot: slots.bySlot,
    own: start.claimants.get(local.self) ?? new Map(),
    pending: placement.pending,
    wakeAt: wake.at,
    replacements: placement.replacements,
    basis: basisOf(start, held.holdings(), judged),
  }
}

/** What is taken of the nodes: worked out when first asked for, since nobody asks in a settled pool. */
function holding(start: Start): { readonly usage: () => Usage; readonly holdings: () => Holdings } {
  const { view, boards, claimants } = start
  let made: { readonly usage: Usage; readonly holdings: Holdings } | null = null
  const make = (): { readonly usage: Usage; readonly holdings: Holdings } => {
    const holdings = holdingsOf(view, boards, claimants, start.holdings)
    return { holdings, usage: usageOf(boards, holdings) }
  }
  return { usage: () => (made ??= make()).usage, holdings: () => made?.holdings ?? start.holdings }
}

/** Every group that is wanted, by job in the order of placing. */
function judgeAll(start: Start, usage: () => Usage, known: Plan | null): Map<JobId, readonly Judged[]> {
  const all = new Map<JobId, readonly Judged[]>()
  for (const job of start.jobs) {
    if (job.desired !== 'run' || job.spec === null) continue
    const before = known?.basis.view.jobs.get(job.id) === job ? known.basis.judged.get(job.id) : undefined
    all.set(job.id, before === undefined ? judgeJob(start, usage, job) : judgeAgain(start, usage, job, before))
  }
  return all
}

function judgeJob(start: Start, usage: () => Usage, job: JobView): readonly Judged[] {
  return job.spec === null ? [] : rulesOf(job, job.spec).map((rules) => judgeGroup(rules, start, usage, null))
}

function judgeAgain(start: Start, usage: () => Usage, job: JobView, before: readonly Judged[]): readonly Judged[] {
  const touched = touchedOf(start, job.id)
  if (touched.size === 0 && before.every((judged) => stillStands(judged, start.boards, start.local.now))) return before
  return before.map((judged) => judgeGroup(judged.rules, start, usage, { judged, touched }))
}

function isSameSlots(judged: ReadonlyMap<JobId, readonly Judged[]>, before: ReadonlyMap<JobId, readonly Judged[]>): boolean {
  if (judged.size !== before.size) return false
  const order = before.values()
  for (const groups of judged.values()) if (groups !== order.next().value) return false
  return true
}

function slotsOf(judged: ReadonlyMap<JobId, readonly Judged[]>): Pick<Plan, 'slots' | 'bySlot'> {
  const slots: SlotPlan[] = []
  const jobs = new Map<JobId, readonly (readonly SlotPlan[])[]>()
  for (const [job, groups] of judged) {
    jobs.set(
      job,
      groups.map((group) => group.slots),
    )
    for (const group of groups) for (const slot of group.slots) slots.push(slot)
  }
  return { slots, bySlot: new SlotTable(jobs) }
}

function place(start: Start, all: ReadonlyMap<JobId, readonly Judged[]>, usage: () => Usage, wake: Wake, wanted: number): Placement {
  const { view, local, boards } = start
  const open: GroupVacancies[] = []
  for (const judged of all.values()) {
    if (judged.every(({ vacancies }) => vacancies.length === 0)) continue
    const groups = groupsOf(
      view,
      boards,
      judged.map(({ rules }) => rules),
    )
    for (const [g, group] of groups.entries()) open.push({ group, vacancies: judged[g]?.vacancies ?? [] })
  }
  const placement: Placement = { pending: new Map(), budget: null, replacements: 0 }
  if (open.length === 0) return placement
  if (view.fleet.planVersion > limits.planVersion) {
    refuseAll(open)
    return placement
  }
  const context = { local, boards, usage: usage(), wake, budget: () => replacementBudget(view, local, wanted) }
  keepCandidates(open, placement, context)
  for (const group of open) placeVacancies(group, placement, context)
  return placement
}

/** The rules of a newer plan are not known here: keep what runs, claim nothing. */
function refuseAll(open: readonly GroupVacancies[]): void {
  for (const { vacancies } of open) for (const { plan: slot } of vacancies) slot.reason = 'plan-version-unknown'
}
