// How points add up and fade. Time is cut into windows of one half-life: within a window points are only added, in whatever order, and at
// the end of each their sum is halved. Integers, so that every board and every run counts alike.

import { conductLimits } from './limits.ts'

export interface Points {
  readonly sum: number
  /** The window in which this was the sum. */
  readonly window: number
}

export const noPoints: Points = { sum: 0, window: 0 }

/** Halved so often, nothing is left of any sum. */
const halvingsMax = 31

export function pointsAt({ sum, window }: Points, now: number): number {
  return sum >> Math.min(halvingsMax, Math.max(0, windowOf(now) - window))
}

export function addPoints(points: Points, more: number, now: number): Points {
  return { sum: pointsAt(points, now) + more, window: Math.max(points.window, windowOf(now)) }
}

/** How long the n-th ban lasts. */
export function banMs(n: number): number {
  return Math.min(conductLimits.banMsMin * 2 ** Math.min(n - 1, halvingsMax), conductLimits.banMsMax)
}

function windowOf(now: number): number {
  return Math.trunc(now / conductLimits.halfLifeMs)
}
