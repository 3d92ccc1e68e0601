// What the rules write into: faults below one block of the specification, and the checks that every block has (ranges of its
// scalar fields, names, entries).

import { isName, nameRule } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { type Fault, durationText, shown } from './fault.ts'
import type { Field } from './field.ts'
import { modelLimits } from './model-limits.ts'
import { encodePart } from './path-part.ts'
import { readTexts } from './placement-codec.ts'
import { hasControls, isWellFormed, utf8Bytes } from './text-size.ts'

export interface RuleReport {
  /** In front of the paths: '' or ending in '/'. */
  readonly at: string
  readonly faults: Fault[]
}

export function inside(report: RuleReport, ...parts: readonly (string | number)[]): RuleReport {
  return { at: `${report.at}${parts.map((part) => encodePart(String(part))).join('/')}/`, faults: report.faults }
}

/** `found` and `allowed` are words for people. An empty path means the block itself. */
export function fault(report: RuleReport, path: string, found: string, allowed: string): void {
  const full = path === '' ? report.at.slice(0, -1) : report.at + path
  report.faults.push({ path: full, found, allowed })
}

export function checkName(report: RuleReport, path: string, name: string): void {
  if (!isName(name)) fault(report, path, shown(name), nameRule)
}

export function checkFields<T>(report: RuleReport, fields: readonly Field<T>[], value: T): void {
  for (const field of fields) {
    const scalar = field.of(value)
    const allowed = scalar === null ? null : fieldFault(field, scalar)
    if (allowed !== null) fault(report, field.path, shown(scalar, field.unit), allowed)
  }
}

/** null when the value is allowed, else what is. */
function fieldFault<T>(field: Field<T>, value: Exclude<Scalar, null>): string | null {
  switch (field.kind) {
    case 'flag':
      return typeof value === 'boolean' ? null : 'true or false'
    case 'int': {
      const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= field.min && value <= field.max
      return fits ? null : rangeWords(field)
    }
    case 'list':
      return listFault(value, field.max)
    case 'text':
      if (typeof value !== 'string') return 'text'
      if (field.choices.length > 0) return field.choices.includes(value) ? null : field.choices.join(', ') + laterWords(field.path, value)
      return textFault(value, field.max)
  }
}

function rangeWords<T>(field: Field<T>): string {
  const [min, max] = [field.min, field.max].map((bound) =>
    field.unit === 'ms' ? durationText(bound) : field.unit === '' ? String(bound) : `${bound} ${field.unit}`,
  )
  return `${min} to ${max}`
}

/** Words that are ours but that this version cannot carry out yet. */
function laterWords(path: string, value: string): string {
  return path === 'disconnect/partition' && value === 'majority' ? ' (majority comes with a later version of shoal)' : ''
}

/** One line of text that is not empty. */
export function textFault(value: string, bytesMax: number): string | null {
  if (value === '') return 'text that is not empty'
  if (utf8Bytes(value) > bytesMax) return `at most ${bytesMax} bytes`
  return isWellFormed(value) && !hasControls(value) ? null : 'text without control characters'
}

/** Arguments may be empty and may hold line breaks (scripts do), but no NUL: no process can be given one. */
function listFault(json: Exclude<Scalar, null>, bytesMax: number): string | null {
  const list = readTexts(json)
  if (list === null) return 'a list of texts'
  if (typeof json === 'string' && utf8Bytes(json) > bytesMax) return `at most ${bytesMax} bytes`
  return list.every(isPassable) ? null : 'texts without NUL characters'
}

function isPassable(value: string): boolean {
  return isWellFormed(value) && !value.includes('\0')
}

/** Environment and metadata: keys that a process can be given, values of bounded size. */
export function checkEntries(report: RuleReport, name: string, entries: Readonly<Record<string, string>>): void {
  const all = Object.entries(entries)
  if (all.length > modelLimits.entriesMax) fault(report, name, `${all.length} entries`, `at most ${modelLimits.entriesMax}`)
  for (const [key, value] of all) {
    const path = `${name}/${encodePart(key)}`
    if (!/^[!-<>-~]+$/.test(key) || key.length > modelLimits.keyBytesMax) {
      fault(report, path, `the key ${shown(key)}`, `printable ASCII without spaces and '=', at most ${modelLimits.keyBytesMax} characters`)
    }
    if (typeof value !== 'string') fault(report, path, shown(value), 'text')
    else if (utf8Bytes(value) > modelLimits.valueBytesMax)
      fault(report, path, `${utf8Bytes(value)} bytes`, `at most ${modelLimits.valueBytesMax} bytes`)
    else if (!isPassable(value)) fault(report, path, 'a NUL character or broken Unicode', 'text that a process can be given')
  }
}

/** Reports every name that occurs a second time. */
export function checkUnique(
  report: RuleReport,
  what: string,
  names: readonly string[],
  pathOf: (name: string, index: number) => string,
): void {
  names.forEach((name, index) => {
    if (names.indexOf(name) < index) fault(report, pathOf(name, index), `${what} ${shown(name)} a second time`, `each ${what} once`)
  })
}

export function checkCount(report: RuleReport, path: string, count: number, min: number, max: number): void {
  if (count < min || count > max) fault(report, path, count === 0 ? 'none' : String(count), `${min} to ${max}`)
}
