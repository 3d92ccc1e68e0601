// Choosing the ports of a claim: static ones as the specification says, dynamic ones by this node out of its own range. Whether
// a port is really free only the board knows: the driver says so when the task starts, and the next one is tried.

import type { GroupSpec } from '../../../crdt/spec.ts'
import { nextBelow, type Random } from '../random.ts'

/** Label → port; null when the range has no free port left. Ports that `keep` already has stay. */
export function choosePorts(
  group: GroupSpec,
  range: readonly [number, number],
  taken: ReadonlySet<number>,
  keep: Readonly<Record<string, number>>,
  random: Random,
): Record<string, number> | null {
  const chosen: Record<string, number> = {}
  const used = new Set(taken)
  for (const { static: number } of group.network.ports) if (number !== null) used.add(number)
  for (const port of group.network.ports) {
    const kept = keep[port.label]
    const number = port.static ?? (kept !== undefined && !used.has(kept) ? kept : freePort(range, used, random))
    if (number === null) return null
    used.add(number)
    chosen[port.label] = number
  }
  return chosen
}

/**
 * What a claim holds before a form runs: static ports at once, or the plan would give them to others meanwhile, and what only the former
 * tasks have, which make way for it, until the new ones start.
 */
export function portsToCome(group: GroupSpec, held: Readonly<Record<string, number>>): Record<string, number> {
  const ports: Record<string, number> = {}
  for (const { label, static: number } of group.network.ports) {
    const port = number ?? held[label]
    if (port !== undefined) ports[label] = port
  }
  const leaving = Object.entries(held).filter(([, port]) => !Object.values(ports).includes(port))
  for (const [label, port] of leaving) ports[labelFor(ports, label, port)] = port
  return ports
}

/** A new form may use the label for another port. */
function labelFor(ports: Readonly<Record<string, number>>, label: string, port: number): string {
  for (let free = label, n = 0; ; free = `former-${port}${n++ === 0 ? '' : `-${n}`}`) if (!(free in ports)) return free
}

function freePort(range: readonly [number, number], used: ReadonlySet<number>, random: Random): number | null {
  const [first, last] = range
  const width = last - first + 1
  const offset = nextBelow(random, width)
  for (let i = 0; i < width; i++) {
    const port = first + ((offset + i) % width)
    if (!used.has(port)) return port
  }
  return null
}
