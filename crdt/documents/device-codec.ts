// Devices as registers of a node document: one for each device, and one for each claim that holds some, all below `x/`, where agents that
// do not know of devices pass them on. So whatever stands there must be borne: what is no device is passed over.

import { type Device, deviceLimits, isDeviceKey, isDeviceWord } from '../devices.ts'
import { compareText } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import type { Claim } from '../view.ts'
import { decodePart, encodePart, isCanonicalPart } from './path-part.ts'
import { readTexts } from './placement-codec.ts'
import { type RegisterTree, child, namesOf } from './register-tree.ts'
import { hasControls } from './text-size.ts'

type Out = Map<string, Scalar>

export const heldPath = (slot: string): string => `x/devices_held/${slot}`

export function writeDevices(out: Out, devices: readonly Device[]): void {
  for (const { key, type, vendor, model, fault, attributes } of devices) {
    const entries = Object.entries(attributes).sort(([a], [b]) => compareText(a, b))
    out.set(`x/device/${encodePart(key)}`, JSON.stringify([type, vendor, model, fault, ...entries.flat()]))
  }
}

export function writeHeld(out: Out, { slot, devices = [] }: Claim): void {
  if (devices.length > 0) out.set(heldPath(slot), JSON.stringify(devices))
}

/** In order of key, so many as a board may have. */
export function readDevices(tree: RegisterTree | undefined): readonly Device[] {
  const keys = namesOf(tree).filter((part) => isCanonicalPart(part) && isDeviceKey(decodePart(part)))
  const found = keys.flatMap((part): readonly Device[] => {
    const device = readDevice(decodePart(part), child(tree, part)?.value)
    return device === null ? [] : [device]
  })
  return found.sort((a, b) => compareText(a.key, b.key)).slice(0, deviceLimits.devicesMax)
}

function readDevice(key: string, value: Scalar | undefined): Device | null {
  const [type = '', vendor = '', model = '', fault = '', ...rest] = readTexts(value ?? '') ?? []
  if (![type, vendor, model].every(isDeviceWord) || hasControls(fault) || rest.length > 2 * deviceLimits.attributesMax) return null
  const attributes: [string, string][] = []
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const [name = '', text = ''] = rest.slice(at, at + 2)
    if (isDeviceWord(name) && !hasControls(text)) attributes.push([name, text.slice(0, deviceLimits.attributeCharsMax)])
  }
  return { key, type, vendor, model, fault, attributes: Object.fromEntries(attributes) }
}

/** Sorted, each once; none: the claim says nothing of devices. */
export function readHeld(tree: RegisterTree | undefined): Pick<Claim, 'devices'> {
  const keys = [...new Set((readTexts(tree?.value ?? '') ?? []).filter(isDeviceKey))]
  return keys.length === 0 ? {} : { devices: keys.sort(compareText).slice(0, deviceLimits.devicesMax) }
}
