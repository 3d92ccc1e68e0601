// Whether a node can take a copy of a group, and if not, why: the first reason in a fixed order. Nothing here prefers one
// node over another; that is the score's job.

import type { NodeId } from '../crdt/ids.ts'
import type { Device } from '../crdt/devices.ts'
import { type Claim, type Resources, hasEnded } from '../crdt/view.ts'
import { type Boards, driverState, keyOf } from './boards.ts'
import { chooseDevices } from './devices.ts'
import type { Group, GroupRules } from './group.ts'
import { type Held, nothingHeld } from './held.ts'
import { schedulerLimits as limits } from './limits.ts'
import { isFull } from './properties.ts'
import type { Rejection } from './types.ts'
import { type Usage, devicesFor, holdersOf, portsOfClaim } from './usage.ts'

/** What does not change while the plan is made: the node itself, pool, constraints, drivers. */
export function fixedRejection(group: GroupRules, boards: Boards, index: number): Rejection | null {
  return fixedRejections(group, boards)(index)
}

/** The same of many nodes. */
export function fixedRejections(group: GroupRules, boards: Boards): (index: number) => Rejection | null {
  const rejects = unsuited(group, boards)
  return (index) => boards.closed[index] ?? rejects(index)
}

/** Pool, constraints and drivers alone: also for a copy that is there already and shall be updated in place. */
export function suitRejection(group: GroupRules, boards: Boards, index: number): Rejection | null {
  return unsuited(group, boards)(index)
}

/** Indices of the nodes without a fixed rejection. Most groups ask the same of a node: they share the answer. */
export function feasibleNodes(group: GroupRules, boards: Boards): Int32Array {
  const question = JSON.stringify([group.spec.pool, group.constraints.map(keyOf), group.drivers, group.ask.devices])
  const known = boards.feasible.get(question)
  if (known !== undefined) return known
  const rejects = unsuited(group, boards)
  const found: number[] = []
  for (let index = 0; index < boards.ids.length; index++) if (boards.closed[index] === null && rejects(index) === null) found.push(index)
  const answer = Int32Array.from(found)
  if (boards.feasible.size >= limits.feasibleMax) boards.feasible.clear()
  boards.feasible.set(question, answer)
  return answer
}

function unsuited(group: GroupRules, boards: Boards): (index: number) => Rejection | null {
  const meets = meetsConstraints(group, boards)
  const drivers = group.drivers.map((driver) => boards.driver(driver))
  const devices = group.ask.devices.length === 0 ? null : boards.devices(group.ask.devices)
  return (index) => {
    if (!meets(index)) return boards.nodes[index]?.pool === group.spec.pool ? 'constraint' : 'wrong-pool'
    for (const driver of drivers) {
      if (driver[index] === driverState.missing) return 'driver-missing'
      if (driver[index] === driverState.unhealthy) return 'driver-unhealthy'
    }
    if (devices !== null && devices[index] !== 1) return 'device-missing'
    return null
  }
}

function meetsConstraints(group: GroupRules, boards: Boards): (index: number) => boolean {
  const columns = group.constraints.map((constraint) => boards.column(constraint))
  return (index) => {
    if (boards.nodes[index]?.pool !== group.spec.pool) return false
    for (const column of columns) if (column[index] !== 1) return false
    return true
  }
}

/** `partition: half`: whether this side sees at least half of the nodes that could ever run the group. Many groups ask the same. */
export function seesHalf(group: GroupRules, boards: Boards): boolean {
  const question = JSON.stringify([group.spec.pool, group.constraints.map(keyOf)])
  const known = boards.electorate.get(question)
  if (known !== undefined) return known
  const answer = countHalf(group, boards)
  if (boards.electorate.size >= limits.columnsMax) boards.electorate.clear()
  boards.electorate.set(question, answer)
  return answer
}

function countHalf(group: GroupRules, boards: Boards): boolean {
  const meets = meetsConstraints(group, boards)
  let total = 0
  let alive = 0
  for (const [index, node] of boards.nodes.entries()) {
    if (node.evicted || node.liveness === 'left' || !node.eligible || !meets(index)) continue
    total++
    if (node.liveness === 'alive') alive++
  }
  return alive * 2 >= total
}

/** Nodes of the slot's own copies. */
export function nodesOf(claims: readonly Claim[]): NodeId[] {
  return claims.filter((claim) => !hasEnded(claim)).map((claim) => claim.node)
}

