// Small pieces of text that every view shares: ages, times, short ids, strangers' text made safe for a terminal.

import { formatDuration } from '../job-file/units.ts'

/** Enough to tell a fleet's allocations apart; any unique prefix is accepted. */
const shortIdLength = 8

export function shortId(id: string): string {
  // The first 8 characters of every PeerId are the same; peers accept the part behind them.
  return id.startsWith('12D3KooW') ? id.slice(8, 8 + shortIdLength) : id.slice(0, shortIdLength)
}

/** Two units at most: 3d4h, 2m13s, 0s. */
export function age(ms: number): string {
  if (ms < 0) return '0s'
  const steps = [86_400_000, 3_600_000, 60_000, 1000]
  const unit = steps.findIndex((step) => ms >= step)
  if (unit === -1) return '0s'
  const finest = steps[Math.min(unit + 1, steps.length - 1)] ?? 1000
  return formatDuration(Math.floor(ms / finest) * finest)
}

/** RFC 3339 in UTC; 0 means that nobody said. */
export function time(wallMs: number): string {
  if (wallMs <= 0 || wallMs > 253_402_300_799_999) return '-'
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Text from documents may hold control characters; a terminal must not obey them. */
export function safe(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
