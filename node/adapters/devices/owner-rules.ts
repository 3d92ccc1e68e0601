// The board's owner has the last word: nothing is given to tasks but what its configuration allows or declares. Both are judged on the name
// that a device has in the end, so a declared one that is denied is offered under no name at all.

import { createHash } from 'node:crypto'
import { type Device, deviceLimits, isNamed } from '../../../crdt/devices.ts'

export interface OwnerRules {
  /** `type`, `vendor/type` or `vendor/type/model`; `*` stands for any part. */
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly declare: readonly Declared[]
}

export interface Declared {
  /** A file below /dev; udev's links are followed at every look. */
  readonly path: string
  readonly type: string
  readonly vendor: string
  readonly model: string
  readonly attributes: Readonly<Record<string, string>>
}

type Named = Pick<Device, 'type' | 'vendor' | 'model'>

/** null: it is offered; else why not. */
export function whyNot({ allow, deny }: OwnerRules, device: Named, isDeclared: boolean): string | null {
  const denied = deny.find((pattern) => fits(pattern, device) || (device.type === 'usb' && isModelDenied(pattern, device)))
  if (denied !== undefined) return `devices.deny has ${denied}`
  return isDeclared || allow.some((pattern) => fits(pattern, device)) ? null : 'nothing in devices.allow fits'
}

/** As long as its driver is not bound, what is denied as a serial port looks like any other thing on USB. */
function isModelDenied(pattern: string, device: Named): boolean {
  const [vendor, type, model = '*'] = pattern.split('/')
  return type !== undefined && vendor !== '*' && fits(`${vendor}/*/${model}`, device)
}

/** Hexadecimal numbers are written both ways. */
function fits(pattern: string, named: Named): boolean {
  const [type, vendor, model] = [named.type, named.vendor, named.model].map((word) => word.toLowerCase()) as [string, string, string]
  const parts = pattern.toLowerCase().split('/')
  const at = (index: number, value: string): string => (parts[index] === '*' ? value : (parts[index] ?? ''))
  const name = parts.length === 1 ? at(0, type) : [at(0, vendor), at(1, type), ...(parts.length > 2 ? [at(2, model)] : [])].join('/')
  return isNamed(name, { type, vendor, model })
}

/** Of a declared device, wherever it is plugged in. udev's names hold whole product names, and may be longer than a key. */
export function declaredKey({ path }: Pick<Declared, 'path'>): string {
  const key = `declared-${path.replace(/^\/dev\//, '').replaceAll(/[^A-Za-z0-9_.:@+-]/g, '.')}`
  if (key.length <= deviceLimits.keyCharsMax) return key
  return `${key.slice(0, keptCharsMax)}-${createHash('sha256').update(path).digest('hex').slice(0, hashChars)}`
}

/** Both fit a key: what a person recognises, and 64 bits, which no two paths of a board share by chance. */
const keptCharsMax = 70
const hashChars = 16
