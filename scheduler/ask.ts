// What one copy of a group asks of its node. The node that claims chooses dynamic ports; the plan only counts them.

import { type GroupSpec, resourcesAtOnce } from '../crdt/spec.ts'
import { type DeviceNeed, deviceNeeds } from './devices.ts'

export interface Ask {
  readonly cpuMhz: number
  readonly memoryMib: number
  readonly diskMib: number
  readonly staticPorts: readonly number[]
  readonly dynamicPorts: number
  readonly devices: readonly DeviceNeed[]
}

export function askOf(group: GroupSpec): Ask {
  const { cpuMhz, memoryMib } = resourcesAtOnce(group.tasks)
  const staticPorts: number[] = []
  for (const port of group.network.ports) if (port.static !== null) staticPorts.push(port.static)
  const dynamicPorts = group.network.ports.length - staticPorts.length
  return { cpuMhz, memoryMib, diskMib: group.diskMib, staticPorts, dynamicPorts, devices: deviceNeeds(group) }
}
