// The runs of periodic jobs, given what this node knows of time, and when to look again.

import { civilTime } from '../../crdt/time-zone.ts'
import type { View } from '../../crdt/view.ts'
import { type RunClock, withRuns } from '../../scheduler/periodic.ts'
import { fleetTime } from './fleet-time.ts'
import { coreLimits } from './limits.ts'
import type { State, Step } from './state.ts'

export function runClock(state: State, now: number): RunClock {
  const wallMs = fleetTime(state, now)
  return {
    civil: (zone) => (wallMs === null ? 'no-trusted-time' : (civilTime(zone, wallMs) ?? 'zone-unknown')),
    upSeconds: Math.trunc((now - state.boot.now) / 1000),
  }
}

export function lookAtRuns({ state, now }: Step, view: View): View {
  const made = withRuns(view, runClock(state, now), state.time.runBasis)
  state.time.runBasis = made.basis
  state.time.runsDueAt = made.basis === null ? null : now + waitMs(state, now, made.wakeInSeconds)
  return made.view
}

/** Not beyond the next quarter of an hour: that is where time zones change. Nor a moment before the second has begun. */
function waitMs(state: State, now: number, seconds: number | null): number {
  const wallMs = Math.trunc(fleetTime(state, now) ?? now - state.boot.now)
  const quarter = coreLimits.zoneChangeMs - (wallMs % coreLimits.zoneChangeMs)
  return Math.max(1, seconds === null ? quarter : Math.min(quarter, seconds * 1000 - (wallMs % 1000)))
}
