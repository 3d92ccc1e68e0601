// Cron patterns over civil time: five fields, or six that begin with seconds. The same answer on every node: whether a pattern can be read is
// part of whether a specification is valid, and what it names is part of a run's name. Zones play no part here. The only file that knows the library.

import { Cron } from 'croner'

import { type CivilSeconds, civilText } from './civil-time.ts'
import { Remembered } from './remembered.ts'

export interface Schedule {
  /** The newest due time that is not later than this; null: there was none. */
  readonly newest: (at: CivilSeconds) => CivilSeconds | null
  /** The first one later than this; null: none comes. */
  readonly next: (at: CivilSeconds) => CivilSeconds | null
}

type Reading = { readonly ok: true; readonly schedule: Schedule } | { readonly ok: false; readonly allowed: string }

const cronLimits = {
  /** Longer than any pattern that people write. */
  textMax: 256,
  /** Of those that were read: what a pool's jobs use, and some that operators try. */
  rememberedMax: 256,
} as const

/** 2026-01-01: from here on a date must come, such as the next 29th of February, and 30th of February never does. */
const anyTime = 1_767_225_600
/** 9999-01-01: later ones have no text of four digits for the year, which the library needs, and no register holds one a year later. */
const endOfTime = 253_370_764_800
const shape = 'five fields (minute hour day month weekday), or six with the second first, such as 0 3 * * *'
const read = new Remembered<Reading>(cronLimits.rememberedMax)

/** Reading costs up to 40 ms where a date never comes. */
export function readCron(pattern: string): Reading {
  return pattern.length > cronLimits.textMax
    ? { ok: false, allowed: `a pattern of at most ${cronLimits.textMax} characters` }
    : read.of(pattern, () => readAnew(pattern))
}

function readAnew(pattern: string): Reading {
  // The library reads a date, too: as a job that runs once, on a day that is soon past.
  if (/^\s*\d+-\d+-\d+T/.test(pattern)) return { ok: false, allowed: `${shape} (a date is none)` }
  try {
    // An offset and no zone: then the library asks no table of the machine.
    const cron = new Cron(pattern, { utcOffset: 0, mode: '5-or-6-parts' })
    const schedule: Schedule = {
      newest: (at) => (at >= endOfTime ? null : seconds(cron.previousRuns(1, instant(at + 1))[0])),
      next: (at) => (at >= endOfTime ? null : seconds(cron.nextRun(instant(at)))),
    }
    return schedule.next(anyTime) === null ? { ok: false, allowed: 'a date that there is: this one never comes' } : { ok: true, schedule }
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : 'it cannot be read'
    return { ok: false, allowed: `${shape} (${said.slice(0, 200)})` }
  }
}

function instant(at: CivilSeconds): string {
  return `${civilText(at)}Z`
}

function seconds(date: { getTime(): number } | null | undefined): CivilSeconds | null {
  return date == null ? null : Math.trunc(date.getTime() / 1000)
}
