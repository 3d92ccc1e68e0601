// What one copy of a group asks of its node. The node that claims chooses dynamic ports; the plan only counts them.

import { type GroupSpec, resourcesAtOnce } from '../crdt/spec.ts'

export interface Ask {
  readonly cpuMhz: number
  readonly memoryMib: number
  readonly diskMib: number
  readonly staticPorts: readonly number[]
  readonly dynamicPorts: number
}

export function askOf(group: GroupSpec): Ask {
  const { cpuMhz, memoryMib } = resourcesAtOnce(group.tasks)
  const staticPorts: number[] = []
  for (const port of group.network.ports) if (port.static !== null) staticPorts.push(port.static)
  return { cpuMhz, memoryMib, diskMib: group.diskMib, staticPorts, dynamicPorts: group.network.ports.length - staticPorts.length }
}
