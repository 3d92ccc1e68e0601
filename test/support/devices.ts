// Devices of simulated boards, jobs that ask for them, and what came of it.

import type { DeviceAsk } from '../../crdt/devices.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { FoundDevice } from '../../node/core/ports.ts'
import type { Board } from '../../simulator/board.ts'
import { sharedDevices } from '../../simulator/chaos/step-rules.ts'
import { type JobOptions, jobSpec } from './world.ts'

/** An adapter in the port of that number. */
export function adapter(port: number | string, path = `/dev/ttyUSB${port}`, more: Partial<FoundDevice> = {}): FoundDevice {
  return { key: `serial-usb2-${port}`, type: 'serial', vendor: '0403', model: '6001', attributes: { serial: 'A1' }, path, ...more }
}

export const ask = (changes: Partial<DeviceAsk> = {}): DeviceAsk => ({ name: 'serial', count: 1, constraints: [], ...changes })

export function deviceJob(devices: readonly DeviceAsk[] = [ask()], options: JobOptions = {}): JobSpec {
  const spec = jobSpec(options)
  const groups = spec.groups.map((group) => ({ ...group, tasks: group.tasks.map((task) => ({ ...task, devices })) }))
  return { ...spec, groups }
}

/** What runs there has: slot → `key path`. */
export function inUse(board: Board): Readonly<Record<string, readonly string[]>> {
  const used = [...board.tasks.values()].map(({ slot, devices = [] }) => [slot, devices.map(({ key, path }) => `${key} ${path}`)] as const)
  return Object.fromEntries(used.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** As its document tells: key → fault. */
export function told(board: Board): Readonly<Record<string, string>> {
  const devices = board.core!.state!.view.nodes.get(board.spec.id)?.devices ?? []
  return Object.fromEntries(devices.map(({ key, fault }) => [key, fault]))
}

export function shared(board: Board): readonly string[] {
  return sharedDevices({ board }).map(({ what }) => what)
}
