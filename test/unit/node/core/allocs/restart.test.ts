import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RestartPolicy } from '../../../../../crdt/spec.ts'
import { nextRestart } from '../../../../../node/core/allocs/restart.ts'
import { createRandom } from '../../../../../node/core/random.ts'

const policy: RestartPolicy = { attempts: 2, intervalMs: 1_000, delayMs: 100, mode: 'fail' }
const random = () => createRandom(new Uint8Array([9]))

test('within the attempts: after the delay and at most a quarter more', () => {
  for (let seed = 0; seed < 50; seed++) {
    const at = nextRestart(policy, [4_500], 5_000, createRandom(new Uint8Array([seed])))!
    assert.ok(at >= 5_100 && at <= 5_125, `${at}`)
  }
})

test('mode fail gives up at the attempts; restarts before the interval do not count', () => {
  assert.equal(nextRestart(policy, [4_500, 4_600], 5_000, random()), null)
  assert.notEqual(nextRestart(policy, [3_999, 4_600], 5_000, random()), null)
  assert.equal(nextRestart({ ...policy, attempts: 0 }, [], 5_000, random()), null)
})

test('mode delay waits until the oldest restart has left the interval', () => {
  assert.equal(nextRestart({ ...policy, mode: 'delay' }, [4_500, 4_600], 5_000, random()), 5_500)
})
