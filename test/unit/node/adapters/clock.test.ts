import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import { performance } from 'node:perf_hooks'

import { createClock } from '../../../../node/adapters/clock.ts'

describe('clock', () => {
  it('counts the time that the board was suspended, and never goes back', () => {
    let running = 10_000
    let uptime = 60_000
    const now = mock.method(performance, 'now', () => running)
    try {
      const clock = createClock(() => uptime)
      const steps: number[] = []
      const pass = (runs: number, sleeps: number): void => {
        running += runs
        uptime += runs + sleeps
        steps.push(clock.now())
      }
      steps.push(clock.now())
      pass(2_000, 0)
      pass(2_000, 30_000)
      pass(2_000, 0)
      // The kernel's uptime is coarse: a few ms up or down are no suspension.
      pass(2_000, -9)
      pass(2_000, 50_000)
      assert.deepEqual(steps, [10_000, 12_000, 44_000, 46_000, 48_000, 99_991])
    } finally {
      now.mock.restore()
    }
  })

  it('works where there is no uptime', () => {
    const clock = createClock(() => null)
    const first = clock.now()
    assert.ok(Number.isInteger(first))
    assert.ok(clock.now() >= first)
  })

  it('calls back at or after the time, once, and not when cancelled', async () => {
    const clock = createClock()
    const at = clock.now() + 20
    let isCancelledCalled = false
    clock.at(at, () => (isCancelledCalled = true))()
    const calledAt = await new Promise<number>((resolve) => clock.at(at, () => resolve(clock.now())))
    assert.ok(calledAt >= at)
    await new Promise<void>((resolve) => clock.at(0, resolve))
    assert.equal(isCancelledCalled, false)
  })
})
