// What clocks on the wall show in a time zone: the one file of the pure folders that asks tables of the machine, which differ between
// builds of Node. So nothing that nodes must agree on may follow from it: not whether a specification is valid, not how a run is named.
// It tells when a run begins on this board, as its clock does.

import type { CivilSeconds } from './civil-time.ts'

/** What a name of a zone looks like; which ones there are is a matter of the machine. */
export const zonePattern = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+){0,2}$/

/** null: the machine does not know the zone. */
export function civilTime(zone: string, wallMs: number): CivilSeconds | null {
  const seconds = Math.floor(wallMs / 1000)
  if (zone === 'UTC') return seconds
  const clock = clockOf(zone)
  if (clock === null) return null
  const parts = new Map(clock.formatToParts(seconds * 1000).map(({ type, value }) => [type, Number(value)]))
  const of = (part: string): number => parts.get(part) ?? 0
  return daysBefore(of('year'), of('month'), of('day')) * 86_400 + of('hour') * 3600 + of('minute') * 60 + of('second')
}

interface ZoneClock {
  formatToParts(ms: number): { readonly type: string; readonly value: string }[]
}

const clocks = new Map<string, ZoneClock | null>()
/** There are some 600 names of zones, and a pool uses a few. */
const clocksMax = 64

/** Making one costs some milliseconds. */
function clockOf(zone: string): ZoneClock | null {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  if (clocks.size >= clocksMax) clocks.clear()
  const made = zonePattern.test(zone) ? makeClock(zone) : null
  clocks.set(zone, made)
  return made
}

function makeClock(timeZone: string): ZoneClock | null {
  const numeric = 'numeric'
  const fields = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric } as const
  try {
    // oxlint-disable-next-line no-restricted-globals -- see above: nothing that nodes must agree on follows from it
    return new Intl.DateTimeFormat('en-GB', { timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', ...fields })
  } catch {
    return null
  }
}

/** Days from 1970-01-01 to a date of the Gregorian calendar. */
function daysBefore(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
