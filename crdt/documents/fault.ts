// One thing that is wrong with a specification, in the four parts that every message has: where (in the words of the job file),
// what was found, what is allowed. Faults are collected, never thrown: whoever reads them gets all of them at once.

import type { Scalar } from '../registers.ts'
import type { Unit } from './field.ts'

export interface Fault {
  /** `groups/web/tasks/app/config/image`; keys that people choose are percent-encoded ('/' and '%' only); '' = the whole job. */
  readonly path: string
  readonly found: string
  readonly allowed: string
}

export function faultText(fault: Fault): string {
  return `${fault.path === '' ? 'the job' : fault.path}: found ${fault.found}; allowed: ${fault.allowed}`
}

const durations = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1000, 's'],
] as const

/** `90s`, `2m`, `1500ms`: the largest unit that leaves no rest. */
export function durationText(ms: number): string {
  const [size, letter] = durations.find(([one]) => ms !== 0 && ms % one === 0) ?? [1, ms === 0 ? 's' : 'ms']
  return `${ms / size}${letter}`
}

/** A value as people would write it, short enough for one line. */
export function shown(value: Scalar | undefined, unit: Unit = ''): string {
  if (value === null || value === undefined) return 'nothing'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'number' && unit !== '') return unit === 'ms' ? durationText(value) : `${value} ${unit}`
  return String(value)
}
