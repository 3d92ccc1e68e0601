// Jobs of type `batch` and `sysbatch` on simulated boards: work that ends is done once, through cuts, restarts of agents, evictions and
// new versions (docs/adr/0019).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type JobId, type SlotId, jobDocId, opsDocId, slotId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, count, home } from '../../support/pool.ts'
import { type JobOptions, areEqual, claimOf, createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000
const quick = { ...disconnectDefaults, replaceAfterMs: 1_000, partition: 'any' } as const
const batch = (options: JobOptions = {}) => jobSpec({ name: 'work', type: 'batch', ...options })

/** Boards whose tasks run for so long. */
function bootWorkers(boards: number, ms: number) {
  const pool = bootPool(boards)
  pool.world.lifetimes.of = () => ms
  return pool
}

const doneOn = (board: Board, id: SlotId): string | null => {
  const { state } = board.core!
  const node = state?.plan?.bySlot.get(id)?.standing.complete?.node
  return node === undefined ? null : (state!.view.nodes.get(node)?.name ?? null)
}
const row = (world: World, board: Board, job: JobId) => answer(world, board, 'job', { method: 'job.status', job }).job
const isDone = (world: World, board: Board, job: JobId): boolean => {
  const { complete, wanted } = row(world, board, job)
  return complete === wanted
}

test('a copy that ends with 0 is complete: never run again, also when its board is gone; the job is complete', () => {
  const { world, boards, first } = bootWorkers(3, 20_000)
  const job = runJob(world, first, batch({ count: 3, group: { disconnect: quick } }))
  world.until('all run', () => row(world, first, job).running === 3, 10_000)
  world.until('all are done', () => isDone(world, first, job), 30_000)
  const [one] = boards.filter((board) => board !== first)
  world.powerCut(one!)
  world.run(5 * minuteMs)
  assert.equal(count(world, 'start'), 3)
  assert.ok(isDone(world, first, job))
  world.boot(one!)
  world.run(minuteMs)
  assert.deepEqual([count(world, 'start'), row(world, one!, job).complete], [3, 3])
})

test('finished on one side of a cut while the other had begun again: the other stops, and nothing runs any more', () => {
  const { world, boards, first } = bootPool(3)
  const job = runJob(world, first, batch({ group: { disconnect: quick } }))
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  const finisher = home(world, id)
  const others = boards.filter((board) => board !== finisher)
  world.split([finisher], others)
  world.until('two run', () => runners(world, id).length === 2, 30_000)
  const task = [...finisher.tasks.values()].find((one) => one.slot === id)!
  finishNow(world, finisher, task.id)
  world.until('done there', () => doneOn(finisher, id) === finisher.spec.name, 5_000)
  assert.equal(runners(world, id).length, 1, 'nobody on the other side knows')
  world.heal()
  world.until('nothing runs', () => runners(world, id).length === 0, minuteMs)
  world.run(5 * minuteMs)
  assert.equal(count(world, 'start'), 2)
  assert.deepEqual(
    boards.map((board) => doneOn(board, id)),
    boards.map(() => finisher.spec.name),
  )
  assert.ok(areEqual(boards))
})

test('finished on both sides: both are told, the lower generation is named, and nothing runs again', () => {
  const { world, boards, first } = bootWorkers(3, 40_000)
  const job = runJob(world, first, batch({ group: { disconnect: quick } }))
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  const finisher = home(world, id)
  world.split(
    [finisher],
    boards.filter((board) => board !== finisher),
  )
  world.until('two run', () => runners(world, id).length === 2, 30_000)
  world.run(minuteMs)
  assert.equal(runners(world, id).length, 0)
  world.heal()
  world.until('all know of the first', () => boards.every((board) => doneOn(board, id) === finisher.spec.name), minuteMs)
  world.run(5 * minuteMs)
  assert.equal(count(world, 'start'), 2)
})

test('the agent was dead when its task ended: the next one tells it, and starts nothing', () => {
  const { world, first } = bootWorkers(2, 20_000)
  const job = runJob(world, first, batch({ group: { disconnect: { ...quick, replaceAfterMs: 10 * minuteMs } } }))
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  const board = home(world, id)
  world.kill(board)
  world.run(30_000)
  assert.equal(runners(world, id).length, 0)
  world.boot(board)
  world.until('done', () => doneOn(board, id) === board.spec.name, 10_000)
  world.run(minuteMs)
  assert.equal(count(world, 'start'), 1)
})

test('of two tasks one is done and the other runs on; an agent that starts again runs only what is left', () => {
  const { world, first } = bootPool(1)
  const [task] = batch().groups[0]!.tasks
  world.lifetimes.of = (_board, request) => (request.spec.name === 'short' ? 5_000 : 60_000)
  const job = runJob(
    world,
    first,
    batch({
      group: {
        tasks: [
          { ...task!, name: 'long' },
          { ...task!, name: 'short' },
        ],
      },
    }),
  )
  const id = slot(job)
  world.until('one is left', () => count(world, 'start') === 2 && first.tasks.size === 1, 20_000)
  assert.equal(claimOf(first, id, first)?.state, 'running')
  world.powerCut(first)
  world.boot(first)
  world.until('it runs again', () => first.tasks.size === 1, 30_000)
  assert.deepEqual(
    [...first.tasks.values()].map((one) => one.task),
    ['long'],
  )
  world.until('done', () => doneOn(first, id) === first.spec.name, 90_000)
  assert.equal(count(world, 'start'), 3)
})

test('an evicted board’s finished work stays done; one that was evicted before it could tell has its work done again', () => {
  const { world, boards, first } = bootWorkers(3, 20_000)
  const job = runJob(world, first, batch({ group: { disconnect: quick } }))
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  const one = home(world, id)
  const operator = boards.find((board) => board !== one)!
  world.until('done', () => doneOn(operator, id) === one.spec.name, 30_000)
  edit(world, operator, opsDocId(one.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(minuteMs)
  assert.deepEqual([doneOn(operator, id), count(world, 'start')], [one.spec.name, 1])

  const again = runJob(world, operator, batch({ name: 'more', group: { disconnect: quick } }))
  const other = slot(again)
  world.until('it runs too', () => runners(world, other).length === 1, 10_000)
  const two = home(world, other)
  const last = boards.find((board) => board !== one && board !== two)!
  world.split([two], [last])
  edit(world, last, opsDocId(two.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.until('the last board does it', () => doneOn(last, other) === last.spec.name, minuteMs)
  assert.equal(count(world, 'start', { slot: other }), 2)
})

test('another program runs anew; another count adds copies and leaves what is done; stopped and run again, it goes on', () => {
  const { world, first } = bootWorkers(2, 10_000)
  const job = runJob(world, first, batch({ count: 2 }))
  world.until('done', () => isDone(world, first, job), 30_000)
  runJob(world, first, batch({ count: 3 }))
  world.until('the third is done', () => isDone(world, first, job), 30_000)
  assert.equal(count(world, 'start'), 3)
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
  world.run(10_000)
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'run']]))
  world.run(minuteMs)
  assert.deepEqual([count(world, 'start'), isDone(world, first, job)], [3, true])
  runJob(world, first, batch({ count: 3, command: '/bin/second' }))
  world.until('all three again', () => isDone(world, first, job), 30_000)
  assert.equal(count(world, 'start'), 6)
  runJob(world, first, { ...batch({ count: 3, command: '/bin/second' }), rerun: 1 })
  world.until('and on an order', () => count(world, 'start') === 9 && isDone(world, first, job), 30_000)
})

test('both sides of a cut order another run: it is one more run, not two', () => {
  const { world, boards, first } = bootWorkers(3, 10_000)
  const job = runJob(world, first, batch())
  world.until('done', () => isDone(world, first, job), 30_000)
  world.split([first], boards.slice(1))
  world.run(10_000)
  runJob(world, first, { ...batch(), rerun: 1 })
  world.until('done here', () => isDone(world, first, job) && count(world, 'start') === 2, 30_000)
  runJob(world, boards[1]!, { ...batch(), rerun: 1 })
  world.heal()
  world.until('equal', () => areEqual(boards), minuteMs)
  world.run(minuteMs)
  assert.ok(count(world, 'start') <= 3)
  const runs = count(world, 'start')
  world.run(10 * minuteMs)
  assert.deepEqual([count(world, 'start'), boards.every((board) => isDone(world, board, job))], [runs, true])
})

test('a failure is tried again there, then once elsewhere, and then it is over', () => {
  const { world, boards, first } = bootPool(2)
  const restart = { ...restartDefaults, attempts: 1, delayMs: 1_000 }
  const job = runJob(world, first, batch({ group: { restart } }))
  const id = slot(job)
  for (let tries = 0; tries < 4; tries++) {
    world.until('it runs', () => runners(world, id).length === 1, 30_000)
    world.crash(home(world, id), id)
  }
  world.run(10 * minuteMs)
  assert.equal(count(world, 'start'), 4)
  assert.equal(first.core!.state!.plan!.bySlot.get(id)!.reason, 'reschedule-exhausted')
  assert.equal(row(world, boards[1]!, job).complete, 0)
})

test('what runs on a board that drains goes on to its end there, and is not moved', () => {
  const { world, boards, first } = bootWorkers(2, minuteMs)
  const job = runJob(world, first, batch())
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  // It has told so.
  world.run(3_000)
  const board = home(world, id)
  edit(world, first, opsDocId(board.spec.id), 'default', () => new Map([[opsPaths.draining, true]]))
  world.until('done there', () => boards.every((one) => doneOn(one, id) === board.spec.name), 2 * minuteMs)
  assert.equal(count(world, 'start'), 1)
})

test('one that was told to stop has not finished its work, however well it ends', () => {
  const { world, first } = bootPool(1)
  const job = runJob(world, first, batch())
  const id = slot(job)
  world.until('it runs', () => runners(world, id).length === 1, 10_000)
  world.tasks.ending = () => ({ afterMs: 100, exit: { exitCode: 0, signal: null, outOfMemory: false } })
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
  world.until('stopped', () => runners(world, id).length === 0, 10_000)
  world.run(1_000)
  assert.equal(claimOf(first, id, first)?.state, 'stopped')
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'run']]))
  world.until('it runs again', () => runners(world, id).length === 1, 10_000)
})

