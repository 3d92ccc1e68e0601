// The plan: for every wanted slot who stands, and who should claim it if it is vacant, or why nobody does. A pure function of the
// view and of what is local; every loop whose order matters runs over something sorted. An earlier plan may be handed in: work
// whose inputs are the same as then is taken from it, and the answer is the same as without.

import { type JobId, slotParts } from '../crdt/ids.ts'
import { withChanges } from '../crdt/layered-map.ts'
import type { JobView, View } from '../crdt/view.ts'
import { type Basis, type Start, basisOf, canStartFrom, knowsRules, startAnew, startFrom, touchedOf } from './basis.ts'
import { replacementBudget } from './disconnect.ts'
import { displacingIn } from './displacement.ts'
import { groupsOf, once, rulesOf } from './group.ts'
import { type Holdings, holdingsOf, usageOf } from './holdings.ts'
import { type Judged, isAtRest, judgeGroup, stillStands } from './judged.ts'
import { departuresOf } from './migrate.ts'
import { type GroupVacancies, type Placement, keepCandidates, placeVacancies } from './place.ts'
import { SlotTable } from './slot-table.ts'
import type { Local, Plan } from './types.ts'
import type { Usage } from './usage.ts'
import { Wake } from './wake.ts'

export function plan(view: View, local: Local, before: Plan | null = null): Plan {
  const known = before !== null && canStartFrom(before.basis, view, local) ? before.basis : null
  const start = known === null ? startAnew(view, local) : startFrom(known, view, local)
  const held = holding(start)
  const judged = judgeAll(start, held.usage, known)
  const wake = new Wake(local.now)
  const restless = new Set<JobId>()
  for (const [job, groups] of judged.fresh) if (!groups.every(isAtRest)) restless.add(job)
  for (const job of restless) for (const { wakeAt } of judged.all.get(job) ?? []) wake.by(wakeAt)
  const bySlot = new SlotTable(judged.all, start.wanted)
  const placement = place(start, judged.fresh, held.usage, wake)
  return {
    get slots() {
      return bySlot.all
    },
    bySlot,
    own: start.claimants.get(local.self) ?? new Map(),
    pending: placement.pending,
    wakeAt: wake.at,
    replacements: placement.replacements,
    basis: basisOf(start, held.holdings(), judged.all, restless),
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

type JudgedJobs = ReadonlyMap<JobId, readonly Judged[]>

/**
 * Every group that is wanted. `fresh`: the jobs that were looked at, in the order of placing; what is known of the others stands, and
 * none of them waits for anything.
 */
function judgeAll(start: Start, usage: () => Usage, known: Basis | null): { readonly all: JudgedJobs; readonly fresh: JudgedJobs } {
  const fresh = new Map<JobId, readonly Judged[]>()
  for (const job of start.wanted) {
    if (known !== null && !start.doubtful.has(job)) continue
    const view = start.view.jobs.get(job)
    const before = known?.view.jobs.get(job) === view ? known?.judged.get(job) : undefined
    fresh.set(job, before === undefined ? judgeJob(start, usage, view) : judgeAgain(start, usage, job, before))
  }
  if (known === null) return { all: fresh, fresh }
  const changes = new Map<JobId, readonly Judged[] | undefined>()
  for (const [job, groups] of fresh) if (known.judged.get(job) !== groups) changes.set(job, groups)
  for (const job of start.unwanted) changes.set(job, undefined)
  return { all: withChanges(known.judged, changes), fresh }
}

function judgeJob(start: Start, usage: () => Usage, job: JobView | undefined): readonly Judged[] {
  return job?.spec == null ? [] : rulesOf(job, job.spec).map((rules) => judgeGroup(rules, start, usage, null))
}

function judgeAgain(start: Start, usage: () => Usage, job: JobId, before: readonly Judged[]): readonly Judged[] {
  const touched = touchedOf(start, job)
  const groups = new Set([...touched].map((slot) => slotParts(slot).group))
  const next = before.map((judged) =>
    !groups.has(judged.rules.group.name) && stillStands(judged, start.boards, start.local.now)
      ? judged
      : judgeGroup(judged.rules, start, usage, { judged, touched }),
  )
  return next.every((judged, at) => judged === before[at]) ? before : next
}

function place(start: Start, fresh: JudgedJobs, usage: () => Usage, wake: Wake): Placement {
  const { view, local, boards } = start
  const open: GroupVacancies[] = []
  for (const judged of fresh.values()) {
    if (judged.every(({ vacancies }) => vacancies.length === 0)) continue
    const groups = groupsOf(
      boards,
      judged.map(({ rules }) => rules),
      (at) => judged[at]!.facts.map(({ claims }) => claims),
    )
    for (const [g, group] of groups.entries()) {
      const { facts, vacancies } = judged[g]!
      open.push({ group, vacancies, departures: once(() => departuresOf(facts, group, view.nodes)) })
    }
  }
  const placement: Placement = { pending: new Map(), budget: null, replacements: 0 }
  if (open.length === 0) return placement
  if (!knowsRules(start)) {
    refuseAll(open)
    return placement
  }
  const context = {
    ...{ local, boards, usage: usage(), wake },
    budget: () => replacementBudget(view, local, wantedSlots(start)),
    displacing: once(() => displacingIn(view, boards, start.claimants)),
  }
  keepCandidates(open, placement, context)
  for (const group of open) placeVacancies(group, placement, context)
  return placement
}

/** How many copies all jobs want, those that follow the nodes left out. */
export function wantedSlots({ view, wanted }: Pick<Basis, 'view' | 'wanted'>): number {
  let slots = 0
  for (const job of wanted) for (const { count } of view.jobs.get(job)?.spec?.groups ?? []) slots += count
  return slots
}

/** The rules of a newer plan are not known here: keep what runs, claim nothing. */
function refuseAll(open: readonly GroupVacancies[]): void {
  for (const { vacancies } of open) for (const { plan: slot } of vacancies) slot.reason = 'plan-version-unknown'
}
