// How long a fresh claim waits: three times the spread of an envelope, within bounds, and not for the sake of a few slow neighbours.

import assert from 'node:assert/strict'
import test from 'node:test'
import { settleTime } from '../../../../node/core/settle-time.ts'
import type { State } from '../../../../node/core/state.ts'

/** A node whose edges have these round trips, ms; null: a connection that is no edge, or has no echo yet. */
function settle(...roundTrips: (number | null)[]): number {
  const links = roundTrips.map(
    (least, index) => [`n${index}`, { named: least === null ? null : 1, echo: { least: least ?? 9_000 } }] as const,
  )
  return settleTime({ liveness: { links: new Map(links) } } as unknown as State)
}

test('alone or on a fast network it is the least there is', () => {
  assert.equal(settle(), 300)
  assert.equal(settle(2, 3, 5), 300)
  assert.equal(settle(60), 300)
})

test('otherwise three times what an envelope takes for three hops of half a round trip', () => {
  assert.equal(settle(100), 450)
  assert.equal(settle(400, 400, 400, 400), 1_800)
  assert.equal(settle(100.5), 452, 'whole milliseconds')
})

test('a quarter of the neighbours may be slow, and the order in which they came means nothing', () => {
  assert.equal(settle(100, 100, 100, 100, 4_000), 450)
  assert.equal(settle(4_000, 100, 100, 100, 100), 450)
  assert.equal(settle(100, 4_000, 4_000, 4_000, 4_000), 10_000)
})

test('a link so slow that it is as good as cut is not waited for, and what is no edge does not count', () => {
  assert.equal(settle(60_000), 10_000)
  assert.equal(settle(null, null, 200), 900)
})
