// Callers that wait: for a roll-out to settle, and for other boards to confirm a change.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reply } from '../../../crdt/api-types.ts'
import { toBase64 } from '../../../crdt/base64.ts'
import { jobDocId, jobId } from '../../../crdt/ids.ts'
import { rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import type { Asked } from '../../../simulator/world.ts'
import { answer, bootPool, place } from '../../support/pool.ts'
import { edit, jobSpec, runJob, signJob } from '../../support/world.ts'

const settledOf = (asked: Asked): boolean[] => asked.replies.map((reply) => reply.kind === 'job' && reply.settled)

function lastJob(asked: Asked): Reply & { kind: 'job' } {
  const reply = asked.replies.at(-1)
  assert.equal(reply?.kind, 'job')
  return reply
}

test('a caller hears of each step of a roll-out, and last that all is healthy', () => {
  const { world, first } = bootPool(3)
  runJob(world, first, jobSpec({ count: 3 }))
  const asked = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  world.until('settled', () => asked.isOver, 20_000)
  assert.ok(asked.replies.length >= 3, `${asked.replies.length} replies`)
  assert.deepEqual(settledOf(asked), [...Array.from({ length: asked.replies.length - 1 }, () => false), true])
  assert.equal(lastJob(asked).job.healthy, 3)
  const told = asked.replies.length
  world.run(60_000)
  assert.equal(asked.replies.length, told, 'nothing is sent after the last reply')
  assert.equal(first.core!.state!.followers.size, 0)
})

test('a job that no board can take settles at once, with the reason', () => {
  const { world, first } = bootPool(3)
  runJob(world, first, jobSpec({ count: 1, cpuMhz: 50_000 }))
  const asked = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  assert.deepEqual(settledOf(asked), [true])
  assert.equal(lastJob(asked).job.slots[0]!.reason, 'no-node-feasible')
})

test('a job that failed as often as it may settles, with the reason', () => {
  const { world, first } = bootPool(2)
  const group = {
    restart: { ...restartDefaults, attempts: 0 },
    reschedule: { ...rescheduleDefaults, unlimited: false, attempts: 1, intervalMs: 3_600_000, delayMs: 5_000 },
  }
  world.tasks.refuse = (_board, _task, phase) => (phase === 'start' ? 'E_CONFIG' : null)
  runJob(world, first, jobSpec({ group }))
  const asked = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  world.until('settled', () => asked.isOver, 60_000)
  assert.equal(lastJob(asked).job.slots[0]!.reason, 'reschedule-exhausted')
})

test('a stopped job settles once nothing of it runs', () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 3 })
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  const asked = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  assert.deepEqual(settledOf(asked), [false])
  world.until('settled', () => asked.isOver, 10_000)
  assert.ok([...world.boards.values()].every((board) => board.tasks.size === 0))
  assert.equal(lastJob(asked).job.desired, 'stopped')
})

test('an unknown job is an error, also for a caller that would wait', () => {
  const { world, first } = bootPool(1)
  const asked = world.ask(first, { method: 'job.status', job: 'nothing', follow: true })
  assert.deepEqual([asked.isOver, asked.replies.map((reply) => reply.kind === 'error' && reply.code)], [true, ['E_JOB_UNKNOWN']])
})

test('news come at most every 150 ms, and the newest is never lost', () => {
  const { world, first } = bootPool(5)
  const times: number[] = []
  world.watch = (board, _event, step) => {
    const effects = step()
    if (board === first && effects.some((effect) => effect.kind === 'reply' && effect.reply.kind === 'job')) times.push(world.queue.now)
    return effects
  }
  runJob(world, first, jobSpec({ count: 5 }))
  const asked = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  world.until('settled', () => asked.isOver, 20_000)
  const gaps = times.slice(1).map((time, index) => time - times[index]!)
  assert.ok(gaps.length >= 2 && gaps.every((gap) => gap >= 150), gaps.join(' '))
  assert.deepEqual(lastJob(asked).job.allocs, answer(world, first, 'job', { method: 'job.status', job: 'web' }).job.allocs)
})

test('a caller that goes away is forgotten, and only so many may wait', () => {
  const { world, first } = bootPool(1)
  runJob(world, first, jobSpec({ group: { update: { maxParallel: 1, minHealthyMs: 60_000, healthyDeadlineMs: 300_000 } } }))
  const waiting = Array.from({ length: 64 }, () => world.ask(first, { method: 'job.status', job: 'web', follow: true }))
  const refused = world.ask(first, { method: 'job.status', job: 'web', follow: true })
  assert.equal(refused.replies[0]?.kind === 'error' && refused.replies[0].code, 'E_BUSY')
  // Refused is refused: the caller takes the same change to another peer.
  const change = { method: 'doc.put' as const, envelopes: signJob(jobSpec({ name: 'other' })).map(toBase64) }
  const waits = world.ask(first, { ...change, confirm: 2 })
  assert.equal(waits.replies[0]?.kind === 'error' && waits.replies[0].code, 'E_BUSY')
  assert.equal(first.core!.state!.view.jobs.has(jobId('default', 'other')), false)
  assert.equal(world.ask(first, change).replies[0]?.kind, 'receipt')
  world.hangUp(waiting[0]!)
  assert.equal(first.core!.state!.followers.size, 63)
  assert.equal(world.ask(first, { method: 'job.status', job: 'web', follow: true }).isOver, false)
})

test('a change is confirmed once so many boards have recorded it', () => {
  const { world, first } = bootPool(4)
  const asked = world.ask(first, {
    method: 'doc.put',
    envelopes: signJob(jobSpec({ count: 1 })).map(toBase64),
    confirm: 4,
    timeoutMs: 20_000,
  })
  assert.equal(asked.isOver, false)
  world.until('confirmed', () => asked.isOver, 10_000)
  const last = asked.replies.at(-1)
  assert.ok(last?.kind === 'receipt' && last.final)
  assert.deepEqual([...last.confirmedBy].sort(), ['b0', 'b1', 'b2', 'b3'])
})

test('a confirmation that does not come in time is told with those that did', () => {
  const { world, boards, first } = bootPool(4)
  world.split([boards[3]!], boards.slice(0, 3))
  world.run(10_000)
  const before = world.queue.now
  const asked = world.ask(first, {
    method: 'doc.put',
    envelopes: signJob(jobSpec({ count: 1 })).map(toBase64),
    confirm: 4,
    timeoutMs: 7_000,
  })
  world.until('over', () => asked.isOver, 20_000)
  assert.equal(world.queue.now - before, 7_000)
  const last = asked.replies.at(-1)
  assert.ok(last?.kind === 'receipt' && last.final)
  assert.deepEqual([...last.confirmedBy].sort(), ['b0', 'b1', 'b2'])
})

test('a change that was put twice is accepted twice and made once', () => {
  const { world, first } = bootPool(2)
  const envelopes = signJob(jobSpec()).map(toBase64)
  const [one, two] = [0, 1].map(() => answer(world, first, 'receipt', { method: 'doc.put', envelopes }))
  assert.deepEqual(one!.accepted, two!.accepted)
  assert.equal(first.core!.state!.docs.get(jobDocId('default/web' as never))!.changeCount, 1)
})
