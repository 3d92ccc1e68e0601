// Checks a finished placement against capacity, constraints and count, from the view and the list of (slot, node) alone. It
// shares no code with the planner: a mistake there must not be repeated here. It understands what the generator makes, and
// static ports; it refuses constraints that it does not know.

import type { JobId, NodeId, SlotId } from '../../crdt/ids.ts'
import type { Constraint, GroupSpec } from '../../crdt/spec.ts'
import type { NodeView, View } from '../../crdt/view.ts'

export interface Placed {
  readonly slot: SlotId
  readonly node: NodeId
}

export interface CheckReport {
  /** In words; empty when the placement is sound. At most 20. */
  readonly violations: readonly string[]
  readonly placed: number
  readonly wanted: number
  readonly nodesUsed: number
  /** Fewest nodes that could hold what was placed: largest first, by cpu, memory and disk, each on its own. */
  readonly nodesLowerBound: number
  /** Largest difference between the copies of two values of a group's spread attribute. */
  readonly spreadSkewMax: number
}

const dimensions = ['cpu', 'memory', 'disk'] as const
type Load = Record<(typeof dimensions)[number], number>
const violationsMax = 20

export function checkPlacement(view: View, placed: readonly Placed[]): CheckReport {
  const violations: string[] = []
  const loads = new Map<NodeId, Load>()
  const ports = new Set<string>()
  const seen = new Set<SlotId>()
  const total: Load = { cpu: 0, memory: 0, disk: 0 }
  for (const { slot, node } of placed) {
    const found = groupOfSlot(view, slot)
    const board = view.nodes.get(node)
    if (found === undefined || board === undefined) violations.push(`${slot} on ${node}: no such slot or node`)
    if (seen.has(slot)) violations.push(`${slot}: placed twice`)
    seen.add(slot)
    if (found === undefined || board === undefined) continue
    for (const constraint of found.constraints)
      if (!meets(board, constraint)) violations.push(`${slot} on ${node}: ${constraint.attribute} is not ${constraint.value}`)
    for (const port of found.group.network.ports) {
      if (port.static === null) continue
      if (ports.has(`${node} ${port.static}`)) violations.push(`${slot} on ${node}: port ${port.static} twice`)
      ports.add(`${node} ${port.static}`)
    }
    const load = loads.get(node) ?? { cpu: 0, memory: 0, disk: 0 }
    const own = loadOf(found.group)
    for (const d of dimensions) {
      load[d] += own[d]
      total[d] += own[d]
    }
    loads.set(node, load)
  }
  for (const [node, load] of loads) {
    const room = roomOf(view.nodes.get(node))
    for (const d of dimensions) if (load[d] > room[d]) violations.push(`${node}: ${d} ${load[d]} of ${room[d]}`)
  }
  return {
    violations: violations.slice(0, violationsMax),
    placed: placed.length,
    wanted: wantedOf(view),
    nodesUsed: loads.size,
    nodesLowerBound: lowerBound(view, total),
    spreadSkewMax: skewOf(view, placed),
  }
}

function groupOfSlot(view: View, slot: SlotId): { group: GroupSpec; constraints: readonly Constraint[] } | undefined {
  const [namespace, name, groupName, index] = slot.split('/')
  const spec = view.jobs.get(`${namespace}/${name}` as JobId)?.spec
  const group = spec?.groups.find((one) => one.name === groupName)
  if (!spec || group === undefined || !(Number(index) < group.count)) return undefined
  return { group, constraints: [...spec.constraints, ...group.constraints, ...group.tasks.flatMap((task) => task.constraints)] }
}

function meets(board: NodeView, constraint: Constraint): boolean {
  if (constraint.operator !== '=' && constraint.operator !== '!=') throw new Error(`the checker does not know ${constraint.operator}`)
  const [, kind, key] = /^\$\{(attr|label|meta)\.(.*)\}$/.exec(constraint.attribute) ?? []
  if (kind === undefined || key === undefined) throw new Error(`the checker does not know ${constraint.attribute}`)
  const value = (kind === 'attr' ? board.attributes : board.labels)[key]
  return constraint.operator === '=' ? value === constraint.value : value !== constraint.value
}

function loadOf(group: GroupSpec): Load {
  const load = { cpu: 0, memory: 0, disk: group.diskMib }
  for (const task of group.tasks) {
    load.cpu += task.resources.cpuMhz
    load.memory += task.resources.memoryMib
  }
  return load
}

function roomOf(board: NodeView | undefined): Load {
  return { cpu: board?.capacity.cpuMhz ?? 0, memory: board?.capacity.memoryMib ?? 0, disk: board?.capacity.diskMib ?? 0 }
}

function wantedOf(view: View): number {
  let wanted = 0
  for (const job of view.jobs.values()) for (const group of job.spec?.groups ?? []) wanted += job.desired === 'run' ? group.count : 0
  return wanted
}

function lowerBound(view: View, total: Load): number {
  let bound = 0
  for (const d of dimensions) {
    const rooms = [...view.nodes.values()].map((board) => roomOf(board)[d]).sort((a, b) => b - a)
    let rest = total[d]
    let nodes = 0
    for (; rest > 0 && nodes < rooms.length; nodes++) rest -= rooms[nodes] ?? 0
    bound = Math.max(bound, nodes)
  }
  return bound
}

/** Only for spreads over a label, without targets: what the generator makes. */
function skewOf(view: View, placed: readonly Placed[]): number {
  const counts = new Map<string, Map<string, number>>()
  for (const { slot, node } of placed) {
    const attribute = groupOfSlot(view, slot)?.group.spread[0]?.attribute
    const label = /^\$\{label\.(.*)\}$/.exec(attribute ?? '')?.[1]
    if (label === undefined) continue
    const group = slot.slice(0, slot.lastIndexOf('/'))
    const byValue = counts.get(group) ?? new Map<string, number>()
    const value = view.nodes.get(node)?.labels[label] ?? ''
    byValue.set(value, (byValue.get(value) ?? 0) + 1)
    counts.set(group, byValue)
  }
  let skew = 0
  for (const byValue of counts.values()) skew = Math.max(skew, Math.max(...byValue.values()) - Math.min(...byValue.values()))
  return skew
}
