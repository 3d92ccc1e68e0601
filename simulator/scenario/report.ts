// Sums over a record: for every slot who ran it, when nobody did and when two did; for every job how available it was.

import { type JobId, type SlotId, compareText, slotId } from '../../crdt/ids.ts'
import type { World } from '../world.ts'
import { type Copy, type Record, type Want, lookMs } from './record.ts'
import type { Scenario, ScenarioEvent } from './scenario.ts'

/** From, to; ms of virtual time. */
export type Span = readonly [fromMs: number, toMs: number]

export interface CopyReport {
  readonly board: string
  readonly generation: number
  /** The version of its group: 1 for the first that ran in this slot, 2 for the next … */
  readonly version: number
  readonly fromMs: number
  readonly toMs: number
}

export interface SlotReport {
  readonly slot: SlotId
  readonly pool: string
  readonly copies: readonly CopyReport[]
  readonly wanted: readonly Span[]
  /** It was wanted, and no board ran it. */
  readonly nobody: readonly Span[]
  /** More than one board ran it. */
  readonly several: readonly Span[]
}

export interface JobReport {
  readonly job: JobId
  readonly pool: string
  readonly slots: number
  /** Of the time in which copies were wanted. */
  readonly availablePercent: number
  /** From the order until every wanted copy ran for the first time; null: that never happened. */
  readonly firstRunningMs: number | null
  readonly longestGapMs: number
  readonly severalMs: number
  /** A copy was started on another board than the one before it. */
  readonly moves: number
  /** It was started again on the same board. */
  readonly restarts: number
}

export interface Report {
  readonly scenario: string
  readonly seed: number
  readonly durationMs: number
  readonly lookedEveryMs: number
  readonly jobs: readonly JobReport[]
  readonly slots: readonly SlotReport[]
  readonly boards: readonly {
    readonly name: string
    readonly pool: string
    readonly labels: Readonly<globalThis.Record<string, string>>
    readonly joinsMs: number
    /** Since 0:00. */
    readonly messagesSent: number
    readonly bytesSent: number
    readonly boots: number
  }[]
  /** Of all boards. */
  readonly messages: number
  readonly happenings: readonly { readonly text: string; readonly event: ScenarioEvent }[]
  readonly notes: readonly { readonly atMs: number; readonly text: string }[]
}

export function reportOf(scenario: Scenario, record: Record, world: World): Report {
  const boards = boardsOf(scenario, record, world)
  const parts = [...new Set(scenario.boards.map(({ pool }) => pool))]
    .sort(compareText)
    .map((pool) => partOf(record, pool, scenario.durationMs))
  return {
    scenario: scenario.name,
    seed: scenario.seed,
    durationMs: scenario.durationMs,
    lookedEveryMs: lookMs,
    // Sorting is stable: pools stay in order where names are the same.
    jobs: parts.flatMap(({ jobs }) => jobs).sort((a, b) => compareText(a.job, b.job)),
    slots: parts.flatMap(({ slots }) => slots).sort((a, b) => bySlot(a.slot, b.slot)),
    boards,
    messages: boards.reduce((sum, { messagesSent }) => sum + messagesSent, 0),
    happenings: record.happenings,
    notes: record.notes,
  }
}

function boardsOf(scenario: Scenario, record: Record, world: World): Report['boards'] {
  return scenario.boards.map(({ name, pool, labels, joinsMs }) => {
    const { bytesSent, messagesSent, boots } = world.board(name)
    const before = record.sentBefore.get(name)!
    return {
      name,
      pool,
      labels,
      joinsMs,
      messagesSent: messagesSent - before.messagesSent,
      bytesSent: bytesSent - before.bytesSent,
      boots,
    }
  })
}

type Part = Pick<Record, 'ordered' | 'copies'>

/** What one pool did: a job of the same name in another is another job. */
function partOf(
  record: Record,
  pool: string,
  endMs: number,
): { readonly jobs: readonly JobReport[]; readonly slots: readonly SlotReport[] } {
  const part: Part = {
    ordered: record.ordered.filter((want) => want.pool === pool),
    copies: record.copies.filter((copy) => copy.pool === pool),
  }
  const slots = slotsOf(part).map((slot) => slotReport(slot, pool, part, endMs))
  const jobs = new Set(part.ordered.map(({ job }) => job))
  return { jobs: [...jobs].map((job) => jobReport(job, pool, slots, part)), slots }
}

function slotsOf({ ordered, copies }: Part): SlotId[] {
  const all = new Set<SlotId>(copies.map(({ slot }) => slot))
  for (const { job, groups } of ordered)
    for (const { name, count } of groups) for (let index = 0; index < count; index++) all.add(slotId(job, name, index))
  return [...all]
}

