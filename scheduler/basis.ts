// What a plan was made from, and what was worked out on the way: a later plan starts from it and does only what changed. A value like
// any other: nothing in it is changed by the plan that starts from it, and without it the plan is the same.

import { type JobId, type NodeId, type SlotId, compareText, slotParts } from '../crdt/ids.ts'
import { changedKeys } from '../crdt/layered-map.ts'
import type { JobView, View } from '../crdt/view.ts'
import { type Boards, boardsOf, isDifferent } from './boards.ts'
import { slotOfKey } from './canaries.ts'
import { type VerdictsBySlot, nextVerdicts, telling, verdictsBySlot } from './history.ts'
import { type Claimants, type Holdings, claimantsOf, nextClaimants } from './holdings.ts'
import type { Judged } from './judged.ts'
import { schedulerLimits as limits } from './limits.ts'
import type { Local } from './types.ts'

export interface Basis {
  readonly view: View
  readonly local: Local
  readonly boards: Boards
  readonly verdicts: VerdictsBySlot
  readonly claimants: Claimants
  /** Of nodes as some plan before this one needed them: each entry says for which claims it is true. */
  readonly holdings: Holdings
  /** Jobs that want slots, in the order in which these are placed. */
  readonly wanted: readonly JobId[]
  readonly judged: ReadonlyMap<JobId, readonly Judged[]>
  /** Those whose answer may change although nothing of theirs does. */
  readonly restless: ReadonlySet<JobId>
}

/** The basis of the next plan, before anything is judged; and what may be different from then. */
export interface Start extends Omit<Basis, 'judged' | 'restless'> {
  /** Slots whose facts may be different now, by job. */
  readonly touched: ReadonlyMap<JobId, ReadonlySet<SlotId>>
  /** Jobs that must be looked at. */
  readonly doubtful: ReadonlySet<JobId>
  /** Jobs that are not wanted any more. */
  readonly unwanted: readonly JobId[]
}

/** What standing, silence and the right to replace read of a node that has a claim. */
const standingFields = ['evicted', 'liveness', 'draining', 'weight', 'name', 'pool', 'attributes', 'labels'] as const
const nobody: ReadonlySet<SlotId> = new Set()

/** Whether the rules that the fleet plans by are known here. */
export function knowsRules({ view }: Pick<Basis, 'view'>): boolean {
  return view.fleet.planVersion <= limits.planVersion
}

/** Times only go forward within one basis, and a node changes its pool only by starting anew. */
export function canStartFrom(basis: Basis, view: View, local: Local): boolean {
  return basis.view.pool === view.pool && basis.local.now <= local.now
}

export function startAnew(view: View, local: Local): Start {
  return {
    view,
    local,
    boards: boardsOf(view),
    verdicts: verdictsBySlot(view),
    claimants: claimantsOf(view),
    holdings: new Map(),
    wanted: wantedJobs(view),
    touched: new Map(),
    doubtful: new Set(),
    unwanted: [],
  }
}

export function startFrom(basis: Basis, view: View, local: Local): Start {
  const before = basis.view
  const slots = changedKeys(before.claims, view.claims)
  const nodes = changedKeys(before.nodes, view.nodes)
  const judging = nodes.filter((id) => before.nodes.get(id)?.verdicts !== view.nodes.get(id)?.verdicts)
  const claimants = nextClaimants(basis.claimants, slots, before, view)
  const touched = new Touched()
  for (const slot of slots) touched.add(slot)
  for (const id of [
    ...nodes.filter((node) => standsOtherwise(node, before, view)),
    ...changedAges(basis.local.silentSince, local.silentSince),
  ])
    for (const slot of claimants.get(id)?.keys() ?? []) touched.add(slot)
  for (const id of judging)
    for (const node of [before.nodes.get(id), view.nodes.get(id)]) for (const [slot] of telling(node)) touched.add(slot)
  for (const key of changedAges(basis.local.failedSince, local.failedSince)) touched.add(slotOfKey(key))
  const jobs = changedKeys(before.jobs, view.jobs)
  return {
    view,
    local,
    boards: boardsOf(view, basis.boards),
    verdicts: nextVerdicts(basis.verdicts, judging, before, view),
    claimants,
    holdings: basis.holdings,
    wanted: jobs.some((job) => isPlacedOtherwise(before.jobs.get(job), view.jobs.get(job))) ? wantedJobs(view) : basis.wanted,
    touched: touched.byJob,
    doubtful: new Set([...basis.restless, ...touched.byJob.keys(), ...jobs]),
    unwanted: jobs.filter((job) => !isWanted(view.jobs.get(job))),
  }
}

export function basisOf(start: Start, holdings: Holdings, judged: Basis['judged'], restless: Basis['restless']): Basis {
  const { view, local, boards, verdicts, claimants, wanted } = start
  return { view, local, boards, verdicts, claimants, holdings, wanted, judged, restless }
}

export function touchedOf(start: Start, job: JobId): ReadonlySet<SlotId> {
  return start.touched.get(job) ?? nobody
}

function standsOtherwise(id: NodeId, before: View, view: View): boolean {
  const [old, now] = [before.nodes.get(id), view.nodes.get(id)]
  return old === undefined || now === undefined || isDifferent(old, now, standingFields)
}

/** Those that are counted from another moment, from none any more, or for the first time. */
function changedAges<K>(before: ReadonlyMap<K, number>, now: ReadonlyMap<K, number>): K[] {
  const changed = [...now].filter(([key, since]) => before.get(key) !== since).map(([key]) => key)
  for (const key of before.keys()) if (!now.has(key)) changed.push(key)
  return changed
}

/** A parameterized job runs nothing itself. */
function isWanted(job: JobView | undefined): boolean {
  return job?.desired === 'run' && job.spec !== null && job.spec.parameterized === undefined
}

function isPlacedOtherwise(old: JobView | undefined, now: JobView | undefined): boolean {
  return isWanted(old) !== isWanted(now) || old?.spec?.priority !== now?.spec?.priority
}

/** Priority (highest first), then job. */
function wantedJobs(view: View): readonly JobId[] {
  const jobs = [...view.jobs.values()].filter(isWanted)
  const priority = (job: JobView): number => job.spec?.priority ?? 0
  return jobs.sort((a, b) => priority(b) - priority(a) || compareText(a.id, b.id)).map((job) => job.id)
}

class Touched {
  readonly byJob = new Map<JobId, Set<SlotId>>()

  add(slot: SlotId): void {
    const { job } = slotParts(slot)
    const slots = this.byJob.get(job)
    if (slots === undefined) this.byJob.set(job, new Set([slot]))
    else slots.add(slot)
  }
}
