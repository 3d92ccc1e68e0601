// What this board knows of its devices between two steps. In memory: what the own document tells of them is where it begins after a boot.

import type { Device } from '../../crdt/devices.ts'

export interface KnownDevice {
  readonly device: Omit<Device, 'key' | 'fault'>
  /** Where it was found last; null: nowhere yet since boot. */
  readonly path: string | null
  /** As found last. */
  readonly unit?: string
  /** Since when looks have not found it (monotonic); null: the last one did, or none has answered yet. */
  readonly missingSince: number | null
  /** It has been away for too long, or another device is found at its path: nobody new gets it. */
  readonly isGone: boolean
}

export interface DeviceState {
  readonly known: Map<string, KnownDevice>
  /** Whether somebody has looked since boot: until then what is not known to be there is not known to be gone, either. */
  isSurveyed: boolean
  /** How many more were found than a board may tell of. */
  leftOut: number
}

export function noDevices(): DeviceState {
  return { known: new Map(), isSurveyed: false, leftOut: 0 }
}
