// What a register may hold: kind, range, length. A check answers null when the value is fine, else words for the refusal.
// null (a deleted register) is always fine and is not asked about.

import type { Scalar } from '../registers.ts'
import { modelLimits } from './model-limits.ts'
import { hasControls, isWellFormed, utf8Bytes } from './text-size.ts'

export type ValueCheck = (value: Exclude<Scalar, null>) => string | null

export const flag: ValueCheck = (value) => (typeof value === 'boolean' ? null : `expected true or false, found ${kindOf(value)}`)

export function integer(min: number = -Number.MAX_SAFE_INTEGER + 1, max: number = Number.MAX_SAFE_INTEGER - 1): ValueCheck {
  return (value) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) return `expected an integer, found ${kindOf(value)}`
    return value < min || value > max ? `expected ${min} to ${max}, found ${value}` : null
  }
}

/** Any text up to so many bytes of UTF-8. */
export function text(bytesMax: number): ValueCheck {
  return (value) => {
    if (typeof value !== 'string') return `expected text, found ${kindOf(value)}`
    // A UTF-16 unit is at least one byte: cheap refusal before anything is counted.
    if (value.length > bytesMax || utf8Bytes(value) > bytesMax) return `longer than ${bytesMax} bytes`
    return isWellFormed(value) ? null : 'not valid Unicode text'
  }
}

/** Text without control characters. */
export function line(bytesMax: number = modelLimits.lineBytesMax): ValueCheck {
  const isText = text(bytesMax)
  return (value) => isText(value) ?? (hasControls(value as string) ? 'control characters are not allowed' : null)
}

export function matching(pattern: RegExp, words: string): ValueCheck {
  return (value) => (typeof value === 'string' && pattern.test(value) ? null : `expected ${words}`)
}

export function oneOf(...choices: readonly string[]): ValueCheck {
  return (value) => (typeof value === 'string' && choices.includes(value) ? null : `expected one of ${choices.join(', ')}`)
}

/** Whatever a newer agent may have put there, within bounds. */
export const anyScalar: ValueCheck = (value) =>
  typeof value === 'boolean' ? null : typeof value === 'number' ? integer()(value) : text(modelLimits.listBytesMax)(value)

function kindOf(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer beyond 2^53' : 'a number that is not an integer'
  return typeof value === 'string' ? 'text' : typeof value
}
