// One plan for all boards that have the same view, wait for the same candidates, and find each silent board on the same side of every
// time that a job names: what differs between them is when the next of those times comes, which each counts for itself. Nothing is
// taken for the same that is not compared, but for the order in which a plan was come by, which must mean nothing.

import { type JobId, type NodeId, type SlotId, compareText } from '../crdt/ids.ts'
import { withChanges } from '../crdt/layered-map.ts'
import type { View } from '../crdt/view.ts'
import { keyOfSlot } from '../scheduler/canaries.ts'
import type { Basis } from '../scheduler/basis.ts'
import { replacementBudget } from '../scheduler/disconnect.ts'
import type { Judged } from '../scheduler/judged.ts'
import { schedulerLimits } from '../scheduler/limits.ts'
import { type Overdue, isOverdue, recall, remember, wakeForPending } from '../scheduler/pending.ts'
import { plan, wantedSlots } from '../scheduler/plan.ts'
import { already, lastsUntil } from '../scheduler/slots.ts'
import type { Local, Pending, Plan } from '../scheduler/types.ts'
import { wakeForSilence } from '../scheduler/vacancy.ts'
import { Wake } from '../scheduler/wake.ts'

/** Of one view: boards that wait for different candidates have different plans. The oldest go first. */
const plansMax = 4

/** A plan, and all that it was made from beside the view. */
interface Made {
  readonly plan: Plan
  readonly local: Local
  /** The candidates that it was given: the map itself is the core's, and changes. */
  readonly pending: ReadonlyMap<SlotId, Pending>
  /** Worked out when another board first asks: most views are one board's alone. */
  traits: Traits | null
}

interface Traits {
  readonly budget: number
  /** Times that jobs name, ms, and for each silent board how many of them have passed. */
  readonly times: readonly number[]
  readonly passed: ReadonlyMap<NodeId, number>
  /** Whose silence is waited for, by how long it has to last. */
  readonly waits: ReadonlyMap<number, ReadonlySet<NodeId>>
  readonly vacant: readonly SlotId[]
  readonly isPaced: boolean
}

export function createSharedPlan(): typeof plan {
  const made = new WeakMap<View, Made[]>()
  return (view, local, before) => {
    const known = made.get(view) ?? []
    const alike = known.filter((one) => isAsSilent(one, local))
    const same = alike.find((one) => isAsPatient(one, local))
    if (same !== undefined) return planFrom(same, local)
    // All that differs is who is waited for: what another board has judged stands here, too, and only places are sought anew.
    const [nearest] = alike
    const pending = new Map(local.pending)
    const fresh = plan(view, local, nearest === undefined ? before : planFrom(nearest, local))
    if (!isShareable(fresh, local)) return fresh
    if (known.push({ plan: fresh, local, pending, traits: null }) > plansMax) known.shift()
    made.set(view, known)
    return fresh
  }
}

/** No wait in it counts from this very board or moment. */
function isShareable(fresh: Plan, local: Local): boolean {
  if (local.failedSince.size > 0 || local.aloneSince !== null) return false
  return restlessIn(fresh).every(({ isFromNow, slots }) => !isFromNow && slots.every(({ reason }) => reason !== 'waiting-successor'))
}

function restlessIn({ basis }: Plan): readonly Judged[] {
  return [...basis.restless].flatMap((job) => basis.judged.get(job) ?? [])
}

function traitsOf({ plan: fresh, local }: Made): Traits {
  const times = timesIn(fresh)
  const passed = new Map<NodeId, number>()
  for (const [node, since] of local.silentSince) passed.set(node, passedOf(times, local.now - since))
  const restless = restlessIn(fresh)
  const vacancies = restless.flatMap((judged) => judged.vacancies)
  return {
    budget: budgetOf(fresh, local),
    times,
    passed,
    waits: waitsIn(restless, fresh.basis.view),
    vacant: vacancies.map((vacancy) => keyOfSlot(vacancy.plan)),
    isPaced: vacancies.some((vacancy) => vacancy.plan.reason === 'paced'),
  }
}

function timesIn({ basis: { view, wanted } }: Plan): readonly number[] {
  const times = new Set<number>()
  for (const job of wanted) {
    for (const { disconnect } of view.jobs.get(job)?.spec?.groups ?? []) times.add(disconnect.replaceAfterMs).add(disconnect.lostAfterMs)
  }
  return [...times]
}

function passedOf(times: readonly number[], silentMs: number): number {
  let passed = 0
  for (const ms of times) if (silentMs >= ms) passed++
  return passed
}

function budgetOf({ basis }: Plan, local: Local): number {
  return local.silentSince.size === 0 ? 0 : replacementBudget(basis.view, local, wantedSlots(basis))
}

