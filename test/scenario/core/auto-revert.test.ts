// A version that fails is taken back by every board itself, in each part of a cut; what the parts make of it when they meet.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, rescheduleDefaults, restartDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import type { JobId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, place, slotsOf } from '../../support/pool.ts'
import { areEqual, jobSpec, runJob, runners } from '../../support/world.ts'

const group = {
  update: { ...updateDefaults, minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 0, autoRevert: true as const },
  restart: { ...restartDefaults, attempts: 0 },
  reschedule: { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 10_000 },
}
const good = '/bin/good'
const bad = '/bin/bad'

const spec = (command: string, count: number) => jobSpec({ count, command, group })

/** What each slot's copies run. */
function programs(world: World, job: JobId, count: number): string[] {
  return slotsOf(job, count).map((id) =>
    runners(world, id)
      .map((name) => world.board(name).core!.state!.allocs.get(id)?.body.group.tasks[0]!.config.command ?? '')
      .join(' and '),
  )
}

const all = (program: string, count: number): string[] => Array.from({ length: count }, () => program)

/** The second program does not start on these boards. */
function spoil(world: World, boards: readonly Board[]): void {
  world.tasks.refuse = (board, task, phase) =>
    phase === 'start' && task.spec.config.command === bad && boards.includes(board) ? 'E_START' : null
}

function inForce(board: Board, job: JobId): unknown {
  return board.core!.state!.view.jobs.get(job)?.spec?.groups[0]?.tasks[0]?.config.command
}

test('a version that fails at its first copy is taken back, the others never move, and nothing undoes that but an order', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3, command: good, group })
  spoil(world, boards)
  runJob(world, first, spec(bad, 3))
  world.until('it fails', () => boards.some((board) => board.core!.state!.view.jobs.get(job)?.wentBackTo !== undefined), 60_000)
  world.until('all run the good one', () => programs(world, job, 3).every((one) => one === good), 60_000)
  world.run(600_000)
  assert.deepEqual(programs(world, job, 3), all(good, 3))
  assert.equal(boards.flatMap((board) => board.trail).filter(({ what }) => what === 'stop').length, 1, 'only the first was touched')
  const { job: told, settled } = answer(world, first, 'job', { method: 'job.status', job })
  assert.deepEqual([settled, told.wentBackTo !== undefined, told.healthy], [true, true, 3])
  // What is told of it outlives a reboot of all boards.
  for (const board of boards) world.kill(board)
  world.bootAll()
  world.run(60_000)
  assert.deepEqual(
    boards.map((board) => inForce(board, job)),
    all(good, 3),
  )
  // Ordered anew, it is tried anew.
  spoil(world, [])
  runJob(world, first, spec(good, 3))
  world.run(5_000)
  runJob(world, first, spec(bad, 3))
  world.until('all run it', () => programs(world, job, 3).every((one) => one === bad), 120_000)
})

test('a version that was healthy everywhere is not taken back when all of its copies fail later', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3, command: good, group })
  runJob(world, first, spec(bad, 3))
  world.until('all run the second version', () => programs(world, job, 3).every((one) => one === bad), 120_000)
  world.run(10_000)
  spoil(world, boards)
  for (let round = 0; round < 6; round++) {
    for (const id of slotsOf(job, 3)) for (const name of runners(world, id)) world.crash(world.board(name), id)
    world.run(10_000)
    assert.deepEqual(
      boards.map((board) => inForce(board, job)),
      all(bad, 3),
    )
  }
  assert.deepEqual(programs(world, job, 3), all('', 3), 'none of them can start')
})

for (const mended of [true, false])
  test(`one side went back, the other found it healthy: tried once more where it failed, ${mended ? 'and stays' : 'and then taken back everywhere'}`, () => {
    const { world, boards, first } = bootPool(4)
    const slowly = {
      ...group,
      update: { ...group.update, minHealthyMs: 15_000 },
      // The other side passes over the slot that it does not see.
      disconnect: { ...disconnectDefaults, replace: false, replaceAfterMs: 3_000 },
    }
    const job = place(world, { count: 4, command: good, group: slowly })
    const where = slotsOf(job, 4).map((id) => world.board(runners(world, id)[0]!))
    const here = [where[0]!]
    const there = boards.filter((board) => board !== where[0])
    spoil(world, here)
    world.split(here, there)
    const order = jobSpec({ count: 4, command: bad, group: slowly })
    runJob(world, here[0]!, order)
    runJob(world, there[0]!, order)
    const wentBack = (board: Board): boolean => board.core!.state!.view.jobs.get(job)?.wentBackTo !== undefined
    world.until('one side went back', () => wentBack(here[0]!), 60_000)
    const healthy = (): boolean =>
      there.some((board) =>
        [...board.core!.state!.allocs.values()].some((alloc) => alloc.healthy && alloc.body.group.tasks[0]!.config.command === bad),
      )
    world.until('the other side has a healthy copy', healthy, 60_000)
    assert.equal(wentBack(there[0]!), false)
    if (mended) spoil(world, [])
    else spoil(world, boards)
    world.heal()
    world.until('both sides know of both', () => areEqual(boards), 30_000)
    world.until('it is in force once more', () => !boards.some(wentBack), 10_000)
    const last = mended ? bad : good
    world.until(`all run ${last}`, () => programs(world, job, 4).every((one) => one === last), 600_000)
    world.run(60_000)
    assert.deepEqual(programs(world, job, 4), all(last, 4))
    assert.deepEqual(
      boards.map((board) => inForce(board, job)),
      all(last, 4),
    )
    assert.equal(first.core!.state!.view.jobs.get(job)!.versions!.length, 2)
  })

test('both sides went back, and a newer version was written on one of them meanwhile: after the heal that one runs everywhere', () => {
  const { world, boards, first } = bootPool(4)
  const job = place(world, { count: 4, command: good, group })
  spoil(world, boards)
  const [here, there] = [boards.slice(0, 2), boards.slice(2)]
  runJob(world, first, spec(bad, 4))
  world.run(500)
  world.split(here, there)
  world.run(60_000)
  assert.deepEqual(
    boards.map((board) => inForce(board, job)),
    all(good, 4),
  )
  runJob(world, there[0]!, spec('/bin/third', 4))
  world.run(60_000)
  world.heal()
  world.until('both sides know of both', () => areEqual(boards), 30_000)
  world.until('all run the third version', () => programs(world, job, 4).every((one) => one === '/bin/third'), 300_000)
  world.run(60_000)
  assert.deepEqual(
    boards.map((board) => inForce(board, job)),
    all('/bin/third', 4),
  )
})
