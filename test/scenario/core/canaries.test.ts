// Canaries: copies of a new version beside the old ones, which run on until it is promoted (docs/adr/0026); on one side of a cut, over
// reboots, and when they fail.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, rescheduleDefaults, restartDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import { jobPaths, promotedPath } from '../../../crdt/documents/job.ts'
import { type JobId, jobDocId } from '../../../crdt/ids.ts'
import type { JobDetail } from '../../../crdt/api-jobs.ts'
import type { UpdatePolicy } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, place, slotsOf, withDisk } from '../../support/pool.ts'
import { areEqual, edit, jobSpec, runJob, runners } from '../../support/world.ts'

const [one, two, three] = ['/bin/one', '/bin/two', '/bin/three']

function groupWith(update: Partial<UpdatePolicy>) {
  return {
    update: { ...updateDefaults, minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 0, ...update },
    restart: { ...restartDefaults, attempts: 0 },
    reschedule: { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 10_000 },
    disconnect: { ...disconnectDefaults, replaceAfterMs: 5_000 },
  }
}

/** What each slot's copies run, the older first. */
function programs(world: World, job: JobId, count: number): string[] {
  return slotsOf(job, count).map((id) =>
    runners(world, id)
      .map((name) => world.board(name).core!.state!.allocs.get(id)!)
      .toSorted((a, b) => a.generation - b.generation)
      .map((alloc) => alloc.body.group.tasks[0]!.config.command!)
      .join(' and '),
  )
}

function detail(world: World, board: Board, job: JobId): JobDetail {
  return answer(world, board, 'job', { method: 'job.status', job }).job
}

function promote(world: World, board: Board, job: JobId): void {
  const form = detail(world, board, job).canaries![0]!.form
  edit(world, board, jobDocId(job), 'default', () => new Map([[promotedPath('g'), form]]))
}

const stops = (boards: readonly Board[]): string[] =>
  boards.flatMap((board) => board.trail.filter(({ what }) => what === 'stop').map(({ slot }) => `${board.spec.name} ${slot}`))

const starts = (boards: readonly Board[]): number => boards.flatMap((board) => board.trail).filter(({ what }) => what === 'start').length

/** Three copies of the first program, and then the second one ordered. */
function ordered(update: Partial<UpdatePolicy>, boardCount = 4) {
  const { world, boards, first } = bootPool(boardCount)
  const group = groupWith(update)
  const job = place(world, { count: 3, command: one, group })
  const order = (command: string, board = first, more: Partial<UpdatePolicy> = {}): JobId =>
    runJob(world, board, jobSpec({ count: 3, command, group: groupWith({ ...update, ...more }) }))
  order(two)
  return { world, boards, first, job, order }
}

test('a canary runs beside the old copies until it is promoted; then it stays without a restart, and the old ones go', () => {
  const { world, boards, first, job } = ordered({ canary: 1 })
  world.run(60_000)
  assert.deepEqual(programs(world, job, 3), [`${one} and ${two}`, one, one])
  const waiting = detail(world, first, job)
  assert.deepEqual(
    [waiting.wanted, waiting.healthy, waiting.canaries?.map(({ wanted, healthy, auto }) => [wanted, healthy, auto])],
    [3, 3, [[1, 1, false]]],
  )
  assert.deepEqual(stops(boards), [], 'no old copy has been touched')
  const begun = starts(boards)
  const canary = waiting.allocs.find((alloc) => alloc.canary === true)!
  promote(world, first, job)
  world.until('all run the second', () => programs(world, job, 3).every((program) => program === two), 60_000)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [two, two, two])
  const after = detail(world, first, job)
  assert.deepEqual([after.canaries, after.healthy], [undefined, 3])
  assert.equal(after.allocs.find(({ alloc }) => alloc === canary.alloc)?.state, 'running', 'the canary has become a copy')
  assert.equal(starts(boards) - begun, 2, 'only the two others were started anew')
})

test('blue and green: as many canaries as copies, and one word', () => {
  const { world, boards, first, job } = ordered({ canary: 3 })
  world.run(30_000)
  assert.deepEqual(
    programs(world, job, 3),
    Array.from({ length: 3 }, () => `${one} and ${two}`),
  )
  const begun = starts(boards)
  promote(world, first, job)
  world.run(10_000)
  assert.deepEqual([programs(world, job, 3), starts(boards) - begun], [[two, two, two], 0])
})

test('auto_promote: nobody need say so, and what becomes of the canaries later takes nothing back', () => {
  const { world, boards, job } = ordered({ canary: 2, autoPromote: true })
  world.until('all run the second', () => programs(world, job, 3).every((program) => program === two), 60_000)
  world.run(10_000)
  for (const id of slotsOf(job, 3)) for (const name of runners(world, id)) world.crash(world.board(name), id)
  world.run(60_000)
  assert.deepEqual(programs(world, job, 3), [two, two, two])
  assert.equal(
    boards.some((board) => board.core!.state!.view.jobs.get(job)!.canaries !== undefined),
    false,
  )
})