test('sysbatch: each board does it once, also one that comes later', () => {
  const world = createWorld(3)
  const [first, second, late] = [...world.boards.values()]
  world.lifetimes.of = () => 5_000
  world.boot(first!)
  world.boot(second!)
  world.run(10_000)
  const job = runJob(world, first!, jobSpec({ name: 'once', type: 'sysbatch' }))
  world.until('done on both', () => count(world, 'start') === 2 && isDone(world, first!, job), 30_000)
  world.boot(late!)
  const own = slotId(job, 'g', late!.spec.id)
  world.until('done there, too', () => doneOn(late!, own) === late!.spec.name, minuteMs)
  world.kill(second!)
  world.run(minuteMs)
  world.boot(second!)
  world.run(minuteMs)
  assert.deepEqual([count(world, 'start'), isDone(world, late!, job)], [3, true])
})

test('sysbatch: a board that fails has its own tries; the others are not asked', () => {
  const { world, boards, first } = bootPool(2)
  const group = { restart: { ...restartDefaults, attempts: 0 }, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } }
  const job = runJob(world, first, jobSpec({ name: 'once', type: 'sysbatch', group }))
  const own = slotId(job, 'g', boards[1]!.spec.id)
  world.until('both run', () => count(world, 'start') === 2, 10_000)
  world.crash(boards[1]!, own)
  world.until('again there', () => count(world, 'start', { board: boards[1]!, slot: own }) === 2, 30_000)
  assert.equal(count(world, 'start', { board: first }), 1)
})

function finishNow(world: World, board: Board, task: string): void {
  const exit = { exitCode: 0, signal: null, outOfMemory: false }
  for (const event of world.tasks.end(board, task, exit, world.queue.now)) world.feed(board, event)
}
