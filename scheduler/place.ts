// Finds candidates for vacant slots: first those that are already waited for keep their place, in order; then the others are
// placed, in order, each on the node that scores best by then.

import type { NodeId, SlotId } from '../crdt/ids.ts'
import type { Claim } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { keyOfSlot } from './canaries.ts'
import { declinesAlone } from './disconnect.ts'
import { type Displacing, displacementsFor } from './displacement.ts'
import { fixedRejection, fixedRejections, holdsSlot, nodesOf, roomRejection } from './feasibility.ts'
import { type Group, addCopy, once } from './group.ts'
import type { Vacancy } from './judged.ts'
import { schedulerLimits as limits } from './limits.ts'
import type { Departures } from './migrate.ts'
import { type Overdue, recall, remember, wakeForPending } from './pending.ts'
import { ownerOf } from './per-node.ts'
import { preemptorOf } from './preemption.ts'
import { apartFrom } from './properties.ts'
import { type Search, searchFor } from './search.ts'
import { type Succession, successionOf } from './succession.ts'
import type { Local, Pending } from './types.ts'
import { type Usage, holdAsk, holdGrowth } from './usage.ts'
import type { Wake } from './wake.ts'

/** The vacant slots of one group, in order of index. */
export interface GroupVacancies {
  readonly group: Group
  readonly vacancies: readonly Vacancy[]
  readonly departures: () => Departures
}

export interface Placement {
  readonly pending: Map<SlotId, Pending>
  /** Replacements that may still begin, counted down; null: nobody has asked yet. */
  budget: number | null
  replacements: number
}

export interface Places {
  readonly local: Local
  readonly boards: Boards
  readonly usage: Usage
  readonly wake: Wake
  readonly budget: () => number
  readonly displacing: () => Displacing
}

export function keepCandidates(groups: readonly GroupVacancies[], placement: Placement, context: Places): void {
  const { boards, local, usage } = context
  if (local.pending.size === 0) return
  for (const { group, vacancies, departures } of groups) {
    const rejects = fixedRejections(group, boards)
    for (const vacancy of vacancies) {
      const previous = local.pending.get(keyOfSlot(vacancy.plan))
      const { keep, overdue } = recall(previous, local.now)
      const index = keep === null ? -1 : (boards.indexOf.get(keep) ?? -1)
      if (keep === null || index < 0 || holdsSlot(vacancy.facts.taken, keep)) continue
      if (vacancy.departs && departures().left === 0) continue
      if (declinesAlone(vacancy.facts.claims, group.group.disconnect, local)) continue
      if (rejects(index) !== null) continue
      const succession = successionFor(vacancy, group, overdue, context)
      const canTake = (one: number): boolean => rejects(one) === null && roomRejection(group, boards, usage, one) === null
      // Chosen before its board was replaced.
      if (succession?.successors.includes(keep) === false && (succession.awaitedUntil !== null || succession.ready.some(canTake))) continue
      const own = nodesOf(vacancy.facts.taken)
      if (apartFrom(group.properties(), own, boards, () => roomRejection(group, boards, usage, index)) !== null) continue
      holdAsk(usage, boards, index, group.ask)
      addCopy(group, index)
      if (vacancy.departs) departures().left--
      settle(vacancy, index, overdue, placement, context)
    }
  }
}

export function placeVacancies({ group, vacancies, departures }: GroupVacancies, placement: Placement, context: Places): void {
  const open = vacancies.filter(({ plan }) => plan.candidate === null)
  if (open.length === 0) return
  const { boards, local, usage } = context
  // Where much of the pool is silent, most plans find everything paced, and look for nothing.
  let search: Search | null = null
  const makeRoom = once(() => displacementsFor(group, context.displacing(), usage))
  for (const vacancy of open) {
    const { plan, facts } = vacancy
    // Its port and its room are for those that are taken.
    if (declinesAlone(facts.claims, group.group.disconnect, local)) {
      plan.reason = 'node-alone'
      continue
    }
    // Those that find no place keep none of the others.
    if (vacancy.departs && departures().left === 0) {
      plan.reason = 'migrate-waits'
      continue
    }
    const previous = local.pending.get(keyOfSlot(plan))
    const begins = vacancy.replaces && previous === undefined
    if (begins && (placement.budget ??= context.budget()) <= 0) {
      plan.reason = 'paced'
      context.wake.by(local.now + limits.pacedRetryMs)
      continue
    }
    const { keep, overdue } = recall(previous, local.now)
    const { taken: claims, history } = facts
    search ??= group.perNode ? ownersOf(group, boards, usage) : searchFor(group, boards, usage)
    const need = { slot: plan.slot, claims, history, overdue, now: local.now }
    const succession = successionFor(vacancy, group, overdue, context)
    let index = succession === null || succession.ready.length === 0 ? -1 : search.best({ ...need, among: succession.ready })
    if (index < 0 && succession !== null && succession.awaitedUntil !== null) {
      plan.reason = 'waiting-successor'
      context.wake.by(succession.awaitedUntil)
      continue
    }
    if (index < 0) index = search.best(need)
    if (index < 0) {
      const place = vacancy.retry === null ? (makeRoom()?.best(need, keep) ?? null) : null
      if (place === null) {
        fallBack(vacancy, group, vacancy.retry, context)
        continue
      }
      index = place.index
      plan.displaces = place.displaces
      makeRoom()?.place(place)
    }
    search.place(index)
    if (vacancy.departs) departures().left--
    settle(vacancy, index, overdue, placement, context)
    if (!begins) continue
    placement.budget = (placement.budget ?? 0) - 1
    placement.replacements++
  }
}

function successionFor({ facts: { claims } }: Vacancy, { group }: Group, overdue: Overdue, { boards, local }: Places): Succession | null {
  return successionOf({ claims, overdue, policy: group.disconnect }, boards, local)
}

/** Slots that are nodes': each is looked at in one place. */
function ownersOf(group: Group, boards: Boards, usage: Usage): Search {
  return {
    best({ slot, claims }) {
      const index = ownerOf(slot, boards)
      const isFree = !holdsSlot(claims, boards.ids[index] as NodeId) && fixedRejection(group, boards, index) === null
      return isFree && roomRejection(group, boards, usage, index) === null ? index : -1
    },
    place(index) {
      holdAsk(usage, boards, index, group.ask)
      addCopy(group, index)
    },
  }
}

/** Nowhere to go: a holder whose update failed tries it again where it is; anything else says so. */
function fallBack({ plan, facts }: Vacancy, group: Group, retry: Claim | null, { boards, usage }: Places): void {
  if (retry === null) {
    const by = facts.standing.live.length === 0 ? preemptorOf(facts.claims) : null
    plan.reason = by === null ? 'no-node-feasible' : 'preempted'
    if (by !== null) plan.preemptedBy = by
    return
  }
  plan.update = true
  holdGrowth(usage, boards, boards.indexOf.get(retry.node) ?? -1, retry, group.ask)
}

function settle({ plan }: Vacancy, index: number, overdue: Overdue, placement: Placement, context: Places): void {
  const candidate = context.boards.ids[index]
  if (candidate === undefined) return
  const { local, wake } = context
  plan.candidate = candidate
  plan.reason = null
  const key = keyOfSlot(plan)
  const pending = remember(local.pending.get(key), candidate, overdue, local.now)
  placement.pending.set(key, pending)
  wakeForPending(wake, pending, local.now)
}