test('a canary that fails takes its version back with auto_revert; without, it is tried again; the old copies never stop', () => {
  for (const autoRevert of [true, false]) {
    const { world, boards, first } = bootPool(4)
    const update = { canary: 1, autoPromote: true as const, ...(autoRevert ? { autoRevert: true as const } : {}) }
    const group = groupWith(update)
    const job = place(world, { count: 3, command: one, group })
    world.tasks.refuse = (_, task, phase) => (phase === 'start' && task.spec.config.command === two ? 'E_START' : null)
    runJob(world, first, jobSpec({ count: 3, command: two, group }))
    world.run(120_000)
    assert.deepEqual(programs(world, job, 3), [one, one, one])
    assert.deepEqual(
      stops(boards).filter((stop) => !stop.endsWith('/0')),
      [],
    )
    assert.equal(detail(world, first, job).wentBackTo !== undefined, autoRevert)
    world.tasks.refuse = () => null
    world.run(60_000)
    assert.deepEqual(programs(world, job, 3), autoRevert ? [one, one, one] : [two, two, two])
  }
})

test('a lost old copy is replaced at its own version, and a lost canary at the new one', () => {
  const { world, boards, first, job } = ordered({ canary: 1 }, 6)
  world.run(30_000)
  for (const place of [0, 1]) {
    const names = runners(world, slotsOf(job, 3)[0]!)
    const lost = world.board(names[place]!)
    const others = boards.filter((board) => board !== lost)
    world.split([lost], others)
    world.run(30_000)
    assert.deepEqual(
      detail(world, others[0]!, job).canaries?.map(({ healthy }) => healthy),
      [1],
    )
    world.heal()
    world.run(30_000)
    assert.deepEqual(programs(world, job, 3), [`${one} and ${two}`, one, one])
  }
  assert.ok(first)
})

test('a cut between the boards, promoted on one side: that one goes on, the other waits until it hears', () => {
  const { world, boards, job } = ordered({ canary: 1 }, 6)
  world.run(30_000)
  const canaryAt = world.board(runners(world, slotsOf(job, 3)[0]!).find((name) => name !== undefined)!)
  const here = [canaryAt, ...boards.filter((board) => board !== canaryAt).slice(0, 2)]
  const there = boards.filter((board) => !here.includes(board))
  world.split(here, there)
  world.run(30_000)
  promote(world, here[0]!, job)
  world.run(60_000)
  assert.equal(detail(world, here[0]!, job).canaries, undefined)
  assert.deepEqual(
    detail(world, there[0]!, job).canaries?.map(({ healthy }) => healthy),
    [1],
  )
  world.heal()
  world.until('both sides know', () => areEqual(boards), 30_000)
  world.until('all run the second', () => programs(world, job, 3).every((program) => program === two), 120_000)
})

test('reboots and kills of agents change nothing: what waits goes on to wait', () => {
  const { world, boards, first, job } = ordered({ canary: 1 })
  world.run(30_000)
  const begun = starts(boards)
  for (const board of boards) world.kill(board)
  world.run(5_000)
  world.bootAll()
  world.run(60_000)
  assert.deepEqual([programs(world, job, 3), starts(boards) - begun], [[`${one} and ${two}`, one, one], 0])
  const canaryAt = detail(world, first, job).allocs.find(({ canary }) => canary === true)!.nodeName
  withDisk(world, world.board(canaryAt), (disk) => disk.clear())
  world.run(60_000)
  assert.deepEqual([programs(world, job, 3), starts(boards) - begun], [[`${one} and ${two}`, one, one], 0], 'without a disk')
  promote(world, first, job)
  world.until('all run the second', () => programs(world, job, 3).every((program) => program === two), 60_000)
})

test('a newer version takes the place of the canaries; one that was promoted meanwhile is what it runs beside', () => {
  const { world, first, job, order } = ordered({ canary: 1 })
  world.run(30_000)
  order(three)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [`${one} and ${three}`, one, one])
  promote(world, first, job)
  world.run(60_000)
  order(two)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [`${three} and ${two}`, three, three])
  order(three)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [three, three, three], 'the promoted version needs no second word')
})

test('going back to the version in force ends the canaries, and needs no promotion', () => {
  const { world, boards, job, order } = ordered({ canary: 1 })
  world.run(30_000)
  order(one)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [one, one, one])
  assert.equal(stops(boards).length, 1, 'the canary')
  order(two)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [`${one} and ${two}`, one, one])
})

test('of a paused job no canary starts, and none that is promoted sends a copy away, until it is resumed', () => {
  const { world, first, boards, job, order } = ordered({ canary: 1 })
  const pause = (paused: true | null): void => edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.paused, paused]]))
  world.run(30_000)
  pause(true)
  world.run(1_000)
  promote(world, first, job)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 3), [`${one} and ${two}`, one, one])
  pause(null)
  world.run(60_000)
  assert.deepEqual(programs(world, job, 3), [two, two, two])
  pause(true)
  const begun = starts(boards)
  order(three)
  world.run(30_000)
  assert.equal(starts(boards), begun)
  assert.deepEqual(
    detail(world, first, job)
      .slots.filter(({ canary }) => canary === true)
      .map(({ reason }) => reason),
    ['rollout-paused'],
  )
})

test('more copies are more of the version in force; fewer take canaries along; none asked for promotes', () => {
  const { world, first, job } = ordered({ canary: 2 }, 6)
  const scale = (count: number, canary: number): JobId =>
    runJob(world, first, jobSpec({ count, command: two, group: groupWith({ canary }) }))
  world.run(30_000)
  scale(4, 2)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 4), [`${one} and ${two}`, `${one} and ${two}`, one, one])
  scale(1, 2)
  world.run(30_000)
  assert.deepEqual(programs(world, job, 4), [`${one} and ${two}`, '', '', ''])
  scale(2, 0)
  world.run(60_000)
  assert.deepEqual(programs(world, job, 4), [two, two, '', ''])
})
