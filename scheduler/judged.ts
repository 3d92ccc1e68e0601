// One group judged: what is known of each slot, what is to become of it, and until when that is so. Judging again takes from the
// last time the facts of all slots that nothing touched; and the whole answer, if nothing that it was read from is different.

import { type SlotId, slotId } from '../crdt/ids.ts'
import type { Boards } from './boards.ts'
import { seesHalf } from './feasibility.ts'
import type { GroupRules } from './group.ts'
import { turnsOf } from './rollout.ts'
import { type SlotFacts, type SlotSources, already, factsOf, never } from './slots.ts'
import type { Claim } from '../crdt/view.ts'
import type { SlotPlan } from './types.ts'
import { type Suited, nodeSlots, suitedNodes } from './per-node.ts'
import { type Case, type Judge, type Judgement, judge, standsUntil } from './vacancy.ts'
import { Wake } from './wake.ts'

export interface Vacancy {
  /** Filled in while the slot is placed; no plan before this one has it. */
  readonly plan: { -readonly [K in keyof SlotPlan]: SlotPlan[K] }
  readonly facts: SlotFacts
  readonly replaces: boolean
  readonly departs: boolean
  readonly retry: Claim | null
}

export interface Judged {
  readonly rules: GroupRules
  /** By index, like `slots`. */
  readonly facts: readonly SlotFacts[]
  readonly slots: readonly SlotPlan[]
  /** Monotonic ms until which each slot's answer stands as long as its facts do, whatever becomes of the others. */
  readonly until: readonly number[]
  /** Where a slot is in them, of slots that are nodes'; null: they are numbered. */
  readonly places: ReadonlyMap<SlotId, number> | null
  /** Whose slots these are: with other nodes there are other slots. null: they are numbered. */
  readonly suited: Suited | null
  readonly vacancies: readonly Vacancy[]
  /** Read or changed what other groups read and change while the plan is made: judged in every plan anew, in order. */
  readonly isOpen: boolean
  /** The earliest moment at which waiting ends; null: nobody waits. */
  readonly wakeAt: number | null
  /** Waits count from this very plan. */
  readonly isFromNow: boolean
  /** Whose halves were counted; null: nobody asked. */
  readonly electorate: Boards['electorate'] | null
}

/** Nothing but a change of its own job, slots or their nodes can change the answer. */
export function isAtRest({ isOpen, isFromNow, wakeAt, electorate, suited }: Judged): boolean {
  return !isOpen && !isFromNow && wakeAt === null && electorate === null && suited === null
}

/** Whether the answer stands, if none of its slots was touched and the job is the same. */
export function stillStands(judged: Judged, boards: Boards, now: number): boolean {
  if (judged.isOpen || judged.isFromNow) return false
  if (judged.wakeAt !== null && judged.wakeAt <= now) return false
  if (judged.suited !== null && judged.suited !== suitedNodes(judged.rules, boards)) return false
  return judged.electorate === null || judged.electorate === boards.electorate
}

export interface JudgedBefore {
  readonly judged: Judged
  readonly touched: ReadonlySet<SlotId>
}

export function judgeGroup(rules: GroupRules, sources: SlotSources, usage: Judge['usage'], before: JudgedBefore | null): Judged {
  const { boards, view } = sources
  const ids = rules.perNode ? nodeSlots(rules, boards, view.claims) : numberedIds(rules, before)
  const facts = ids.map((slot, index) => factsAgain(rules, slot, sources, before, index))
  const turns = turnsOf(facts, rules)
  const wake = new Wake(sources.local.now)
  const context: Judge = { ...sources, usage, wake }
  let electorate: Boards['electorate'] | null = null
  const half = (): boolean => {
    electorate = boards.electorate
    return seesHalf(rules, boards)
  }
  const slots: SlotPlan[] = []
  const until: number[] = []
  const vacancies: Vacancy[] = []
  let isOpen = false
  for (const [index, slot] of ids.entries()) {
    const own = facts[index] as SlotFacts
    const at = placeBefore(before, slot, index)
    const known = before?.judged.slots[at]
    const stands = before?.judged.until[at] ?? already
    if (known !== undefined && known.index === index && stands > sources.local.now && before?.judged.facts[at] === own) {
      slots.push(known)
      until.push(stands)
      if (stands < never) wake.by(stands)
      continue
    }
    const about: Case = { slot, index, facts: own, rules, turns, half }
    const judgement = judge(about, context)
    const plan = planned(about, judgement, known)
    slots.push(plan)
    until.push(standsUntil(about, context, judgement))
    if (judgement.kind === 'vacant' || judgement.kind === 'update') isOpen = true
    if (judgement.kind === 'vacant') {
      const { replaces, departs, retry } = judgement
      vacancies.push({ plan, facts: own, replaces, departs, retry })
    }
  }
  const places = rules.perNode ? new Map(ids.map((slot, index) => [slot, index])) : null
  const suited = rules.perNode ? suitedNodes(rules, boards) : null
  return { rules, facts, slots, until, places, suited, vacancies, isOpen, wakeAt: wake.at, isFromNow: wake.isFromNow, electorate }
}

/** −1: it was not there. */
function placeBefore(before: JudgedBefore | null, slot: SlotId, index: number): number {
  const { places = null, slots = [] } = before?.judged ?? {}
  const at = places === null ? index : (places.get(slot) ?? -1)
  return slots[at]?.slot === slot ? at : -1
}

function numberedIds({ job, group }: GroupRules, before: JudgedBefore | null): readonly SlotId[] {
  const known = before?.judged.slots ?? []
  if (known.length === group.count) return known.map(({ slot }) => slot)
  return Array.from({ length: group.count }, (_, index) => known[index]?.slot ?? slotId(job.id, group.name, index))
}

function factsAgain(rules: GroupRules, slot: SlotId, sources: SlotSources, before: JudgedBefore | null, index: number): SlotFacts {
  const known = before?.judged.facts[placeBefore(before, slot, index)]
  const isSame = known !== undefined && known.until > sources.local.now && before?.touched.has(slot) === false
  return isSame ? known : factsOf(rules, slot, index, sources)
}

/** The slot's part of the plan; the one that it had before, if it reads the same and nobody will fill anything in. */
function planned({ slot, index, facts, rules }: Case, judgement: Judgement, known: SlotPlan | undefined): SlotPlan {
  const reason = judgement.kind === 'waits' ? judgement.reason : null
  const update = judgement.kind === 'update'
  const isSame =
    known?.standing === facts.standing &&
    known.index === index &&
    known.nextGeneration === facts.nextGeneration &&
    known.reason === reason &&
    known.update === update &&
    known.candidate === null &&
    judgement.kind !== 'vacant'
  if (isSame) return known
  return {
    slot,
    job: rules.job.id,
    group: rules.group.name,
    index,
    priority: rules.spec.priority,
    form: rules.form,
    version: rules.job.version,
    standing: facts.standing,
    nextGeneration: facts.nextGeneration,
    candidate: null,
    reason,
    update,
    ...(rules.isCanary ? { canary: true } : {}),
  }
}