/** What `judge` waits for when claims stand on boards that are silent. */
function waitsIn(judged: readonly Judged[], view: View): Traits['waits'] {
  const waits = new Map<number, Set<NodeId>>()
  const wait = (node: NodeId, ms: number): void => {
    if ((view.nodes.get(node)?.liveness ?? 'alive') === 'alive') return
    const nodes = waits.get(ms)
    if (nodes === undefined) waits.set(ms, new Set([node]))
    else nodes.add(node)
  }
  for (const { facts, rules } of judged) {
    const { replaceAfterMs, lostAfterMs } = rules.group.disconnect
    for (const { standing } of facts) {
      if (standing.complete !== null) continue
      for (const { node } of standing.live) wait(node, replaceAfterMs)
      for (const { node } of standing.ahead) wait(node, replaceAfterMs)
      for (const { node } of standing.unknown) wait(node, lostAfterMs)
    }
  }
  return waits
}

/** It finds the same of what silences mean. */
function isAsSilent(made: Made, local: Local): boolean {
  if (local.failedSince.size > 0 || local.aloneSince !== null) return false
  if (local.now < made.local.now || local.silentSince.size !== made.local.silentSince.size) return false
  const { passed, times } = (made.traits ??= traitsOf(made))
  for (const [node, since] of local.silentSince) if (passed.get(node) !== passedOf(times, local.now - since)) return false
  return true
}

/** It waits for the same candidates, and may seek as many. */
function isAsPatient(made: Made, local: Local): boolean {
  const { budget, vacant } = (made.traits ??= traitsOf(made))
  // Nobody asks for candidates, or how many may be sought, where nothing is vacant.
  if (vacant.length === 0) return true
  return isSamePending(made, vacant, local) && budgetOf(made.plan, local) === budget
}

/** For every vacant slot the same candidate is kept or none, and the same boards are overdue. */
function isSamePending({ pending, local: { now } }: Made, vacant: Traits['vacant'], local: Local): boolean {
  return vacant.every((slot) => {
    const [one, other] = [local.pending.get(slot), pending.get(slot)]
    if (one === undefined || other === undefined) return one === other
    const [mine, theirs] = [recall(one, local.now), recall(other, now)]
    return mine.keep === theirs.keep && isSameText(overdueOf(mine.overdue, local.now), overdueOf(theirs.overdue, now))
  })
}

/** Sorted. */
function overdueOf(overdue: Overdue, now: number): readonly NodeId[] {
  return [...overdue.keys()].filter((node) => isOverdue(overdue, node, now)).toSorted(compareText)
}

function isSameText(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at])
}

function planFrom(made: Made, local: Local): Plan {
  const { bySlot, basis, replacements } = made.plan
  const { isPaced, waits } = (made.traits ??= traitsOf(made))
  const wake = new Wake(local.now)
  for (const [ms, nodes] of waits) for (const node of nodes) wake.by((local.silentSince.get(node) ?? local.now) + ms)
  if (isPaced) wake.by(local.now + schedulerLimits.pacedRetryMs)
  const pending = new Map<SlotId, Pending>()
  for (const [slot, { candidate }] of made.plan.pending) {
    const previous = local.pending.get(slot)
    const { overdue } = recall(previous, local.now)
    const one = remember(previous, candidate, overdue, local.now)
    pending.set(slot, one)
    wakeForPending(wake, one, local.now)
  }
  let own: Basis | null = null
  return {
    get slots() {
      return bySlot.all
    },
    bySlot,
    own: basis.claimants.get(local.self) ?? new Map(),
    pending,
    wakeAt: wake.at,
    replacements,
    // Only a plan that starts from this one asks: the next is mostly another board's, too.
    get basis() {
      return (own ??= basisFrom(basis, local))
    },
  }
}

/** What was judged, with the times of this board's silences. */
function basisFrom(basis: Basis, local: Local): Basis {
  const { view } = basis
  const judged = new Map<JobId, readonly Judged[]>()
  for (const job of basis.restless) {
    judged.set(
      job,
      (basis.judged.get(job) ?? []).map((group) => timedFrom(group, view, local)),
    )
  }
  return { ...basis, local, judged: withChanges(basis.judged, judged) }
}

function timedFrom(judged: Judged, view: View, local: Local): Judged {
  const { rules, until: before } = judged
  const wake = new Wake(local.now)
  const until = [...before]
  const facts = judged.facts.map((known, at) => {
    // Done work waits for nobody.
    if (known.standing.complete === null) {
      const next = wakeForSilence({ facts: known, rules }, { view, local, wake })
      if (before[at] !== already) until[at] = next
    }
    const lasts = lastsUntil(rules, known.standing, { view, local })
    return lasts === known.until ? known : { ...known, until: lasts }
  })
  return { ...judged, facts, until, wakeAt: wake.at }
}
