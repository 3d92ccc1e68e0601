// What claims hold of one node, as a sum.

import type { Resources } from '../crdt/view.ts'

export interface Held extends Resources {
  readonly allocs: number
  /** Ports held inside the node's dynamic range. */
  readonly dynamicPorts: number
  /** Port → how many holders (a second one only in disorder). */
  readonly ports: ReadonlyMap<number, number>
  /** Key → how many holders, the same. */
  readonly devices: ReadonlyMap<string, number>
}

export const nothingHeld: Held = { cpuMhz: 0, memoryMib: 0, diskMib: 0, allocs: 0, dynamicPorts: 0, ports: new Map(), devices: new Map() }

export function plus(a: Held, b: Held): Held {
  return {
    cpuMhz: a.cpuMhz + b.cpuMhz,
    memoryMib: a.memoryMib + b.memoryMib,
    diskMib: a.diskMib + b.diskMib,
    allocs: a.allocs + b.allocs,
    dynamicPorts: a.dynamicPorts + b.dynamicPorts,
    ports: counted(a.ports, b.ports),
    devices: counted(a.devices, b.devices),
  }
}

function counted<K>(a: ReadonlyMap<K, number>, b: ReadonlyMap<K, number>): ReadonlyMap<K, number> {
  if (b.size === 0) return a
  if (a.size === 0) return b
  const sum = new Map(a)
  for (const [key, holders] of b) sum.set(key, (sum.get(key) ?? 0) + holders)
  return sum
}
