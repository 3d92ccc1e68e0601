// What is taken of each node while one plan is made: what its claims hold (`holdings.ts`), and what the plan's own candidates add.

import { type Claim, type NodeView } from '../crdt/view.ts'
import type { Ask } from './ask.ts'
import type { Boards } from './boards.ts'
import { type DeviceGrant, chooseDevices } from './devices.ts'
import type { ScoreTable } from './scores.ts'

export interface Usage {
  readonly cpuMhz: Float64Array
  readonly memoryMib: Float64Array
  readonly diskMib: Float64Array
  /** Copies, of whichever job. */
  readonly allocs: Int32Array
  /** Ports held inside the node's dynamic range. */
  readonly dynamicPorts: Int32Array
  /** By node: port → how many claims hold it. Never changed here. */
  readonly ports: readonly (ReadonlyMap<number, number> | undefined)[]
  /** `portKey` → how many candidates hold it. */
  readonly added: Map<number, number>
  /** By node: key of a device → how many claims hold it. Never changed here. */
  readonly devices: readonly (ReadonlyMap<string, number> | undefined)[]
  /** By node: keys of devices that candidates hold. */
  readonly addedDevices: Map<number, Set<string>>
  /** Nodes of which the plan has taken something, as often as it did, in that order. */
  readonly changes: number[]
  /** What groups have asked at least once (`scores.ts`). */
  readonly asked: Set<string>
  /** By what their groups ask, if more than one asks it. */
  readonly tables: Map<string, ScoreTable>
}

/** How many have the port on the node. */
export function holdersOf(usage: Usage, index: number, port: number): number {
  return (usage.ports[index]?.get(port) ?? 0) + (usage.added.get(portKey(index, port)) ?? 0)
}

/**
 * The ports that a claim names. Before it runs it may not have named any: then those that its group asks for by number. One that runs
 * without ports is of a form that wants none, whatever the form in force asks for.
 */
export function portsOfClaim(claim: Claim, ask: Ask | undefined): readonly number[] {
  const named = Object.values(claim.ports)
  return named.length > 0 || claim.state === 'running' ? named : (ask?.staticPorts ?? [])
}

/** A candidate of the plan, as if it had claimed. */
export function holdAsk(usage: Usage, boards: Boards, index: number, ask: Ask): void {
  usage.changes.push(index)
  addResources(usage, index, ask)
  usage.allocs[index] = (usage.allocs[index] ?? 0) + 1
  const node = boards.nodes[index]
  if (node !== undefined) for (const port of ask.staticPorts) holdPort(usage, index, node, port)
  usage.dynamicPorts[index] = (usage.dynamicPorts[index] ?? 0) + ask.dynamicPorts
  holdDevices(usage, boards, index, ask, [])
}

/** What a copy would get now, after others gave back what is `freed`; it keeps what it has. null: there are none, or not enough. */
export function devicesFor(
  usage: Usage,
  boards: Boards,
  index: number,
  { devices: needs }: Ask,
  own: readonly string[],
  freed: ReadonlyMap<string, number> = new Map(),
): readonly DeviceGrant[] | null {
  const held = usage.devices[index]
  const added = usage.addedDevices.get(index)
  return chooseDevices(needs, boards.nodes[index]?.devices ?? [], {
    isFree: ({ key, fault }) => {
      const isOwn = own.includes(key)
      return (fault === '' || isOwn) && (held?.get(key) ?? 0) - (freed.get(key) ?? 0) - (isOwn ? 1 : 0) <= 0 && added?.has(key) !== true
    },
    distance: (_, key) => (own.includes(key) ? 0 : 1),
  })
}

function holdDevices(usage: Usage, boards: Boards, index: number, ask: Ask, own: readonly string[]): void {
  if (ask.devices.length === 0) return
  const keys = new Set(usage.addedDevices.get(index))
  for (const { key } of devicesFor(usage, boards, index, ask, own) ?? []) if (!own.includes(key)) keys.add(key)
  usage.addedDevices.set(index, keys)
}

/** An update in place: what it needs beyond what its claim holds already. Never less than nothing, as the old form still runs. */
export function holdGrowth(usage: Usage, boards: Boards, index: number, claim: Claim, ask: Ask): void {
  const held = claim.resources ?? ask
  usage.changes.push(index)
  addResources(usage, index, {
    cpuMhz: Math.max(0, ask.cpuMhz - held.cpuMhz),
    memoryMib: Math.max(0, ask.memoryMib - held.memoryMib),
    diskMib: Math.max(0, ask.diskMib - held.diskMib),
  })
  const node = boards.nodes[index]
  const own = portsOfClaim(claim, ask)
  if (node !== undefined) for (const port of ask.staticPorts) if (!own.includes(port)) holdPort(usage, index, node, port)
  holdDevices(usage, boards, index, ask, claim.devices ?? [])
}

function addResources(usage: Usage, index: number, held: Pick<Ask, 'cpuMhz' | 'memoryMib' | 'diskMib'>): void {
  usage.cpuMhz[index] = (usage.cpuMhz[index] ?? 0) + held.cpuMhz
  usage.memoryMib[index] = (usage.memoryMib[index] ?? 0) + held.memoryMib
  usage.diskMib[index] = (usage.diskMib[index] ?? 0) + held.diskMib
}

function holdPort(usage: Usage, index: number, node: NodeView, port: number): void {
  const key = portKey(index, port)
  usage.added.set(key, (usage.added.get(key) ?? 0) + 1)
  if (isDynamic(node, port)) usage.dynamicPorts[index] = (usage.dynamicPorts[index] ?? 0) + 1
}

export function isDynamic(node: NodeView, port: number): boolean {
  return port >= node.dynamicPorts[0] && port <= node.dynamicPorts[1]
}

/** Ports are below 2^16, so that a node's index and a port fit into one integer. */
function portKey(index: number, port: number): number {
  return index * 65_536 + port
}
