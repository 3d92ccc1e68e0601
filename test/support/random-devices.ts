// Devices for pools that change at random: what boards have, what tasks ask, and what claims hold, also where that is in disorder.

import type { Device, DeviceAsk } from '../../crdt/devices.ts'

type Next = () => number

const keys = ['d0', 'd1', 'd2']
const pick = <T>(items: readonly T[], next: Next): T => items[Math.floor(next() * items.length)] as T

export function randomDevices(next: Next): { devices: readonly Device[] } {
  const there = keys.filter(() => next() < 0.6)
  const more = { type: 'serial', vendor: 'v', attributes: {} }
  return { devices: there.map((key) => ({ key, ...more, model: pick(['m0', 'm0', 'm1'], next), fault: pick(['', '', 'odd'], next) })) }
}

export function randomAsks(next: Next): { devices?: readonly DeviceAsk[] } {
  return next() < 0.15 ? { devices: [{ name: 'serial', count: pick([1, 1, 2], next), constraints: [] }] } : {}
}

export function randomHeld(next: Next): { devices?: readonly string[] } {
  return next() < 0.15 ? { devices: [pick(keys, next)] } : {}
}
