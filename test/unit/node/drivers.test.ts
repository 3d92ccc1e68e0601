// What drivers say at boot and afterwards: one that does not say what runs is asked again until it does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunningTask } from '../../../node/core/ports.ts'
import { surveyDrivers } from '../../../node/drivers.ts'
import type { LooseEvent } from '../../../node/loose-event.ts'
import { watchDrivers } from '../../../node/watch-drivers.ts'
import { FakeClock, FakeDriver } from '../../support/loop-bench.ts'

const task = { id: 'a.b.app' } as RunningTask
const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A driver that answers the question what runs as told, one answer after the other; the last for ever. */
async function surveyed(...answers: (() => Promise<readonly RunningTask[]>)[]) {
  const clock = new FakeClock()
  const driver = new FakeDriver()
  const asked = { count: 0 }
  driver.adopt = () => answers[Math.min(asked.count++, answers.length - 1)]!()
  const survey = surveyDrivers([driver], clock, silentLog)
  await turns()
  clock.advance(5_000)
  const { running, fingerprints } = await survey
  const events: LooseEvent[] = []
  const end = watchDrivers({
    drivers: [driver],
    known: fingerprints,
    clock,
    push: (event) => void events.push(event),
    log: silentLog,
  })
  const looks = async (times: number): Promise<void> => {
    for (let look = 0; look < times; look++) {
      clock.advance(30_000)
      await turns()
    }
  }
  return { driver, asked, running, fingerprints, events, end, looks }
}

const answers = async (): Promise<readonly RunningTask[]> => [task]
const fails = async (): Promise<never> => Promise.reject(new Error('too busy'))
const hangs = (): Promise<never> => new Promise(() => undefined)
const adopted: LooseEvent = { kind: 'adopted', running: [{ ...task, driver: 'raw_exec' }] }

function health(event: LooseEvent | undefined): boolean | undefined {
  return event?.kind === 'fingerprint' ? event.fingerprint.health.healthy : undefined
}

test('what a driver runs bears its name, and it is asked once', async () => {
  const { running, fingerprints, asked, events, looks, end } = await surveyed(answers)
  await looks(3)
  end()
  assert.deepEqual(running, [{ ...task, driver: 'raw_exec' }])
  assert.equal(fingerprints['raw_exec']?.health.healthy, true)
  assert.deepEqual([asked.count, events], [1, []])
})

for (const [how, first, why] of [
  ['fails', fails, 'too busy'],
  ['hangs', hangs, 'no answer within 5 s'],
] as const) {
  test(`a healthy driver that ${how} to say what runs at boot is unhealthy, and is asked until it says so, and then no more`, async () => {
    const { running, fingerprints, asked, events, looks, end } = await surveyed(first, fails, answers)
    assert.deepEqual(running, [])
    assert.deepEqual(fingerprints['raw_exec']?.health, { healthy: false, reason: `it does not say what it runs: ${why}` })
    await looks(1)
    assert.ok(events.every((event) => health(event) === false))
    await looks(3)
    end()
    assert.deepEqual([events.filter(({ kind }) => kind === 'adopted').length, events.at(-2), health(events.at(-1))], [1, adopted, true])
    assert.equal(asked.count, 3)
  })
}

test('a driver that takes its time is not asked a second time meanwhile', async () => {
  const { asked, looks, end } = await surveyed(fails, hangs)
  await looks(4)
  end()
  assert.equal(asked.count, 2)
})

test('a driver that was down is asked what it runs when it is back, before it counts as well', async () => {
  const { driver, asked, events, looks, end } = await surveyed(answers, fails, answers)
  const healthy = driver.current
  driver.current = { ...healthy, health: { healthy: false, reason: 'down' } }
  await looks(2)
  assert.equal(asked.count, 1)
  driver.current = healthy
  await looks(1)
  assert.deepEqual([asked.count, health(events.at(-1)), events.length], [2, false, 2])
  await looks(2)
  end()
  assert.equal(asked.count, 3)
  assert.deepEqual([events.at(-2), health(events.at(-1))], [adopted, true])
})
