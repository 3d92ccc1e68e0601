// A board's monotonic clock: it counts virtual time a little too fast or too slowly, as quartz does, and never goes back.

export interface BoardClock {
  /** Millionths that it is too fast (or, below 0, too slow). */
  readonly ppm: number
  /** At this virtual time it showed that time, ms. */
  readonly since: number
  readonly shown: number
}

export const trueClock: BoardClock = { ppm: 0, since: 0, shown: 0 }

/** What it shows at the virtual time `now`. */
export function shownAt({ ppm, since, shown }: BoardClock, now: number): number {
  return shown + Math.trunc(((now - since) * (1_000_000 + ppm)) / 1_000_000)
}

/** The first virtual time at which it shows `time` or more. */
export function whenItShows(clock: BoardClock, time: number): number {
  if (time >= Number.MAX_SAFE_INTEGER / 2) return time
  const at = clock.since + Math.trunc(((time - clock.shown) * 1_000_000) / (1_000_000 + clock.ppm))
  return shownAt(clock, at) >= time ? at : at + 1
}

/** From now on at another rate. */
export function atRate(clock: BoardClock, ppm: number, now: number): BoardClock {
  return { ppm, since: now, shown: shownAt(clock, now) }
}
