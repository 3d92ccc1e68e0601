// Which devices a copy has here, by key, and where they are found, by path. A key is held for as long as its copy is: what a copy has it
// keeps. A path is held while a task may have it open: one that runs or is about to, one on its way out, one of the former form of a copy
// that is updated, one that no claim tells of, and one whose driver has not said yet whether it runs.

import { isDeviceKey, isDevicePath, isDeviceUnit, isUnitShared } from '../../../crdt/devices.ts'
import { compareText } from '../../../crdt/ids.ts'
import { type DeviceNeed, chooseDevices, deviceNeeds } from '../../../scheduler/devices.ts'
import { coreLimits } from '../limits.ts'
import type { AdoptedTask, GrantedDevice } from '../ports.ts'
import { type State, type Step, writeOwnSoon } from '../state.ts'
import { type Alloc, type Body, type TaskRun, isActive } from './alloc.ts'
import { isDisplacedBy } from './room.ts'

/** A device of one request of one task of the copy. */
export interface HeldDevice {
  readonly task: string
  /** Of the request. */
  readonly name: string
  readonly key: string
  /** Where the task was told to find it last; null: it was not yet. */
  readonly path: string | null
  /** Of the device, as found then. */
  readonly unit?: string
}

/** Where a device is found. */
type Place = Pick<HeldDevice, 'path' | 'unit'>

/** Two that have one file, or are one piece of hardware: not to be used at once. */
export function isOnePlace(a: Place, b: Place): boolean {
  return (a.path !== null && a.path === b.path) || (a.unit !== undefined && b.unit !== undefined && isUnitShared(a.unit, b.unit))
}

export function unitOf(unit: string | undefined): Pick<HeldDevice, 'unit'> {
  return unit === undefined ? {} : { unit }
}

export interface Holders {
  readonly keys: ReadonlySet<string>
  /** Those that a task may have open, where it was told to find them. */
  readonly open: readonly (Place & { readonly key: string })[]
  /** Keys that tasks have of which no claim tells. */
  readonly orphaned: ReadonlySet<string>
}

/** Whatever may be in use here, but for one copy and what ends before that starts. */
export function heldHere(state: State, but: Alloc | null): Holders {
  const keys = new Set<string>()
  const open: (Place & { readonly key: string })[] = []
  const orphaned = new Set<string>()
  for (const alloc of state.allocs.values()) {
    if (alloc === but || isDisplacedBy(alloc, but)) continue
    for (const { key } of devicesOf(alloc)) keys.add(key)
    open.push(...openOf(state, alloc))
  }
  const own = new Set([...(but?.body.tasks.values() ?? [])].map(({ id }) => id))
  for (const { id, devices = [] } of [...state.orphans, ...state.leavingOrphans.values()]) {
    // A task of its own that is about to be taken up; one of its former form is in the way like anybody's.
    if (own.has(id)) continue
    for (const one of devices) {
      keys.add(one.key)
      open.push(one)
      orphaned.add(one.key)
    }
  }
  return { keys, open, orphaned }
}

/** Those of the copy whose files a task may have open. */
function openOf(state: State, { body, devices, devicesBefore }: Alloc): readonly HeldDevice[] {
  const open = devices.filter((one) => mayRun(state, body.tasks.get(one.task)))
  return devicesBefore.length === 0 ? open : [...open, ...devicesBefore]
}

/** A driver that did not answer may have started it all the same: what it says next settles that, be it only to another question. */
function mayRun({ untold }: State, task: TaskRun | undefined): boolean {
  if (task === undefined) return false
  const isUnanswered = task.driverDownSince !== null && (task.phase !== 'ready' || task.facts !== null)
  return isActive(task) || isUnanswered || untold.has(task.spec.driver)
}

function devicesOf({ devices, devicesBefore }: Alloc): readonly HeldDevice[] {
  return devicesBefore.length === 0 ? devices : [...devices, ...devicesBefore]
}

/** As its claim tells it. */
export function heldKeys(alloc: Alloc): readonly string[] {
  return [...new Set(devicesOf(alloc).map(({ key }) => key))].sort(compareText)
}

/** Devices for all tasks of the body, those that the copy has first; null: they cannot be had. */
export function grantsFor(state: State, alloc: Alloc, body: Body): readonly HeldDevice[] | null {
  const needs = deviceNeeds(body.group)
  if (needs.length === 0) return []
  const { known } = state.devices
  const others = heldHere(state, alloc)
  const own = devicesOf(alloc)
  const open = [...others.open, ...openOf(state, alloc)]
  const isOwn = (key: string): boolean => own.some((one) => one.key === key)
  const candidates = [...known].map(([key, { device }]) => ({ key, ...device, fault: '' }))
  const grants = chooseDevices(needs, candidates, {
    isFree({ key }) {
      const { path = null, unit, isGone = true } = known.get(key) ?? {}
      if (others.keys.has(key)) return false
      if (isOwn(key)) return true
      return !isGone && !open.some((one) => isOnePlace(one, { path, ...unitOf(unit) }))
    },
    distance: (need, key) => distanceOf(need, key, own) + (known.get(key)?.path == null ? 4 : 0),
  })
  return grants && grants.map((grant) => ({ ...grant, ...placeOf(own, grant.key) }))
}

function distanceOf({ task, ask }: DeviceNeed, key: string, own: readonly HeldDevice[]): number {
  const holders = own.filter((one) => one.key === key)
  if (holders.length === 0) return 1
  return holders.some((one) => one.task === task && one.name === ask.name) ? 0 : 2
}