/** `…/10` comes after `…/9`. */
function bySlot(a: SlotId, b: SlotId): number {
  const [left, right] = [a.lastIndexOf('/'), b.lastIndexOf('/')]
  const [x, y] = [a.slice(left + 1), b.slice(right + 1)]
  return compareText(a.slice(0, left), b.slice(0, right)) || Number(x) - Number(y) || compareText(x, y)
}

function slotReport(slot: SlotId, pool: string, { ordered, copies }: Part, endMs: number): SlotReport {
  const own = copies.filter((copy) => copy.slot === slot).map((copy) => ({ ...copy, toMs: copy.toMs ?? endMs }))
  const spans = own.map(({ fromMs, toMs }): Span => [fromMs, toMs])
  const wanted = wantedSpans(slot, ordered, endMs)
  const forms = [...new Set(own.map(({ form }) => form))]
  return {
    slot,
    pool,
    copies: own.map(({ board, generation, form, fromMs, toMs }) => ({ board, generation, version: forms.indexOf(form) + 1, fromMs, toMs })),
    wanted,
    nobody: wanted.flatMap((span) =>
      coverage(spans, span)
        .filter(({ count }) => count === 0)
        .map(({ span: one }) => one),
    ),
    several: coverage(spans, [0, endMs])
      .filter(({ count }) => count > 1)
      .map(({ span: one }) => one),
  }
}

function wantedSpans(slot: SlotId, ordered: readonly Want[], endMs: number): Span[] {
  const [namespace, name, group, index] = slot.split('/')
  const orders = ordered.filter(({ job }) => job === `${namespace}/${name}`)
  return orders.flatMap((want, at): Span[] => {
    const count = want.groups.find((one) => one.name === group)?.count ?? 0
    const toMs = orders[at + 1]?.atMs ?? endMs
    return Number(index) < count && toMs > want.atMs ? [[want.atMs, toMs]] : []
  })
}

/** How many of the spans cover each part of `within`; neighbours with the same count are one part. */
export function coverage(spans: readonly Span[], [fromMs, toMs]: Span): { readonly span: Span; readonly count: number }[] {
  const edges = new Set([fromMs, toMs])
  for (const edge of spans.flat()) if (edge > fromMs && edge < toMs) edges.add(edge)
  const sorted = [...edges].sort((a, b) => a - b)
  const parts: { span: Span; count: number }[] = []
  for (let at = 0; at + 1 < sorted.length; at++) {
    const [start, end] = [sorted[at]!, sorted[at + 1]!]
    const count = spans.filter((span) => span[0] <= start && span[1] >= end).length
    const last = parts.at(-1)
    if (last?.count === count) last.span = [last.span[0], end]
    else parts.push({ span: [start, end], count })
  }
  return parts
}

const lengthOf = (spans: readonly Span[]): number => spans.reduce((sum, [fromMs, toMs]) => sum + toMs - fromMs, 0)

function jobReport(job: JobId, pool: string, all: readonly SlotReport[], { ordered, copies }: Part): JobReport {
  const slots = all.filter(({ slot }) => slot.startsWith(`${job}/`))
  const wantedMs = slots.reduce((sum, { wanted }) => sum + lengthOf(wanted), 0)
  const missingMs = slots.reduce((sum, { nobody }) => sum + lengthOf(nobody), 0)
  const orderedMs = ordered.find((want) => want.job === job)!.atMs
  // The wait for the first start is told by itself: it says nothing about what faults cost.
  const gaps = slots.flatMap(({ slot, nobody }) => {
    const first = copies.find((copy) => copy.slot === slot)?.fromMs ?? 0
    return nobody.filter(([fromMs]) => fromMs >= first)
  })
  const firsts = slots.filter(({ wanted }) => wanted[0]?.[0] === orderedMs).map((slot) => slot.copies[0]?.fromMs ?? null)
  const successions = slots.flatMap(pairsOf)
  return {
    job,
    pool,
    slots: slots.filter(({ wanted }) => wanted.length > 0).length,
    availablePercent: wantedMs === 0 ? 100 : Math.round((1 - missingMs / wantedMs) * 100_000) / 1_000,
    firstRunningMs: firsts.includes(null) ? null : Math.max(0, ...firsts.map((at) => at! - orderedMs)),
    longestGapMs: Math.max(0, ...gaps.map(([fromMs, toMs]) => toMs - fromMs)),
    severalMs: slots.reduce((sum, { several }) => sum + lengthOf(several), 0),
    moves: successions.filter(([before, after]) => before.board !== after.board).length,
    restarts: successions.filter(([before, after]) => before.board === after.board).length,
  }
}

function pairsOf({ copies }: SlotReport): (readonly [Pick<Copy, 'board'>, Pick<Copy, 'board'>])[] {
  return copies.slice(1).map((copy, at) => [copies[at]!, copy] as const)
}