/** A node that has a claim on the slot that has not ended cannot claim it again: claims are keyed by slot. */
export function holdsSlot(claims: readonly Claim[], node: NodeId): boolean {
  for (const claim of claims) if (claim.node === node && !hasEnded(claim)) return true
  return false
}

/** Other copies, ports and room, as the plan stands now. */
export function roomRejection(group: Group, boards: Boards, usage: Usage, index: number): Rejection | null {
  return apartRejection(group, index) ?? spaceRejection(group, boards, usage, index, nothingHeld)
}

/** Copies of its own job that are too near. */
export function apartRejection(group: Group, index: number): Rejection | null {
  if (group.distinct !== 'no') {
    const copies = group.distinct === 'job' ? group.jobCopies() : group.copies()
    if ((copies.get(index) ?? 0) > 0) return 'distinct-hosts'
  }
  for (const property of group.properties()) if (isFull(property, index)) return 'distinct-property'
  return null
}

/** What there is too little of; `freed`: what others there give back first. */
export function spaceRejection(group: GroupRules, boards: Boards, usage: Usage, index: number, freed: Held): Rejection | null {
  if ((usage.allocs[index] ?? 0) - freed.allocs >= (boards.nodes[index]?.allocsMax ?? Number.MAX_SAFE_INTEGER)) return 'max-allocs'
  for (const port of group.ask.staticPorts) if (holdersOf(usage, index, port) - (freed.ports.get(port) ?? 0) > 0) return 'port-taken'
  if (!hasDynamicPorts(group, boards, usage, index, freed)) return 'port-taken'
  const devices = deviceRejection(group, boards, usage, index, [], freed)
  if (devices !== null) return devices
  return resourceRejection(group, boards, usage, index, freed)
}

function hasDynamicPorts(group: GroupRules, boards: Boards, usage: Usage, index: number, freed: Held): boolean {
  if (group.ask.dynamicPorts === 0) return true
  const [low, high] = boards.nodes[index]?.dynamicPorts ?? [1, 0]
  return (usage.dynamicPorts[index] ?? 0) - freed.dynamicPorts + group.ask.dynamicPorts <= high - low + 1
}

/** `own`: what the copy has already. */
function deviceRejection(
  { ask }: GroupRules,
  boards: Boards,
  usage: Usage,
  index: number,
  own: readonly string[],
  freed: Held = nothingHeld,
): Rejection | null {
  if (ask.devices.length === 0 || devicesFor(usage, boards, index, ask, own, freed.devices) !== null) return null
  const isWell = ({ fault }: Device): boolean => fault === ''
  return chooseDevices(ask.devices, boards.nodes[index]?.devices ?? [], { isFree: isWell }) === null ? 'device-faulty' : 'device-taken'
}

function resourceRejection(group: GroupRules, boards: Boards, usage: Usage, index: number, held: Resources): Rejection | null {
  const { capacity } = boards
  const { ask } = group
  if ((usage.cpuMhz[index] ?? 0) + ask.cpuMhz - held.cpuMhz > (capacity.cpuMhz[index] ?? 0)) return 'cpu-exhausted'
  if ((usage.memoryMib[index] ?? 0) + ask.memoryMib - held.memoryMib > (capacity.memoryMib[index] ?? 0)) return 'memory-exhausted'
  if ((usage.diskMib[index] ?? 0) + ask.diskMib - held.diskMib > (capacity.diskMib[index] ?? 0)) return 'disk-exhausted'
  return null
}

/** Why a copy cannot take the form in force where it is; its own share of the node counts as free. */
export function inPlaceRejection(group: GroupRules, boards: Boards, usage: Usage, index: number, claim: Claim): Rejection | null {
  const unsuited = suitRejection(group, boards, index)
  if (unsuited !== null) return unsuited
  const own = portsOfClaim(claim, group.ask)
  for (const port of group.ask.staticPorts) {
    const others = holdersOf(usage, index, port) - (own.includes(port) ? 1 : 0)
    if (others > 0) return 'port-taken'
  }
  const devices = deviceRejection(group, boards, usage, index, claim.devices ?? [])
  if (devices !== null) return devices
  return resourceRejection(group, boards, usage, index, claim.resources ?? group.ask)
}
