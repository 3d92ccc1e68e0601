// One text for one value, whatever order its keys were put in: what gets hashed. Plain data, Maps and Sets only.

import { compareText, hex } from '../ids.ts'
import type { Crypto } from '../crypto.ts'

/** JSON with sorted keys; Maps like objects, Sets as sorted lists; undefined fields as if they were not there. */
export function canonicalText(value: unknown): string {
  if (value instanceof Map) return pairs([...value].map(([key, one]) => [String(key), one]))
  if (value instanceof Set) return `[${[...value].map(canonicalText).sort(compareText).join(',')}]`
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (typeof value === 'object' && value !== null) return pairs(Object.entries(value))
  return JSON.stringify(value) ?? 'null'
}

function pairs(entries: readonly (readonly [string, unknown])[]): string {
  const sorted = entries.filter(([, value]) => value !== undefined).sort(([a], [b]) => compareText(a, b))
  return `{${sorted.map(([key, value]) => `${JSON.stringify(key)}:${canonicalText(value)}`).join(',')}}`
}

/** The first `digits` hex digits of the text's SHA-256. */
export function shortHash(crypto: Crypto, text: string, digits: number): string {
  return hex(crypto.sha256(new TextEncoder().encode(text))).slice(0, digits)
}

/** Deep equality of plain data, Maps and Sets: whether an older object can stand for a newer one. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Map)
    return b instanceof Map && a.size === b.size && [...a].every(([key, value]) => b.has(key) && isSame(value, b.get(key)))
  if (a instanceof Set) return b instanceof Set && a.size === b.size && [...a].every((value) => b.has(value))
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((value, index) => isSame(value, b[index]))
  if (b instanceof Map || b instanceof Set || Array.isArray(b)) return false
  const keys = Object.keys(a)
  const other = b as Record<string, unknown>
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame((a as Record<string, unknown>)[key], other[key]))
  )
}
