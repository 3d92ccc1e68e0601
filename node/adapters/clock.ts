// The board's clocks. `now` is monotonic and, on Linux, also counts while the board is suspended: Node's own monotonic clock stands
// still then, so the kernel's uptime (boot time) is compared now and then and the difference added. It never goes back.

import { existsSync, openSync, readSync } from 'node:fs'
import { performance } from 'node:perf_hooks'

import type { Clock } from '../core/ports.ts'

/** Reading the uptime costs some 10 µs: once a second is nothing, once an event would be noticed. */
const compareEveryMs = 1_000
/** The kernel's uptime has steps of 10 ms; only more than a few of them is a suspension. */
const suspensionMsMin = 100
/** setTimeout's limit is 2^31 − 1 ms. */
const timerMsMax = 2_000_000_000

/** A file that systemd's time service touches once it has set the clock; of other services nothing is known. */
const synchronisedFile = '/run/systemd/timesync/synchronized'
/** How soon periodic jobs may learn of it. */
const synchronisedEveryMs = 10_000

export function createClock(uptimeMs: () => number | null = readUptime(), markFile: string = synchronisedFile): Clock {
  let comparedAt = -Infinity
  let suspendedMs = 0
  let offset: number | null = null
  const now = (): number => {
    const running = performance.now()
    if (running - comparedAt > compareEveryMs) {
      comparedAt = running
      const uptime = uptimeMs()
      if (uptime !== null) {
        offset ??= uptime - running
        const behind = uptime - running - offset - suspendedMs
        if (behind > suspensionMsMin) suspendedMs += behind
      }
    }
    return Math.trunc(running + suspendedMs)
  }
  let lookedAt = -Infinity
  let isSynchronised = false
  return {
    now,
    wallMs: () => Date.now(),
    isSynchronised: () => {
      if (performance.now() - lookedAt > synchronisedEveryMs) {
        lookedAt = performance.now()
        isSynchronised = existsSync(markFile)
      }
      return isSynchronised
    },
    at: (time, callback) => {
      let timer: NodeJS.Timeout
      const arm = (): void => {
        const left = Math.min(Math.max(0, time - now()), timerMsMax)
        timer = setTimeout(() => (now() >= time ? callback() : arm()), left)
      }
      arm()
      return () => clearTimeout(timer)
    },
  }
}

/** Reads `/proc/uptime` through a descriptor that stays open as long as the process; null where there is none. */
function readUptime(): () => number | null {
  let descriptor: number
  try {
    descriptor = openSync('/proc/uptime', 'r')
  } catch {
    return () => null
  }
  const buffer = Buffer.alloc(64)
  return () => {
    try {
      const length = readSync(descriptor, buffer, 0, buffer.length, 0)
      const seconds = Number.parseFloat(buffer.toString('latin1', 0, length))
      return Number.isFinite(seconds) ? seconds * 1_000 : null
    } catch {
      return null
    }
  }
}
