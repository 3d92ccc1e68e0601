import assert from 'node:assert/strict'
import test from 'node:test'
import { historyOf } from '../../../scheduler/history.ts'
import { newestFailed, rescheduleDelay } from '../../../scheduler/reschedule.ts'
import type { Claim, Verdict } from '../../../crdt/view.ts'
import { form, makeClaim, makeGroup, makeVerdict, node } from '../../support/view.ts'

function failed(claims: readonly Claim[], verdict?: Verdict): boolean {
  const verdicts = verdict === undefined ? [] : [{ node: node('n09'), verdict }]
  const live = claims.filter((claim) => claim.state === 'running')
  return newestFailed(form('f1'), claims, live, historyOf(form('f1'), claims, verdicts))
}

test('whether the newest try failed', () => {
  const ended = makeClaim('n00', { state: 'failed', generation: 2 })
  assert.equal(failed([ended]), true)
  assert.equal(failed([]), false)
  assert.equal(failed([], makeVerdict({ generation: 2 })), true, 'the claim has been compacted away')
  assert.equal(failed([ended, makeClaim('n01', { generation: 3 })]), false, 'a newer one runs')
  assert.equal(failed([ended, makeClaim('n01', { generation: 3, state: 'stopped' })]), false, 'a newer one ended otherwise')
  assert.equal(failed([ended, makeClaim('n01', { generation: 1 })]), true, 'an older one runs: the second claim failed')
  assert.equal(failed([makeClaim('n01', { generation: 2 })], makeVerdict({ generation: 2 })), false, 'tried again in place, and it stands')
  assert.equal(
    failed([makeClaim('n01', { generation: 2, form: form('f0') })], makeVerdict({ generation: 2 })),
    true,
    'the update failed, the old form runs',
  )
  assert.equal(failed([makeClaim('n00', { state: 'failed', form: form('f0') })]), false, 'another form')
})

test('delays grow and are capped', () => {
  const policy = { ...makeGroup().reschedule, delayMs: 10, maxDelayMs: 100 }
  const delays = (delayFunction: typeof policy.delayFunction): number[] =>
    [1, 2, 3, 4, 5, 6, 1_000_000].map((n) => rescheduleDelay({ ...policy, delayFunction }, n))
  assert.deepEqual(delays('constant'), [10, 10, 10, 10, 10, 10, 10])
  assert.deepEqual(delays('exponential'), [10, 20, 40, 80, 100, 100, 100])
  assert.deepEqual(delays('fibonacci'), [10, 10, 20, 30, 50, 80, 100])
})
