// What time it is for a node: its own clock, or the middle of its neighbours'.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fleetTime, hearClock, setClock } from '../../../../node/core/fleet-time.ts'
import { coreLimits } from '../../../../node/core/limits.ts'
import type { State, Step } from '../../../../node/core/state.ts'
import { noTime } from '../../../../node/core/time-state.ts'
import type { SummaryFrame } from '../../../../node/core/wire.ts'

const true_ = 1_800_000_000_000
const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
const started = 5_000

interface Clocks {
  /** ms that the own clock is ahead. */
  readonly own: number
  readonly heard?: readonly number[]
  readonly isSynchronised?: boolean
}

function stateOf({ own, isSynchronised = false }: Clocks): State {
  const time = { ...noTime(), isSynchronised }
  return { time, wallOffset: true_ + own - started, boot: { now: started, config: { self: 'self' } } } as unknown as State
}

const summary = (node: string, wallMs: number): SummaryFrame => ({ node, wallMs }) as SummaryFrame

/** How far what it takes for the time is ahead; null: it knows of none. */
function ahead(clocks: Clocks, laterMs = 0): number | null {
  const state = stateOf(clocks)
  for (const [at, ms] of (clocks.heard ?? []).entries()) hearClock({ state, now: started } as Step, summary(`n${at}`, true_ + ms))
  const time = fleetTime(state, started + laterMs)
  return time === null ? null : time - true_ - laterMs
}

test('the own clock, or the middle of all', () => {
  const table: readonly (readonly [what: string, clocks: Clocks, ahead: number | null])[] = [
    ['alone', { own: 0 }, 0],
    ['in 1970 and alone', { own: -true_ }, null],
    ['in 1970, one neighbour', { own: -true_, heard: [7] }, 7],
    ['in 1970 among others in 1970', { own: -true_, heard: [-true_, -true_] }, null],
    ['in 1970 among one more and two that know', { own: -true_, heard: [-true_, 20, 10] }, 20],
    ['about as the others: no small steps', { own: 100, heard: [-4_000, 3_000] }, 100],
    ['ahead by years, two that agree', { own: yearMs, heard: [1, 0] }, 1],
    ['behind by a week, one neighbour', { own: -168 * hourMs, heard: [0] }, 0],
    ['synchronised, whatever others say', { own: 0, heard: [yearMs, yearMs], isSynchronised: true }, 0],
    ['a neighbour in no year that there is', { own: 0, heard: [Number.MAX_SAFE_INTEGER - true_] }, 0],
    ['in no year that there is, and alone', { own: 9e15 - true_, isSynchronised: true }, null],
    ['one of three is wrong', { own: 0, heard: [yearMs, 10] }, 0],
  ]
  for (const [what, clocks, expected] of table) assert.deepEqual([what, ahead(clocks)], [what, expected])
})

test('clocks that were heard long ago do not count, and only so many are kept', () => {
  assert.equal(ahead({ own: -true_, heard: [0] }, coreLimits.clockHeardMs - 1), 0)
  assert.equal(ahead({ own: -true_, heard: [0] }, coreLimits.clockHeardMs), null)
  const state = stateOf({ own: 0 })
  for (let at = 0; at < 200; at++) hearClock({ state, now: started } as Step, summary(`n${at}`, true_))
  assert.equal(state.time.heard.size, coreLimits.clocksMax)
  assert.ok(state.time.heard.has('n199' as never))
})

test('a clock that is set is looked at, one that only goes on is not', () => {
  const state = stateOf({ own: 0 })
  state.time.runsDueAt = 900_000
  const tick = (now: number, wallMs: number): void => setClock({ state, now } as Step, wallMs, false)
  tick(started + 60_000, true_ + 60_010)
  assert.equal(state.time.runsDueAt, 900_000)
  tick(started + 61_000, true_ + hourMs)
  assert.equal(state.time.runsDueAt, started + 61_000)
})

test('the first word of a neighbour is looked at, the next ones are not', () => {
  const state = stateOf({ own: -true_ })
  const hear = (now: number): number | null => {
    state.time.runsDueAt = 900_000
    hearClock({ state, now } as Step, summary('n0', true_))
    return state.time.runsDueAt
  }
  assert.deepEqual([hear(started), hear(started + 60_000)], [started, 900_000])
})
