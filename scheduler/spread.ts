// `spread`: copies of a group in the wanted shares over the values of attributes. Nodes with the same values form a class, so
// that a placement changes a handful of numbers and not one for each node. An even spread is one whose values all have the
// same target; values without a target share what is left, all together.

import type { Spread } from '../crdt/spec.ts'
import type { Boards } from './boards.ts'
import type { Group } from './group.ts'
import { point, schedulerLimits as limits } from './limits.ts'

/** What the groups that spread alike share. */
export interface SpreadClasses {
  readonly count: number
  /** Node index → class, for the feasible ones. */
  readonly of: Int32Array
  readonly axes: readonly AxisClasses[]
  /** By class: its key on each axis. */
  readonly keys: readonly (readonly string[])[]
}

interface AxisClasses {
  readonly spread: Spread
  readonly listed: ReadonlyMap<string, number>
  readonly keyOf: (index: number) => string
  /** How many values the feasible nodes have; counted for an even spread only. */
  readonly values: number
}

export interface Spreading {
  readonly classCount: number
  readonly classOf: Int32Array
  /** Clamped sum of all spreads, in millionths. */
  boost(nodeClass: number): number
  /** A copy was placed on the node. */
  placed(index: number): void
}

interface Axis extends AxisClasses {
  readonly used: Map<string, number>
  readonly boostOf: (key: string) => number
}

const missing = 'missing'
const unlisted = 'unlisted'

export function classesOf(spreads: readonly Spread[], boards: Boards, feasible: Int32Array): SpreadClasses {
  if (spreads.length === 0) return { count: 1, of: new Int32Array(boards.ids.length), axes: [], keys: [[]] }
  const axes = spreads.map((spread) => axisClasses(spread, boards, feasible))
  const classOf = new Int32Array(boards.ids.length).fill(-1)
  const classes = new Map<string, number>()
  const keys: string[][] = []
  for (const index of feasible) {
    const own = axes.map((axis) => axis.keyOf(index))
    const name = own.length === 1 ? (own[0] ?? '') : JSON.stringify(own)
    if (!classes.has(name)) keys.push(own)
    classOf[index] = classes.get(name) ?? classes.size
    classes.set(name, classOf[index] ?? 0)
  }
  return { count: keys.length, of: classOf, axes, keys }
}

function axisClasses(spread: Spread, boards: Boards, feasible: Int32Array): AxisClasses {
  const listed = new Map(spread.targets.map((target) => [target.value, target.percent]))
  const texts = boards.texts(spread.attribute)
  const keyOf = (index: number): string => {
    const value = texts[index]
    if (value === undefined) return missing
    return listed.size > 0 && !listed.has(value) ? unlisted : `=${value}`
  }
  const values = new Set<string>()
  if (listed.size === 0) for (const index of feasible) if (keyOf(index) !== missing) values.add(keyOf(index))
  return { spread, listed, keyOf, values: values.size }
}

export function spreadingOf(group: Group, { count, of, axes: classes, keys }: SpreadClasses): Spreading {
  if (classes.length === 0) return { classCount: count, classOf: of, boost: () => 0, placed: () => undefined }
  const axes = classes.map((axis) => axisOf(axis, group))
  const boosts = keys.map((own) => boostOf(axes, own))
  return {
    classCount: count,
    classOf: of,
    boost: (nodeClass) => boosts[nodeClass] ?? 0,
    placed(index) {
      const changed = axes.map((axis) => axis.keyOf(index))
      for (const [a, axis] of axes.entries()) axis.used.set(changed[a] ?? '', (axis.used.get(changed[a] ?? '') ?? 0) + 1)
      for (const [c, own] of keys.entries()) if (own.some((key, a) => key === changed[a])) boosts[c] = boostOf(axes, own)
    },
  }
}

function boostOf(axes: readonly Axis[], keys: readonly string[]): number {
  let sum = 0
  let weights = 0
  for (const [a, axis] of axes.entries()) {
    sum += axis.spread.weight * axis.boostOf(keys[a] ?? missing)
    weights += axis.spread.weight
  }
  return weights === 0 ? 0 : Math.trunc(sum / weights)
}

function axisOf(axis: AxisClasses, group: Group): Axis {
  const { keyOf, listed, values } = axis
  const used = new Map<string, number>()
  for (const [index, copies] of group.copies()) used.set(keyOf(index), (used.get(keyOf(index)) ?? 0) + copies)
  const { count } = group.group
  const boost = (key: string, copies: number): number =>
    listed.size === 0 ? lacking(count, copies, Math.max(1, values)) : lacking(count * percentOf(listed, key), copies, 100)
  return { ...axis, used, boostOf: (key) => (key === missing ? -point : boost(key, (used.get(key) ?? 0) + 1)) }
}

function percentOf(listed: ReadonlyMap<string, number>, key: string): number {
  if (key !== unlisted) return listed.get(key.slice(1)) ?? 0
  let rest = 100
  for (const percent of listed.values()) rest -= percent
  return rest
}

/** One point for each copy that the value still lacks (wanted = parts / unit), clamped: a share of a thousand is met as exactly as one of ten. */
function lacking(parts: number, copies: number, unit: number): number {
  const points = Math.trunc((point * (parts - copies * unit)) / unit)
  return Math.max(-limits.spreadPointsMax, Math.min(limits.spreadPointsMax, points))
}
