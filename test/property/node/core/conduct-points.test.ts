// How points fade and add up: the order within a window says nothing, time alone never adds, and nothing is kept for ever.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { conductLimits } from '../../../../node/core/conduct/limits.ts'
import { type Points, addPoints, noPoints, pointsAt } from '../../../../node/core/conduct/points.ts'

const { halfLifeMs } = conductLimits
const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { maxLength: 20 })
const time = fc.integer({ min: 0, max: 365 * 24 * 3_600_000 })

const all = (list: readonly number[], now: number): Points => list.reduce((points, one) => addPoints(points, one, now), noPoints)

test('within a window any order gives the same', () => {
  fc.assert(
    fc.property(weights, time, fc.infiniteStream(fc.integer({ min: 0, max: halfLifeMs - 1 })), (list, at, offsets) => {
      const start = at - (at % halfLifeMs)
      const timed = list.map((one) => ({ one, now: start + (offsets.next().value as number) }))
      const sum = (some: typeof timed): Points => some.reduce((points, { one, now }) => addPoints(points, one, now), noPoints)
      assert.deepEqual(sum(timed), sum(timed.toReversed()))
    }),
  )
})

test('they fade with time and never grow by it, and half of them are gone after a half-life', () => {
  fc.assert(
    fc.property(weights, time, time, time, (list, now, a, b) => {
      const points = all(list, now)
      const [sooner, later] = [Math.min(a, b), Math.max(a, b)]
      assert.ok(pointsAt(points, now + later) <= pointsAt(points, now + sooner))
      assert.ok(pointsAt(points, now + sooner) <= points.sum)
      assert.equal(pointsAt(points, now + halfLifeMs), points.sum >> 1)
      assert.equal(pointsAt(points, now + 32 * halfLifeMs), 0)
    }),
  )
})

test('more offences are never fewer points, whenever they were', () => {
  const timed = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 3 * halfLifeMs })), { maxLength: 20 })
  fc.assert(
    fc.property(timed, fc.nat(19), (list, leftOut) => {
      let now = 0
      let [more, fewer] = [noPoints, noPoints]
      for (const [index, [one, waitMs]] of list.entries()) {
        now += waitMs
        more = addPoints(more, one, now)
        if (index !== leftOut) fewer = addPoints(fewer, one, now)
      }
      assert.ok(pointsAt(more, now) >= pointsAt(fewer, now))
    }),
  )
})
