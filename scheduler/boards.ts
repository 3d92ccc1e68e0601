// The pool's nodes as columns: index 0..n−1 in order of id, so that the inner loops of a plan work on typed arrays and every
// sort can end in an index. A function of the view: boards made from those of an earlier view are the same as boards made anew,
// but only what the changed nodes say is computed again.

import { compareText } from '../crdt/ids.ts'
import type { NodeId } from '../crdt/ids.ts'
import type { Affinity, Constraint } from '../crdt/spec.ts'
import type { NodeView, SchedulerAlgorithm, View } from '../crdt/view.ts'
import { targetValue, testOf } from './constraints.ts'
import { type DeviceNeed, chooseDevices } from './devices.ts'
import { schedulerLimits as limits } from './limits.ts'
import type { Suited } from './per-node.ts'
import { hashText } from './rendezvous.ts'
import type { Rejection } from './types.ts'

export interface Boards {
  readonly source: View['nodes']
  readonly ids: readonly NodeId[]
  readonly nodes: readonly NodeView[]
  readonly indexOf: ReadonlyMap<NodeId, number>
  readonly hashes: Int32Array
  /** Why a node takes nothing new at all, whatever the group; null: it may. */
  readonly closed: readonly (Rejection | null)[]
  readonly capacity: { readonly cpuMhz: Float64Array; readonly memoryMib: Float64Array; readonly diskMib: Float64Array }
  /** Which nodes may take what, by what is asked of them (`feasibility.ts`). */
  readonly feasible: Map<string, Int32Array>
  /** Which nodes have a slot of jobs with a copy a node (`per-node.ts`). */
  readonly suited: Map<string, Suited>
  /** Changes whenever one of its nodes enters or leaves what `partition: half` counts; holds answers by question. */
  readonly electorate: Map<string, boolean>
  readonly planVersion: number
  readonly algorithm: SchedulerAlgorithm
  readonly columns: Columns
  readonly textColumns: Map<string, readonly (string | undefined)[]>
  /** 1 where the constraint holds. */
  column(constraint: Constraint | Affinity): Uint8Array
  /** Health of a driver everywhere: `driverState`. */
  driver(name: string): Uint8Array
  /** 1 where the board has such devices, whoever holds them and however they are. */
  devices(needs: readonly DeviceNeed[]): Uint8Array
  /** The value of `${…}` everywhere. */
  texts(target: string): readonly (string | undefined)[]
}

interface Column {
  readonly valueOf: (node: NodeView) => number
  readonly values: Uint8Array
}

/** Answers that were asked for, kept for the next boards. By what was asked. */
type Columns = Map<string, Column>

export const driverState = { healthy: 0, unhealthy: 1, missing: 2 } as const

/** What constraints and affinities can read of a node. */
const describing = ['name', 'pool', 'attributes', 'labels'] as const
const counted = [...describing, 'evicted', 'liveness', 'eligible'] as const
const closing = ['evicted', 'liveness', 'clones', 'eligible', 'draining', 'planVersion', 'documentFull'] as const

export function boardsOf(view: View, before: Boards | null = null): Boards {
  const changed = before === null ? null : changedNodes(view, before)
  if (before === null || changed === null) return makeBoards(view)
  const { planVersion } = view.fleet
  const algorithm = algorithmOf(view)
  if (changed.length === 0 && planVersion === before.planVersion) return { ...before, algorithm, source: view.nodes }
  const differ = (fields: readonly (keyof NodeView)[]): boolean =>
    changed.some((index) => isDifferent(before.nodes[index], view.nodes.get(before.ids[index] as NodeId), fields))
  const nodes = before.ids.map((id) => view.nodes.get(id) as NodeView)
  const isClosedAnew = planVersion !== before.planVersion || differ(closing)
  const isDescribedAnew = differ([...describing, 'drivers', 'devices'])
  return withColumns({
    source: view.nodes,
    ids: before.ids,
    indexOf: before.indexOf,
    hashes: before.hashes,
    nodes,
    closed: isClosedAnew ? nodes.map((node) => closedReason(node, planVersion)) : before.closed,
    capacity: differ(['capacity']) ? capacityOf(nodes) : before.capacity,
    feasible: isClosedAnew || isDescribedAnew ? new Map() : before.feasible,
    suited: isClosedAnew || isDescribedAnew ? new Map() : before.suited,
    electorate: differ(counted) ? new Map() : before.electorate,
    planVersion,
    algorithm,
    columns: isDescribedAnew ? patched(before.columns, nodes, changed) : before.columns,
    textColumns: isDescribedAnew ? new Map() : before.textColumns,
  })
}

