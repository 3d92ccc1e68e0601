// The nodes that have room for one more copy of a group, by score. Groups that ask for the same share a table while a plan is made: a node
// scores alike for all of them, but where the group has copies already, and each placement changes one node. So the first two of them
// look at every feasible node, and the others only at those that have changed since.

import { type Boards, keyOf } from './boards.ts'
import { feasibleNodes, roomRejection } from './feasibility.ts'
import type { Group } from './group.ts'
import { schedulerLimits as limits } from './limits.ts'
import { scorer } from './score.ts'
import { type ScoreBuckets, scoreBuckets } from './score-buckets.ts'
import { type SpreadClasses, type Spreading, classesOf, spreadingOf } from './spread.ts'
import type { Usage } from './usage.ts'

export interface Scores {
  /** Node indices, ascending. */
  readonly feasible: Int32Array
  readonly spreading: Spreading
  readonly buckets: ScoreBuckets
  /** What is taken of the node, or how many copies of the group it has, has changed. */
  refresh(index: number): void
}

/** Of groups without copies; those that have some put their own scores in for as long as they are placed. */
export interface ScoreTable {
  readonly feasible: Int32Array
  readonly isFeasible: Uint8Array
  readonly classes: SpreadClasses
  readonly buckets: ScoreBuckets
  refresh(index: number): void
  /** So much of `Usage.changes` is in it. */
  seen: number
  /** Nodes at which the scores are those of the group that was placed last. */
  readonly own: number[]
}

export function scoresFor(group: Group, boards: Boards, usage: Usage): Scores {
  if (group.properties().length > 0) return alone(group, boards, usage)
  const table = tableFor(group, boards, usage)
  bringUpToDate(table, usage)
  const refreshOwn = refresher(group, boards, usage, table.buckets)
  const refresh = (index: number): void => {
    if (table.isFeasible[index] !== 1) return
    table.own.push(index)
    refreshOwn(index)
  }
  for (const index of group.copies().keys()) refresh(index)
  if (group.distinct === 'job') for (const index of group.jobCopies().keys()) refresh(index)
  return { feasible: table.feasible, buckets: table.buckets, spreading: spreadingOf(group, table.classes), refresh }
}

function bringUpToDate(table: ScoreTable, { changes }: Usage): void {
  if (changes.length - table.seen + table.own.length > table.feasible.length) for (const index of table.feasible) table.refresh(index)
  else {
    for (const index of table.own) table.refresh(index)
    for (const index of changes.slice(table.seen)) if (table.isFeasible[index] === 1) table.refresh(index)
  }
  table.own.length = 0
  table.seen = changes.length
}

function tableFor(group: Group, boards: Boards, usage: Usage): ScoreTable {
  const { spec, constraints, drivers, affinities, images, ask } = group
  const weights = affinities.map((one) => [keyOf(one), one.weight])
  const alike = JSON.stringify([spec.pool, constraints.map(keyOf), drivers, weights, images, ask, group.group.spread])
  const known = usage.tables.get(alike)
  if (known !== undefined) {
    // The longest unused is the first.
    usage.tables.delete(alike)
    usage.tables.set(alike, known)
    return known
  }
  const nobody = new Map<number, number>()
  const table = tableOf({ ...group, distinct: 'no', copies: () => nobody, jobCopies: () => nobody }, boards, usage)
  // What one group alone asks is not kept.
  if (!usage.asked.has(alike)) {
    if (usage.asked.size >= limits.askedMax) usage.asked.clear()
    usage.asked.add(alike)
    return table
  }
  usage.tables.set(alike, table)
  for (const oldest of usage.tables.keys()) {
    if (usage.tables.size * boards.ids.length <= limits.scoreCellsMax) break
    usage.tables.delete(oldest)
  }
  return table
}

/** A full node with a value of `distinct_property` is full for all that share it: such groups share nothing. */
function alone(group: Group, boards: Boards, usage: Usage): Scores {
  const table = tableOf(group, boards, usage)
  return { ...table, spreading: spreadingOf(group, table.classes) }
}

function tableOf(group: Group, boards: Boards, usage: Usage): ScoreTable {
  const feasible = feasibleNodes(group, boards)
  const isFeasible = new Uint8Array(boards.ids.length)
  const classes = classesOf(group.group.spread, boards, feasible)
  const buckets = scoreBuckets(boards.ids.length, classes.count, classes.of)
  const refresh = refresher(group, boards, usage, buckets)
  for (const index of feasible) {
    isFeasible[index] = 1
    refresh(index)
  }
  return { feasible, isFeasible, classes, buckets, refresh, seen: usage.changes.length, own: [] }
}

function refresher(group: Group, boards: Boards, usage: Usage, buckets: ScoreBuckets): (index: number) => void {
  const score = scorer(group, boards, usage)
  return (index) => {
    if (roomRejection(group, boards, usage, index) === null) buckets.set(index, score(index))
    else buckets.remove(index)
  }
}
