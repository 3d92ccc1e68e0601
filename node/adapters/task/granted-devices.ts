// What a task was given of its board's devices, as drivers keep it with what they run: so that an agent that comes later knows what is in use.

import { isDeviceKey, isDeviceName, isDevicePath, isDeviceUnit } from '../../../crdt/devices.ts'
import type { GrantedDevice, RunningTask, TaskRequest } from '../../core/ports.ts'

/** Nothing where nothing was given. */
export function grantedTo({ devices = [] }: Pick<TaskRequest, 'devices'>): Pick<RunningTask, 'devices'> {
  return devices.length === 0 ? {} : { devices }
}

/** Written by an agent, or by whoever could: what is no device is passed over. */
export function readGranted(value: unknown): Pick<RunningTask, 'devices'> {
  if (!Array.isArray(value)) return {}
  return grantedTo({
    devices: value.flatMap((one: Partial<GrantedDevice> | null): readonly GrantedDevice[] => {
      const { name, key, path, unit } = one ?? {}
      if (typeof name !== 'string' || !isDeviceName(name) || !isDeviceKey(key) || !isDevicePath(path)) return []
      return [{ name, key, path, ...(isDeviceUnit(unit) && { unit }) }]
    }),
  })
}