export function isDifferent(a: NodeView | undefined, b: NodeView | undefined, fields: readonly (keyof NodeView)[]): boolean {
  return fields.some((field) => a?.[field] !== b?.[field])
}

/** Indices of nodes that are not the same any more; null: nodes came or went. */
function changedNodes(view: View, before: Boards): readonly number[] | null {
  if (view.nodes === before.source) return []
  if (view.nodes.size !== before.ids.length) return null
  const changed: number[] = []
  for (let index = 0; index < before.ids.length; index++) {
    const node = view.nodes.get(before.ids[index] as NodeId)
    if (node === undefined) return null
    if (node !== before.nodes[index]) changed.push(index)
  }
  return changed
}

function patched(columns: Columns, nodes: readonly NodeView[], changed: readonly number[]): Columns {
  const next: Columns = new Map()
  for (const [key, { valueOf, values }] of columns) {
    const copy = values.slice()
    for (const index of changed) copy[index] = valueOf(nodes[index] as NodeView)
    next.set(key, { valueOf, values: copy })
  }
  return next
}

function makeBoards(view: View): Boards {
  const nodes = [...view.nodes.values()].sort((a, b) => compareText(a.id, b.id))
  const ids = nodes.map((node) => node.id)
  const { planVersion } = view.fleet
  return withColumns({
    source: view.nodes,
    ids,
    nodes,
    indexOf: new Map(ids.map((id, index) => [id, index])),
    hashes: Int32Array.from(ids, hashText),
    closed: nodes.map((node) => closedReason(node, planVersion)),
    capacity: capacityOf(nodes),
    feasible: new Map(),
    suited: new Map(),
    electorate: new Map(),
    planVersion,
    algorithm: algorithmOf(view),
    columns: new Map(),
    textColumns: new Map(),
  })
}

function algorithmOf({ fleet, pool }: View): SchedulerAlgorithm {
  return fleet.algorithms?.get(pool) ?? 'binpack'
}

function capacityOf(nodes: readonly NodeView[]): Boards['capacity'] {
  return {
    cpuMhz: Float64Array.from(nodes, ({ capacity }) => capacity.cpuMhz),
    memoryMib: Float64Array.from(nodes, ({ capacity }) => capacity.memoryMib),
    diskMib: Float64Array.from(nodes, ({ capacity }) => capacity.diskMib),
  }
}

function withColumns(rest: Omit<Boards, 'column' | 'driver' | 'devices' | 'texts'>): Boards {
  const { columns, textColumns, nodes } = rest
  const recall = (key: string, make: () => Column['valueOf']): Uint8Array => {
    const known = columns.get(key)
    if (known !== undefined) return known.values
    if (columns.size >= limits.columnsMax) columns.clear()
    const valueOf = make()
    const values = Uint8Array.from(nodes, valueOf)
    columns.set(key, { valueOf, values })
    return values
  }
  return {
    ...rest,
    column: (constraint) =>
      recall(keyOf(constraint), () => {
        const meets = testOf(constraint)
        return (node) => (meets(node) ? 1 : 0)
      }),
    driver: (name) => recall(`driver ${name}`, () => (node) => stateOfDriver(node, name)),
    devices: (needs) =>
      recall(`devices ${JSON.stringify(needs)}`, () => (node) => (chooseDevices(needs, node.devices ?? [], allFree) === null ? 0 : 1)),
    texts(target) {
      const known = textColumns.get(target)
      if (known !== undefined) return known
      if (textColumns.size >= limits.textColumnsMax) textColumns.clear()
      const texts = nodes.map((node) => targetValue(target, node))
      textColumns.set(target, texts)
      return texts
    },
  }
}

const allFree = { isFree: () => true }

export function keyOf({ operator, attribute, value }: Constraint | Affinity): string {
  return JSON.stringify([operator, attribute, value])
}

function stateOfDriver(node: NodeView, name: string): number {
  const health = Object.hasOwn(node.drivers, name) ? node.drivers[name] : undefined
  if (health === undefined) return driverState.missing
  return health.healthy ? driverState.healthy : driverState.unhealthy
}

function closedReason(node: NodeView, planVersion: number): Rejection | null {
  if (node.evicted) return 'evicted'
  if (node.liveness === 'left') return 'left'
  if (node.liveness !== 'alive') return 'not-alive'
  if (node.clones !== undefined) return 'clones'
  if (!node.eligible) return 'ineligible'
  if (node.draining) return 'draining'
  if (node.planVersion < planVersion) return 'plan-version'
  if (node.documentFull) return 'document-full'
  return null
}
