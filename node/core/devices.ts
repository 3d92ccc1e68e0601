// The board's devices: which there are, and what its document tells of them. Looks at the board come as events; a device that one of them
// misses stays told for a while, since adapters fall off a bus and come back, but never beside another one that is found at its path. Paths
// change from look to look and are in no document. docs/adr/0034

import { type Device, deviceLimits, isDeviceKey, isDevicePath, isDeviceWord } from '../../crdt/devices.ts'
import { compareText } from '../../crdt/ids.ts'
import { heldHere, isOnePlace, unitOf } from './allocs/devices.ts'
import type { KnownDevice } from './device-state.ts'
import { coreLimits } from './limits.ts'
import type { FoundDevice } from './ports.ts'
import { type State, type Step, note, writeOwnSoon } from './state.ts'

/** After a boot: what the board knew, wherever that may be found now. */
export function recallDevices({ devices }: State, told: readonly Device[]): void {
  for (const { key, type, vendor, model, attributes } of told)
    devices.known.set(key, { device: { type, vendor, model, attributes }, path: null, missingSince: null, isGone: false })
}

/** What a look at the whole board has found. */
export function surveyed(step: Step, found: readonly FoundDevice[]): void {
  const { state, now } = step
  const { known } = state.devices
  const present = presentOf(step, found)
  const there = [...present.values()]
  for (const [key, one] of known) {
    if (present.has(key)) continue
    const isGone = one.isGone || there.some((other) => isOnePlace(one, other))
    known.set(key, { ...one, missingSince: one.missingSince ?? now, isGone })
  }
  for (const [key, { path, unit, type, vendor, model, attributes }] of present)
    known.set(key, { device: { type, vendor, model, attributes }, path, ...unitOf(unit), missingSince: null, isGone: false })
  state.devices.isSurveyed = true
  forgetGone(step)
  writeOwnSoon(step)
}

/** By key: each once, each path once, so many as a document holds. Who was there before goes first. */
function presentOf(step: Step, found: readonly FoundDevice[]): ReadonlyMap<string, FoundDevice> {
  const { devices } = step.state
  const isKept = ({ key, path }: FoundDevice): number => (devices.known.get(key)?.path === path ? 0 : devices.known.has(key) ? 1 : 2)
  const sound = found.filter(
    ({ key, path, type, vendor, model }) => isDeviceKey(key) && isDevicePath(path) && [type, vendor, model].every(isDeviceWord),
  )
  const present = new Map<string, FoundDevice>()
  const paths = new Set<string>()
  let leftOut = 0
  for (const one of sound.toSorted((a, b) => isKept(a) - isKept(b) || compareText(a.key, b.key) || compareText(a.path, b.path))) {
    if (present.has(one.key) || paths.has(one.path)) continue
    if (present.size >= deviceLimits.devicesMax) {
      leftOut++
      continue
    }
    present.set(one.key, one)
    paths.add(one.path)
  }
  if (leftOut !== devices.leftOut && leftOut > 0)
    note(step, `${leftOut} devices are more than the ${deviceLimits.devicesMax} that a board can have, and are given to nobody`, 'warn')
  devices.leftOut = leftOut
  return present
}

/** Those that have been missing for long are gone; and who is gone and held by nobody was never there. */
export function devicesDue(step: Step): void {
  const { known } = step.state.devices
  let isChanged = false
  for (const [key, one] of known) {
    if (one.isGone || one.missingSince === null || step.now - one.missingSince < coreLimits.deviceMissedMsMax) continue
    known.set(key, { ...one, isGone: true })
    isChanged = true
  }
  if (forgetGone(step) || isChanged) writeOwnSoon(step)
}

/** True: one of them was. */
function forgetGone({ state }: Step): boolean {
  const { known } = state.devices
  const gone = [...known].filter(([, { isGone }]) => isGone)
  if (gone.length === 0) return false
  const { keys } = heldHere(state, null)
  const left = gone.filter(([key]) => !keys.has(key))
  for (const [key] of left) known.delete(key)
  return left.length > 0
}

export function devicesDeadline({ devices }: State): number {
  let at = Number.MAX_SAFE_INTEGER
  for (const { isGone, missingSince } of devices.known.values())
    if (!isGone && missingSince !== null) at = Math.min(at, missingSince + coreLimits.deviceMissedMsMax)
  return at
}

/** As the own document tells them, in order of key. */
export function toldDevices(state: State): readonly Device[] {
  const { known } = state.devices
  if (known.size === 0) return []
  const held = heldHere(state, null)
  const keys = [...known.keys()].sort(compareText).slice(0, deviceLimits.devicesMax)
  return keys.map((key) => ({ key, ...known.get(key)!.device, fault: faultOf(known.get(key)!, key, held) }))
}

/** Why nobody new can get it, besides the claims that name it. */
function faultOf({ isGone, path, unit }: KnownDevice, key: string, held: ReturnType<typeof heldHere>): string {
  if (isGone) return 'it is not there'
  if (held.orphaned.has(key)) return 'a task that no claim tells of still has it'
  const holder = held.open.find((one) => one.key !== key && isOnePlace(one, { path, ...unitOf(unit) }))?.key
  return holder === undefined ? '' : `a copy still has ${holder}, which was found at its path before`
}
