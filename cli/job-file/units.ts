// Quantities with their unit: `30s`, `64 MiB`, `200 MHz`. A bare number is refused on purpose: Nomad's job files mix seconds,
// nanoseconds and megabytes, and readers guess. Results are integers in the units of `JobSpec` (ms, MiB, MHz).

import { type Result, ok, refuse } from '../../crdt/errors.ts'

interface Unit {
  readonly name: string
  readonly factor: number
}

const durations: readonly Unit[] = [
  { name: 'd', factor: 86_400_000 },
  { name: 'h', factor: 3_600_000 },
  { name: 'm', factor: 60_000 },
  { name: 's', factor: 1_000 },
  { name: 'ms', factor: 1 },
]

const sizes: readonly Unit[] = [
  { name: 'TiB', factor: 1_048_576 },
  { name: 'GiB', factor: 1_024 },
  { name: 'MiB', factor: 1 },
]

const clocks: readonly Unit[] = [
  { name: 'GHz', factor: 1_000 },
  { name: 'MHz', factor: 1 },
]

const rates: readonly Unit[] = [
  { name: 'Mbit/s', factor: 1_000 },
  { name: 'kbit/s', factor: 1 },
]

export const durationRule = 'a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m'
export const sizeRule = 'a size with its unit (MiB, GiB, TiB), such as 64 MiB'
export const rateRule = 'a rate with its unit (kbit/s, Mbit/s), such as 8 kbit/s'
export const clockRule = 'a clock rate with its unit (MHz, GHz), such as 200 MHz'

/** `1h30m`, `500ms`, `7d`: milliseconds. Parts in falling order, each unit once. */
export function parseDuration(value: unknown): Result<number, 'E_UNIT'> {
  if (typeof value === 'number') return bare(value, durationRule, ['s', 'ms'])
  const text = typeof value === 'string' ? value.trim() : ''
  if (!/^(\d+(\.\d+)?\s*(ms|[smhd])\s*)+$/.test(text)) return refuse('E_UNIT', durationRule)
  let total = 0
  let smallest = Infinity
  for (const [, count, name] of text.matchAll(/(\d+(?:\.\d+)?)\s*(ms|[smhd])/g)) {
    const factor = durations.find((unit) => unit.name === name)?.factor ?? 0
    if (factor >= smallest) return refuse('E_UNIT', `${durationRule}; larger units first, each at most once`)
    smallest = factor
    total += Number(count) * factor
  }
  return whole(total, durationRule, 'ms')
}

/** `64 MiB`, `1.5 GiB`: MiB. */
export function parseSize(value: unknown): Result<number, 'E_UNIT'> {
  if (typeof value === 'number') return bare(value, sizeRule, [' MiB', ' GiB'])
  return single(value, sizes, sizeRule, 'MiB')
}

/** `200 MHz`, `1.2 GHz`: MHz. */
export function parseClock(value: unknown): Result<number, 'E_UNIT'> {
  if (typeof value === 'number') return bare(value, clockRule, [' MHz', ' GHz'])
  return single(value, clocks, clockRule, 'MHz')
}

/** `8 kbit/s`: kbit/s. */
export function parseRate(value: unknown): Result<number, 'E_UNIT'> {
  if (typeof value === 'number') return bare(value, rateRule, [' kbit/s', ' Mbit/s'])
  return single(value, rates, rateRule, 'kbit/s')
}

function single(value: unknown, units: readonly Unit[], rule: string, base: string): Result<number, 'E_UNIT'> {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([A-Za-z/]+)$/.exec(value.trim()) : null
  const unit = units.find((one) => one.name === match?.[2])
  if (match !== null && unit === undefined) {
    const meant = units.find((one) => one.name.toLowerCase() === nearUnit(match[2] ?? '').toLowerCase())
    if (meant !== undefined) return refuse('E_UNIT', `${rule}; write '${match[1]} ${meant.name}'`)
  }
  if (match === null || unit === undefined) return refuse('E_UNIT', rule)
  return whole(Number(match[1]) * unit.factor, rule, base)
}

/** What people write for our units: `64M`, `64MB`, `64mib`. */
function nearUnit(name: string): string {
  const letter = name.slice(0, 1)
  return /^[kmgt]i?b?$/i.test(name) ? `${letter}iB` : name
}

function bare(value: number, rule: string, units: readonly string[]): Result<number, 'E_UNIT'> {
  return refuse('E_UNIT', `${rule}; write '${units.map((unit) => `${value}${unit}`).join("' or '")}'`)
}

function whole(value: number, rule: string, base: string): Result<number, 'E_UNIT'> {
  const rounded = Math.round(value)
  if (!Number.isSafeInteger(rounded)) return refuse('E_UNIT', `${rule}, not larger than ${Number.MAX_SAFE_INTEGER} ${base}`)
  if (Math.abs(rounded - value) > 1e-6) return refuse('E_UNIT', `${rule}, in whole ${base}`)
  return ok(rounded)
}

/** The shortest exact form: 5400000 → `1h30m`; 0 → `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let rest = ms
  let text = ''
  for (const { name, factor } of durations) {
    const count = Math.floor(rest / factor)
    if (count > 0) text += `${count}${name}`
    rest -= count * factor
  }
  return text
}

export function formatSize(mib: number): string {
  return mib > 0 && mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`
}

export function formatClock(mhz: number): string {
  return `${mhz} MHz`
}
