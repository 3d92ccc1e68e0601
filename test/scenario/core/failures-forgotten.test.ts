// Failures count while they come close together. After long health the next one is a first one again (docs/adr/0009).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import type { ReschedulePolicy } from '../../../crdt/spec.ts'
import { bootPool } from '../../support/pool.ts'
import { jobSpec, runJob, runners, slot } from '../../support/world.ts'

const hourMs = 3_600_000
const often: ReschedulePolicy = { ...rescheduleDefaults, delayMs: 10_000, maxDelayMs: 600_000 }
const limited: ReschedulePolicy = { ...often, unlimited: false, attempts: 2, intervalMs: hourMs, maxDelayMs: 60_000 }

/** A pool whose copy fails for good at each crash, and how long the slot is empty then. */
function failing(reschedule: ReschedulePolicy, count = 2) {
  const { world, boards, first } = bootPool(count)
  const restart = { ...restartDefaults, attempts: 0, mode: 'fail' } as const
  const disconnect = { ...disconnectDefaults, replaceAfterMs: 2 * hourMs }
  const job = runJob(world, first, jobSpec({ group: { restart, reschedule, disconnect } }))
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  const emptyAfter = (healthyMs: number): number => {
    world.run(healthyMs)
    const at = world.queue.now
    world.crash(world.board(runners(world, id)[0]!), id)
    world.until('it runs again', () => runners(world, id).length === 1, 2 * hourMs)
    return Math.round((world.queue.now - at) / 1_000)
  }
  return { world, boards, id, emptyAfter }
}

const isAbout = (seconds: number, expected: number): void => assert.ok(Math.abs(seconds - expected) <= 2, `${seconds} s, not ${expected} s`)

test('waits grow from failure to failure, and begin anew after health for longer than the longest', () => {
  const { world, boards, id, emptyAfter } = failing(often)
  isAbout(emptyAfter(30_000), 10)
  isAbout(emptyAfter(30_000), 20)
  isAbout(emptyAfter(300_000), 40)
  isAbout(emptyAfter(610_000), 10)
  isAbout(emptyAfter(30_000), 20)
  isAbout(emptyAfter(610_000), 10)
  world.run(610_000)
  for (const { core } of boards) {
    assert.equal(core!.state!.failedSince.size, 0)
    for (const node of core!.state!.view.nodes.values())
      assert.ok((node.verdicts.get(id) ?? []).every((verdict) => verdict.verdict === 'healthy' && verdict.failures === 0))
  }
})

test('so many attempts as the policy has are made in every interval, not once for ever', () => {
  const { emptyAfter } = failing(limited)
  for (let n = 0; n < 4; n++) isAbout(emptyAfter(hourMs + 10_000), 10)
  isAbout(emptyAfter(30_000), 20)
  assert.ok(emptyAfter(30_000) >= 3_590, 'the third within the interval waits until it is over')
})

test('health is counted from when it is seen: a wait that is as long as the interval does not count as health', () => {
  const { emptyAfter } = failing({ ...limited, attempts: 1 })
  isAbout(emptyAfter(10_000), 10)
  assert.ok(emptyAfter(10_000) >= 3_590)
  assert.ok(emptyAfter(60_000) >= 3_590)
})

test('a board that was away while a failure was forgotten takes the next one for news, though there are no more than before', () => {
  const { world, boards, id, emptyAfter } = failing(often, 3)
  isAbout(emptyAfter(30_000), 10)
  const runner = world.board(runners(world, id)[0]!)
  const away = boards.find((board) => board !== runner && board.core!.state!.view.nodes.get(board.spec.id)?.verdicts.get(id) === undefined)!
  world.split(
    [away],
    boards.filter((board) => board !== away),
  )
  isAbout(emptyAfter(610_000), 10)
  const seen = () => away.core!.state!.failedSince.get(id)
  assert.equal(seen()?.failures, 1)
  world.heal()
  const healedAt = world.clockOf(away)
  world.until('it has heard of the second', () => (seen()?.newest ?? 0) > 1, 30_000)
  assert.equal(seen()?.failures, 1)
  assert.ok(seen()!.at >= healedAt)
})

test('generations go on counting when failures are forgotten', () => {
  const { world, boards, id, emptyAfter } = failing(often)
  const highest = () => Math.max(...(boards[0]!.core!.state!.view.claims.get(id) ?? []).map((claim) => claim.generation))
  for (let n = 0; n < 5; n++) {
    emptyAfter(610_000)
    world.run(1_000)
    assert.equal(highest(), n + 2)
  }
})
