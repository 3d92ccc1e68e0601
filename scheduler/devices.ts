// Which devices of a board a copy gets. The plan asks it of every board, and the board that claims asks it of itself: both give the same
// answer to the same question. All instances of one request are of one model, and no device is given twice.

import { type Device, type DeviceAsk, isNamed, modelOf } from '../crdt/devices.ts'
import { compareText } from '../crdt/ids.ts'
import type { GroupSpec } from '../crdt/spec.ts'
import { testFor } from './constraints.ts'
import { schedulerLimits as limits } from './limits.ts'

/** One request of one task. */
export interface DeviceNeed {
  readonly task: string
  readonly ask: DeviceAsk
  readonly suits: (device: Device) => boolean
}

export interface DeviceGrant {
  readonly task: string
  /** Of the request. */
  readonly name: string
  readonly key: string
}

export interface DeviceChoice {
  readonly isFree: (device: Device) => boolean
  /** What the copy has: 0 for what the need has itself, 1 for what no need has, 2 for another's. The lowest are taken first. */
  readonly distance?: (need: DeviceNeed, key: string) => number
}

export function deviceNeeds({ tasks }: Pick<GroupSpec, 'tasks'>): readonly DeviceNeed[] {
  return tasks.flatMap(({ name: task, devices = [] }) => devices.map((ask) => ({ task, ask, suits: suitsAsk(ask) })))
}

function suitsAsk({ name, constraints }: DeviceAsk): (device: Device) => boolean {
  const tests = constraints.map((constraint) => testFor(constraint, deviceValue))
  return (device) => isNamed(name, device) && tests.every((test) => test(device))
}

function deviceValue(target: string, device: Device): string | undefined {
  switch (target) {
    case 'device.key':
      return device.key
    case 'device.type':
      return device.type
    case 'device.vendor':
      return device.vendor
    case 'device.model':
      return device.model
  }
  if (!target.startsWith('device.attr.')) return undefined
  const name = target.slice('device.attr.'.length)
  return Object.hasOwn(device.attributes, name) ? device.attributes[name] : undefined
}

/** In order of the needs; null: they cannot all be had. */
export function chooseDevices(
  needs: readonly DeviceNeed[],
  devices: readonly Device[],
  choice: DeviceChoice,
): readonly DeviceGrant[] | null {
  const free = devices.filter(choice.isFree)
  const open = needs.map((need) => ({ need, devices: free.filter(need.suits) }))
  if (open.some(({ need, devices: suited }) => suited.length < need.ask.count)) return null
  const suited = new Set(open.flatMap((one) => one.devices.map(({ key }) => key)))
  if (suited.size < needs.reduce((sum, { ask }) => sum + ask.count, 0)) return null
  const wantedBy = (key: string): number => open.filter(({ devices: suited }) => suited.some((one) => one.key === key)).length
  const distance = choice.distance ?? (() => 1)
  const ordered = open.map(({ need, devices: suited }): Open => {
    const rank = new Map(suited.map(({ key }) => [key, distance(need, key) * needs.length * 2 + wantedBy(key)]))
    const nearest = suited.toSorted((a, b) => (rank.get(a.key) ?? 0) - (rank.get(b.key) ?? 0) || compareText(a.key, b.key))
    return { need, models: byModel(nearest) }
  })
  // Who has the least choice chooses first.
  ordered.sort((a, b) => sizeOf(a) - sizeOf(b))
  const classes = new Map(
    [...suited].map((key) => [key, open.map((one) => (one.devices.some((it) => it.key === key) ? '1' : '0')).join('')]),
  )
  const found = search(ordered, new Set(), { left: limits.deviceStepsMax, classOf: (key) => classes.get(key) ?? '' })
  if (found === null) return null
  return needs.flatMap((need) =>
    (found.get(need) ?? []).toSorted(compareText).map((key) => ({ task: need.task, name: need.ask.name, key })),
  )
}

interface Open {
  readonly need: DeviceNeed
  /** Keys, the nearest first; of models the one with the nearest device first. */
  readonly models: readonly (readonly string[])[]
}

interface Steps {
  left: number
  /** Devices that the same needs suit: in the place of one of them any other does as well. */
  readonly classOf: (key: string) => string
}

type Chosen = ReadonlyMap<DeviceNeed, readonly string[]>

function byModel(devices: readonly Device[]): readonly (readonly string[])[] {
  const models = new Map<string, string[]>()
  for (const device of devices) models.set(modelOf(device), [...(models.get(modelOf(device)) ?? []), device.key])
  return [...models.values()]
}

function sizeOf({ models, need }: Open): number {
  return models.reduce((sum, keys) => sum + keys.length, 0) - need.ask.count
}

function search(open: readonly Open[], taken: ReadonlySet<string>, steps: Steps): Chosen | null {
  const [first, ...rest] = open
  if (first === undefined) return new Map()
  for (const model of first.models) {
    const left = model.filter((key) => !taken.has(key))
    for (const keys of selections(left, first.need.ask.count, steps.classOf)) {
      if (steps.left-- <= 0) return null
      const others = search(rest, new Set([...taken, ...keys]), steps)
      if (others !== null) return new Map([...others, [first.need, keys]])
    }
  }
  return null
}

/** All ways to take so many that differ in their classes, those that come first first. */
function* selections(keys: readonly string[], count: number, classOf: Steps['classOf']): Generator<readonly string[]> {
  if (count === 0) return yield []
  const tried = new Set<string>()
  for (const [at, key] of keys.slice(0, keys.length - count + 1).entries()) {
    if (tried.has(classOf(key))) continue
    tried.add(classOf(key))
    for (const rest of selections(keys.slice(at + 1), count - 1, classOf)) yield [key, ...rest]
  }
}