function placeOf(own: readonly HeldDevice[], key: string): Place {
  const { path = null, unit } = own.find((one) => one.key === key) ?? {}
  return { path, ...unitOf(unit) }
}

export function lackWords(body: Body): string {
  const names = deviceNeeds(body.group).map(({ ask }) => (ask.count === 1 ? ask.name : `${ask.count} × ${ask.name}`))
  return `this board cannot give it ${names.join(', ')}`
}

/**
 * Before tasks start: each device is looked up where it is found now. 'waits': one of them is not there (yet), or its path is still
 * another's. Too long, in words: it is over.
 */
export function findDevices(step: Step, alloc: Alloc, due: readonly TaskRun[]): 'found' | 'moved' | 'waits' | { readonly lacks: string } {
  const { state } = step
  if (deviceNeeds(alloc.body.group).length === 0) return 'found'
  const granted = isGranted(alloc) ? alloc.devices : grantsFor(state, alloc, alloc.body)
  const others = heldHere(state, alloc)
  const lacking = granted === null ? lackWords(alloc.body) : whatLacks(state, alloc, granted, due, others)
  if (lacking !== null || granted === null) return waitFor(step, alloc, lacking ?? '')
  alloc.devicesAwaitedSince = null
  if (alloc.reason.startsWith('device-waits: ')) alloc.reason = ''
  const names = new Set(due.map(({ spec }) => spec.name))
  const found = granted.map((one) =>
    names.has(one.task) ? { task: one.task, name: one.name, key: one.key, ...foundAt(state, one.key) } : one,
  )
  const isMoved = found.length !== alloc.devices.length || found.some((one, at) => !isSameDevice(one, alloc.devices[at]))
  if (!isMoved) return 'found'
  alloc.devices = found
  state.ownStale = true
  return 'moved'
}

function foundAt({ devices }: State, key: string): Place {
  const { path = null, unit } = devices.known.get(key) ?? {}
  return { path, ...unitOf(unit) }
}

function isSameDevice(a: HeldDevice, b: HeldDevice | undefined): boolean {
  return a.key === b?.key && a.path === b.path && a.unit === b.unit && a.task === b.task && a.name === b.name
}

function waitFor(step: Step, alloc: Alloc, words: string): 'waits' | { readonly lacks: string } {
  const { state, now } = step
  // Until somebody has looked nobody knows that it is missing.
  if (alloc.devicesAwaitedSince === null || !state.devices.isSurveyed) alloc.devicesAwaitedSince = now
  if (now - alloc.devicesAwaitedSince >= coreLimits.deviceWaitMsMax) return { lacks: words }
  const before = alloc.reason
  alloc.reason = `device-waits: ${words}`
  if (alloc.reason !== before) writeOwnSoon(step)
  return 'waits'
}

function whatLacks(state: State, alloc: Alloc, granted: readonly HeldDevice[], due: readonly TaskRun[], others: Holders): string | null {
  const names = new Set(due.map(({ spec }) => spec.name))
  for (const { key, task } of granted) {
    if (!names.has(task)) continue
    if (others.keys.has(key)) return `${key} is still another's`
    if (alloc.devicesBefore.some((one) => one.key === key)) return `${key} may still be in use by the former version`
    const { path = null, unit, missingSince = 0 } = state.devices.known.get(key) ?? {}
    if (path === null || missingSince !== null) return `${key} is not there`
    const open = [...others.open, ...openOf(state, alloc)]
    const holder = open.find((one) => one.key !== key && isOnePlace(one, { path, ...unitOf(unit) }))?.key
    if (holder !== undefined) return `${path}, where ${key} is, is still that of ${holder}`
  }
  return null
}

/** Each request of each task has what it asks for. */
function isGranted({ body, devices }: Alloc): boolean {
  return deviceNeeds(body.group).every(
    ({ task, ask }) => devices.filter((one) => one.task === task && one.name === ask.name).length === ask.count,
  )
}

/** What one of its tasks is told. */
export function devicesFor({ devices }: Alloc, { spec }: TaskRun): readonly GrantedDevice[] {
  return devices.flatMap(({ task, name, key, path, unit }) =>
    task === spec.name && path !== null ? [{ name, key, path, ...unitOf(unit) }] : [],
  )
}

/** A task of the copy was found running: what its driver says that it has is what it has. */
export function takeUpDevices(alloc: Alloc, { task, devices = [] }: AdoptedTask, isLeaving = false): void {
  if (devices.length === 0) return
  const held = devices.map((one) => ({ task, ...one }))
  if (isLeaving) alloc.devicesBefore = [...alloc.devicesBefore, ...held]
  else alloc.devices = [...alloc.devices.filter((one) => one.task !== task), ...held]
}

/** A driver has said what it runs: what is left of former forms is known from that, and not from the record. */
export function forgetFormer({ allocs, untold }: State): void {
  for (const alloc of allocs.values())
    if (alloc.leaving.size === 0 && [...alloc.body.tasks.values()].every(({ spec }) => !untold.has(spec.driver))) alloc.devicesBefore = []
}

/** From the journal: what is no device is passed over. */
export function readHeldDevices(value: unknown): readonly HeldDevice[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one: Partial<HeldDevice> | null): readonly HeldDevice[] => {
    const { task, name, key, path = null, unit } = one ?? {}
    if (typeof task !== 'string' || typeof name !== 'string' || !isDeviceKey(key)) return []
    return [{ task, name, key, path: isDevicePath(path) ? path : null, ...(isDeviceUnit(unit) && { unit }) }]
  })
}
