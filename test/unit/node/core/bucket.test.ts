import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Bucket, fullBucket, isFlagrant, take } from '../../../../node/core/bucket.ts'

const rate = { perSecond: 2, atOnce: 10 }

function takeAll(bucket: Bucket, now: number, times: number): number {
  return Array.from({ length: times }, () => take(bucket, rate, now)).filter(Boolean).length
}

test('as much at once as it holds, then what comes back with time, and never more than it holds', () => {
  const bucket = fullBucket(rate, 0)
  assert.equal(takeAll(bucket, 0, 12), 10)
  assert.equal(takeAll(bucket, 499, 1), 0)
  assert.equal(takeAll(bucket, 500, 2), 1)
  assert.equal(takeAll(bucket, 3_600_000, 100), 10)
})

test('what is too much takes nothing, and a clock that stands still or goes back gives nothing', () => {
  const bucket = fullBucket(rate, 1_000)
  assert.equal(take(bucket, rate, 1_000, 11), false)
  assert.equal(take(bucket, rate, 1_000, 10), true)
  assert.equal(take(bucket, rate, 0), false)
  assert.equal(take(bucket, rate, 1_000), false)
})

test('flagrant is as much again as it holds, asked for without a rest', () => {
  const bucket = fullBucket(rate, 0)
  takeAll(bucket, 0, 19)
  assert.equal(isFlagrant(bucket, rate), false)
  takeAll(bucket, 0, 1)
  assert.equal(isFlagrant(bucket, rate), true)
  assert.equal(isFlagrant(bucket, rate), false, 'told once')
  takeAll(bucket, 0, 9)
  takeAll(bucket, 60_000, 11)
  assert.equal(isFlagrant(bucket, rate), false, 'a rest is a new beginning')
})
