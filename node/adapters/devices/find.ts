// What the board has, as its owner lets jobs have it: candidates and declared devices put together, each piece of hardware once. Whatever is
// not offered is told with its reason.

import { isDeviceKey, isDevicePath, isDeviceUnit, isUnitShared } from '../../../crdt/devices.ts'
import type { FoundDevice } from '../../core/ports.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { type Declared, type OwnerRules, declaredKey, whyNot } from './owner-rules.ts'
import { usbOf } from './hardware.ts'
import type { DeviceTree } from './tree.ts'

export interface Found {
  readonly devices: readonly FoundDevice[]
  /** In words, one for each that is not offered. */
  readonly skipped: readonly string[]
}

/** null: the board cannot be looked at. */
export async function findDevices(tree: DeviceTree, rules: OwnerRules): Promise<Found | null> {
  if (rules.allow.length === 0 && rules.declare.length === 0) return { devices: [], skipped: [] }
  const candidates = await candidatesOf(tree)
  if (candidates === null) return null
  const skipped: string[] = []
  const offered: Placed[] = []
  const take = (one: Placed, isDeclared: boolean): void => {
    const why = faultOf(one, offered) ?? whyNot(rules, one, isDeclared)
    if (why === null) offered.push(one)
    else skipped.push(`${one.vendor}/${one.type}/${one.model} (${one.key}, ${one.path}): ${why}`)
  }
  const declared = await Promise.all(rules.declare.map((one) => declaredAt(tree, one, skipped)))
  for (const one of declared) if (one !== null) take(one, true)
  for (const one of candidates) {
    const node = await tree.node(one.path)
    const here = { ...one, path: node?.path ?? one.path }
    // The owner has said what it is.
    if (declared.some((other) => other !== null && isOne(here, other))) continue
    if (node === null) skipped.push(`${one.key}: there is no ${one.path} yet`)
    else take(here, false)
  }
  return { devices: offered.map(({ unit, ...device }) => (isDeviceUnit(unit) ? { ...device, unit } : device)), skipped }
}

type Placed = Omit<Candidate, 'unit'> & { readonly unit: string | null }

async function declaredAt(tree: DeviceTree, declared: Declared, skipped: string[]): Promise<Placed | null> {
  const node = await tree.node(declared.path)
  if (node === null) {
    skipped.push(`${declared.path}: it is declared, and not there`)
    return null
  }
  const folder = node.number === '' ? null : await tree.real(`/dev/${node.isBlock ? 'block' : 'char'}/${node.number}`)
  return {
    ...declared,
    path: node.path,
    key: declaredKey(declared),
    unit: folder === null ? null : ((await usbOf(tree, folder))?.unit ?? folder),
  }
}

/** The same file, or one lies in the other: a serial port in the USB device that it is a part of. */
function isOne(a: Placed, b: Placed): boolean {
  if (a.path === b.path) return true
  return a.unit !== null && b.unit !== null && isUnitShared(a.unit, b.unit)
}

function faultOf(one: Placed, offered: readonly Placed[]): string | null {
  if (!isDevicePath(one.path)) return 'its path has characters that no list of paths can hold'
  if (!isDeviceKey(one.key)) return 'its place has too long a name'
  const same = offered.find((other) => isOne(one, other) || one.key === other.key)
  return same === undefined ? null : `it is ${same.key}`
}
