import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Rates } from '../../../../node/core/rates.ts'

const rate = { perSecond: 1, atOnce: 3 }

test('what one peer uses up is not taken from another', () => {
  const rates = new Rates(rate)
  assert.deepEqual(
    Array.from({ length: 4 }, () => rates.take('a', 0)),
    [true, true, true, false],
  )
  assert.ok(rates.take('b', 0))
  assert.ok(rates.take('a', 1_000))
  assert.equal(rates.isFlagrant('a'), false)
  for (let n = 0; n < 3; n++) rates.take('a', 1_000)
  assert.ok(rates.isFlagrant('a'))
  assert.equal(rates.isFlagrant('never seen'), false)
})

test('peers without end cost a bounded number of buckets', () => {
  const rates = new Rates(rate)
  for (let n = 0; n < 3; n++) rates.take('first', 0)
  for (let n = 0; n < 3_000; n++) rates.take(`peer ${n}`, 0)
  assert.ok(rates.take('first', 0), 'the oldest is forgotten')
})
