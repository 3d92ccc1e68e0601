// Jobs of type `system` and `sysbatch`: each node that suits has a slot of its own, which nobody else can fill. Which nodes suit follows from what they
// are (pool, constraints, drivers), not from whether they are here or well: a slot does not go because its node sleeps.

import { type NodeId, type SlotId, slotId, slotParts } from '../crdt/ids.ts'
import { isRunOnce } from '../crdt/spec.ts'
import { type Claim, type View, hasEnded } from '../crdt/view.ts'
import { type Boards, driverState, keyOf } from './boards.ts'
import type { GroupRules } from './group.ts'
import { schedulerLimits as limits } from './limits.ts'

/** Node indices, ascending. */
export interface Suited {
  readonly all: Int32Array
  /** They have no such driver or devices, or none that they have told of yet: what runs there stays, and nothing new comes. */
  readonly withoutDriver: Int32Array
}

/** The same object until a node changes what it is. Most groups ask the same of a node: they share the answer. */
export function suitedNodes(rules: GroupRules, boards: Boards): Suited {
  const question = JSON.stringify([rules.spec.pool, rules.constraints.map(keyOf), rules.drivers, rules.ask.devices])
  const known = boards.suited.get(question)
  if (known !== undefined) return known
  const columns = rules.constraints.map((constraint) => boards.column(constraint))
  const drivers = rules.drivers.map((driver) => boards.driver(driver))
  const devices = rules.ask.devices.length === 0 ? null : boards.devices(rules.ask.devices)
  const [all, withoutDriver]: [number[], number[]] = [[], []]
  for (const [index, node] of boards.nodes.entries()) {
    if (node.evicted || node.liveness === 'left' || node.pool !== rules.spec.pool) continue
    const isWithout = drivers.some((driver) => driver[index] === driverState.missing) || (devices !== null && devices[index] !== 1)
    if (isWithout) withoutDriver.push(index)
    else if (columns.every((column) => column[index] === 1)) all.push(index)
  }
  const answer = { all: Int32Array.from(all), withoutDriver: Int32Array.from(withoutDriver) }
  if (boards.suited.size >= limits.feasibleMax) boards.suited.clear()
  boards.suited.set(question, answer)
  return answer
}

/** The group's slots, in order of node. */
export function nodeSlots(rules: GroupRules, boards: Boards, claims: View['claims']): readonly SlotId[] {
  if (rules.group.count === 0) return []
  const { all, withoutDriver } = suitedNodes(rules, boards)
  const slotAt = (index: number): SlotId => slotId(rules.job.id, rules.group.name, boards.ids[index] as NodeId)
  const kept = withoutDriver.filter((index) => claims.get(slotAt(index))?.some((claim) => !hasEnded(claim)) === true)
  const indices = kept.length === 0 ? all : Int32Array.from([...all, ...kept]).sort()
  return Array.from(indices, slotAt)
}

/** Index of the node whose slot it is. */
export function ownerOf(slot: SlotId, boards: Boards): number {
  const { node } = slotParts(slot)
  return node === null ? -1 : (boards.indexOf.get(node) ?? -1)
}

/**
 * The node's copies of system jobs that go now because it drains: last, once nothing else of the node is left, and not at all if the
 * operator said so. Those that end by themselves are waited for.
 */
export function mustLeave(self: NodeId, own: ReadonlyMap<SlotId, Claim>, view: View): ReadonlySet<SlotId> {
  const node = view.nodes.get(self)
  const leaving = new Set<SlotId>()
  if (node?.draining !== true || node.drainIgnoresSystem === true) return leaving
  for (const claim of own.values()) {
    if (hasEnded(claim)) continue
    const { job, node: owner } = slotParts(claim.slot)
    const spec = view.jobs.get(job)?.spec
    const ends = spec != null && isRunOnce(spec) && claim.startedAt > 0
    if (owner === null || ends) return new Set()
    leaving.add(claim.slot)
  }
  return leaving
}
