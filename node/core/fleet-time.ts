// What time it is, as far as this node can tell: boards without a battery start in 1970, and clocks are set by hand. A clock that the
// host calls synchronised is trusted. One that shows a time before this program was written is not: such a board goes by the median of
// its neighbours' clocks, which come with the pools' summaries (hints that nobody signed, so only the middle one counts). Time is for
// periodic jobs only; nothing that must be safe depends on it.

import type { SummaryFrame } from './wire.ts'
import { coreLimits } from './limits.ts'
import type { State, Step } from './state.ts'

/** Whatever the pool: time is the same everywhere. */
export function hearClock({ state, now }: Step, { node, wallMs }: SummaryFrame): void {
  if (node === state.boot.config.self || !isPlausible(wallMs)) return
  const isNew = !state.time.heard.delete(node)
  state.time.heard.set(node, { offset: wallMs - now, heardAt: now })
  const [oldest] = state.time.heard.keys()
  if (state.time.heard.size > coreLimits.clocksMax && oldest !== undefined) state.time.heard.delete(oldest)
  // It may be the first that knows the time.
  if (isNew && state.time.runsDueAt !== null) state.time.runsDueAt = now
}

function isPlausible(wallMs: number): boolean {
  return wallMs >= coreLimits.wallMsMin && wallMs <= coreLimits.wallMsMax
}

/** Wall ms; null: nobody knows. */
export function fleetTime(state: State, now: number): number | null {
  const own = now + state.wallOffset
  const isOwnPlausible = isPlausible(own)
  if (isOwnPlausible && state.time.isSynchronised) return own
  const heard = [...state.time.heard.values()]
    .filter(({ heardAt }) => now - heardAt < coreLimits.clockHeardMs)
    .map(({ offset }) => now + offset)
  const all = (isOwnPlausible ? [own, ...heard] : heard).sort((a, b) => a - b)
  // Of two the later: clocks that lag are the common fault.
  const median = all[Math.trunc(all.length / 2)] ?? null
  if (median === null || !isOwnPlausible) return median
  return Math.abs(median - own) <= coreLimits.clockToleranceMs ? own : median
}

/** The board's clock as its host tells it; a step of it is looked at. */
export function setClock({ state, now }: Step, wallMs: number, isSynchronised: boolean): void {
  const offset = wallMs - now
  const isStep = Math.abs(offset - state.wallOffset) > coreLimits.clockStepMs || isSynchronised !== state.time.isSynchronised
  state.wallOffset = offset
  state.time.isSynchronised = isSynchronised
  if (isStep && state.time.runsDueAt !== null) state.time.runsDueAt = now
}
