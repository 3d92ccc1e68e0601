// Runs the schema over a file's data and turns the validator's errors into faults with a place. Unknown keys become one fault
// each, with the nearest known key. The data itself is not changed: the validator writes into what it checks, so it gets a copy.

import * as validatorModule from 'fastest-validator'
import type { ValidationError } from 'fastest-validator'
import { compareText } from '../../crdt/ids.ts'
import type { FileFault } from './fault.ts'
import { locate } from './locate.ts'
import { type Rule, keyFault } from './rules.ts'
import { type PathParts, type Source, dotted } from './source.ts'
import { nearest } from './suggest.ts'

// The package is CommonJS whose module is the class, while its types declare a default export.
const Validator = validatorModule.default as unknown as typeof validatorModule.default.default

export interface SchemaFault extends FileFault {
  readonly parts: PathParts
}

export type Check = (value: unknown) => ReturnType<ReturnType<InstanceType<typeof Validator>['compile']>>

export function compile(schema: Rule): Check {
  return new Validator({ considerNullAsAValue: true, useNewCustomCheckerFunction: true }).compile({ $$root: true, ...schema })
}

export function validateShape(source: Source, check: Check): readonly SchemaFault[] {
  const answer = check(structuredClone(source.value))
  if (answer === true || answer instanceof Promise) return []
  return answer.flatMap((error) => faultsOf(source, error))
}

function faultsOf(source: Source, error: ValidationError): readonly SchemaFault[] {
  const parts = fieldParts(source.value, error.field)
  const value = valueAt(source.value, parts)
  if (error.type === 'objectStrict') return unknownKeys(source, parts, value, String(error.expected).split(', '))
  const allowed = error.message ?? 'something else'
  if (error.type === keyFault) return [fault(source, parts, `the key '${String(parts.at(-1))}'`, allowed, 'key')]
  return [fault(source, parts, describe(value), allowed)]
}

function unknownKeys(source: Source, parts: PathParts, value: unknown, known: readonly string[]): readonly SchemaFault[] {
  return Object.keys(value as object)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const meant = nearest(key, known)
      const hint = meant === null ? '' : ` (did you mean '${meant}'?)`
      return fault(source, [...parts, key], `the unknown key '${key}'${hint}`, known.toSorted(compareText).join(', '), 'key')
    })
}

export function fault(source: Source, parts: PathParts, found: string, allowed: string, at: 'value' | 'key' = 'value'): SchemaFault {
  const place = locate(source, parts, at)
  return { file: source.file, line: place.line, column: place.column, path: dotted(parts), found, allowed, parts }
}

/** What stands there, short enough for one line. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a map'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`
}

/**
 * The validator joins keys with dots, which keys may contain themselves: this walks along the real data, longest key first, and
 * takes what is left as the missing key.
 */
export function fieldParts(value: unknown, field: string | undefined): PathParts {
  if (field === undefined || field === '') return []
  const item = /^\[(\d+)\]\.?/.exec(field)
  if (item !== null && Array.isArray(value)) return [Number(item[1]), ...fieldParts(value[Number(item[1])], field.slice(item[0].length))]
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : []
  const starts = keys.filter((key) => field === key || field.startsWith(`${key}.`) || field.startsWith(`${key}[`))
  const key = starts.toSorted((a, b) => b.length - a.length)[0]
  if (key === undefined) return [field]
  return [key, ...fieldParts((value as Record<string, unknown>)[key], field.slice(key.length).replace(/^\./, ''))]
}

export function valueAt(value: unknown, parts: PathParts): unknown {
  let at = value
  for (const part of parts) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined
    at = (at as Record<string | number, unknown>)[part]
  }
  return at
}
