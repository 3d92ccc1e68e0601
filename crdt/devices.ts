// Devices of boards, and what tasks ask of them, in Nomad's words: a device has a type, a vendor and a model; a request names it as
// `type`, `vendor/type` or `vendor/type/model`, and gets all its instances of one model. A device's key names it on its board; where
// it is found there (`/dev/ttyUSB0`) is that board's own business and in no document: such names come and go.

import type { Constraint } from './spec.ts'

/** A device as its board tells of it. */
export interface Device {
  /** Unique on the board, and the same for as long as the device stays where it is plugged in. */
  readonly key: string
  readonly type: string
  readonly vendor: string
  readonly model: string
  /** Why it can be given to nobody now; '': it can. */
  readonly fault: string
  readonly attributes: Readonly<Record<string, string>>
}

/** What a task asks for. */
export interface DeviceAsk {
  /** `type`, `vendor/type` or `vendor/type/model`. */
  readonly name: string
  readonly count: number
  /** On `${device.…}`. */
  readonly constraints: readonly Constraint[]
}

export const deviceLimits = Object.freeze({
  /** Of one board: a hub full of adapters. Each is a register that all boards of the pool keep. */
  devicesMax: 64,
  /** A controller's name and the path of ports below it. */
  keyCharsMax: 96,
  /** Types, vendors and models. */
  wordCharsMax: 48,
  attributesMax: 12,
  /** Product names and serial numbers: USB allows 126 characters. */
  attributeCharsMax: 128,
  /** What a file below /dev is called, udev's long links too. */
  pathCharsMax: 200,
  /** A folder of sysfs, below several bridges and hubs. */
  unitCharsMax: 400,
  /** Of one task. */
  asksMax: 8,
  /** Instances of one request: as many as a board may have. */
  countMax: 64,
})

const word = '[A-Za-z0-9][A-Za-z0-9_.:+-]*'
const namePattern = new RegExp(`^${word}(?:/${word}){0,2}$`)
const wordPattern = new RegExp(`^${word}$`)
const keyPattern = /^[A-Za-z0-9][A-Za-z0-9_.:@+-]*$/
/** No commas: several paths are one variable of a task's environment. */
const pathPattern = /^\/(?:[A-Za-z0-9_.:@+=-]+\/)*[A-Za-z0-9_.:@+=-]+$/

export const deviceNameRule = 'type, vendor/type or vendor/type/model, such as serial or 0403/serial/6001'

export function isDeviceName(name: string): boolean {
  return namePattern.test(name) && name.length <= 3 * deviceLimits.wordCharsMax + 2
}

export function isDeviceWord(text: string): boolean {
  return text.length <= deviceLimits.wordCharsMax && wordPattern.test(text)
}

export function isDeviceKey(key: unknown): key is string {
  return typeof key === 'string' && key.length <= deviceLimits.keyCharsMax && keyPattern.test(key)
}

export function isDevicePath(path: unknown): path is string {
  return typeof path === 'string' && path.length <= deviceLimits.pathCharsMax && pathPattern.test(path) && !path.split('/').includes('..')
}

/** Of hardware, as its board calls it; in no document, either. */
export function isDeviceUnit(unit: unknown): unit is string {
  return typeof unit === 'string' && unit !== '' && unit.length <= deviceLimits.unitCharsMax
}

/** The same piece of hardware, or one is a part of the other: a serial port of the USB device that is its adapter. */
export function isUnitShared(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)
}

export function isNamed(name: string, { type, vendor, model }: Pick<Device, 'type' | 'vendor' | 'model'>): boolean {
  return name === type || name === `${vendor}/${type}` || name === `${vendor}/${type}/${model}`
}

export function modelOf({ type, vendor, model }: Device): string {
  return `${vendor}/${type}/${model}`
}

/** What a task's variable for a request is called: `SHOAL_DEVICE_0403_serial`. */
export function deviceVariable(name: string): string {
  return `SHOAL_DEVICE_${name.replaceAll(/[^A-Za-z0-9]/g, '_')}`
}
