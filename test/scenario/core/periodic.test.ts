// Periodic jobs on simulated boards: every due time once, by whoever is there, through cuts, outages and clocks that are wrong
// (docs/adr/0027).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, periodicDefaults, rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { type JobId, type SlotId, jobDocId, slotParts } from '../../../crdt/ids.ts'
import { runGroup, runOf } from '../../../crdt/run-name.ts'
import type { PeriodicSpec } from '../../../crdt/spec.ts'
import { schedulerLimits } from '../../../scheduler/limits.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, count } from '../../support/pool.ts'
import { type JobOptions, areEqual, createWorld, edit, jobSpec, runJob, slot } from '../../support/world.ts'

const secondMs = 1_000
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const yearMs = 365 * 24 * hourMs
const anySide = { ...disconnectDefaults, partition: 'any' } as const

interface Options extends JobOptions {
  readonly periodic?: Partial<PeriodicSpec>
}

/** Ordered now, and run every minute unless it says otherwise. */
function runPeriodic(world: World, board: Board, { periodic, ...options }: Options = {}): JobId {
  const times = { ...periodicDefaults, crons: ['* * * * *'], since: civilNow(world), ...periodic }
  return runJob(world, board, { ...jobSpec({ name: 'work', type: 'batch', ...options }), periodic: times })
}

const civilNow = (world: World): number => Math.trunc(world.wallMs / secondMs)

/** Waits until so many ms after the next full minute. */
function untilMinute(world: World, afterMs = 0): void {
  world.run(minuteMs - (world.wallMs % minuteMs) + afterMs)
}

function bootWorkers(boards: number, ms: number) {
  const pool = bootPool(boards)
  pool.world.lifetimes.of = () => ms
  return pool
}

/** Due time → how often a copy of that run was started, on any board. */
function starts(boards: readonly Board[], group = 'g'): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  for (const { what, slot: id } of boards.flatMap((board) => board.trail)) {
    const run = runOf(slotParts(id as SlotId).group)
    if (what === 'start' && run?.group === group) found.set(run.due, (found.get(run.due) ?? 0) + 1)
  }
  return new Map([...found].sort(([a], [b]) => a - b))
}

const row = (world: World, board: Board, job: JobId) => answer(world, board, 'job', { method: 'job.status', job }).job
const runsRow = (world: World, board: Board, job: JobId) => row(world, board, job).runs!
const runSlot = (job: JobId, due: number, index = 0): SlotId => slot(job, index, runGroup('g', due))
const isRunning = (board: Board, id: SlotId): boolean => [...board.tasks.values()].some((task) => task.slot === id)

/** The board's agent looks at the clock. */
function setClock(world: World, board: Board, aheadMs: number, isSynchronised = false): void {
  board.wallAheadMs = aheadMs
  const clock = { wallMs: world.wallMs + aheadMs, isSynchronised }
  world.feed(board, { kind: 'tick', now: world.clockOf(board), lagMs: 0, clock })
}

test('each due time is run once, whoever does it; what was due before the job was ordered is not', () => {
  const { world, boards, first } = bootWorkers(3, 10_000)
  const job = runPeriodic(world, first, { count: 2 })
  world.run(secondMs)
  assert.equal(count(world, 'start'), 0)
  untilMinute(world, 30_000)
  world.run(2 * minuteMs)
  const dues = [...starts(boards)]
  assert.deepEqual(
    dues.map(([, times]) => times),
    [2, 2, 2],
  )
  assert.deepEqual(
    dues.map(([due]) => due % 60),
    [0, 0, 0],
  )
  const { complete, wanted, runs } = row(world, first, job)
  assert.deepEqual([complete, wanted, runs!.held, runs!.last], [2, 2, null, runs!.open])
})

test('old runs are forgotten, the newest stay', () => {
  const { world, boards, first } = bootWorkers(2, 5_000)
  const job = runPeriodic(world, first)
  untilMinute(world)
  world.run(20 * minuteMs + 30_000)
  assert.equal(starts(boards).size, 21)
  const kept = [...first.core!.state!.view.claims.keys()].filter((id) => id.startsWith(job))
  assert.equal(kept.length, schedulerLimits.runsRemembered)
  assert.ok([...starts(boards).values()].every((times) => times === 1))
})

test('a split over due times: each side runs them, the heal runs nothing again, and the next one is run once', () => {
  const { world, boards, first } = bootWorkers(4, 10_000)
  const job = runPeriodic(world, first, { group: { disconnect: anySide } })
  untilMinute(world, 30_000)
  const [left, right] = [boards.slice(0, 2), boards.slice(2)]
  world.split(left, right)
  world.run(3 * minuteMs)
  const sides = [starts(left), starts(right)]
  assert.deepEqual([...sides[0]!.keys()].slice(-3), [...sides[1]!.keys()].slice(-3))
  const before = count(world, 'start')
  world.heal()
  world.until('they know the same', () => areEqual(boards), 20_000)
  world.run(5_000)
  assert.equal(count(world, 'start'), before)
  const newest = [...sides[0]!.keys()].at(-1)!
  for (const board of boards) {
    const { standing } = board.core!.state!.plan!.bySlot.get(runSlot(job, newest))!
    assert.equal(standing.complete?.state, 'complete')
  }
  const done = starts(boards)
  untilMinute(world, 30_000)
  assert.deepEqual([...starts(boards).values()], [...done.values(), 1])
})

test('a run that one side finishes in a cut stops on the other at the heal', () => {
  const { world, boards, first } = bootPool(2)
  const job = runPeriodic(world, first, {
    group: { disconnect: { ...anySide, replaceAfterMs: secondMs } },
    periodic: { crons: ['0 * * * *'] },
  })
  const [one, other] = boards as [Board, Board]
  world.lifetimes.of = (board) => (board === one ? 5_000 : hourMs)
  world.split([one], [other])
  world.run(hourMs - (world.wallMs % hourMs) + 20_000)
  const id = runSlot(job, civilNow(world) - (civilNow(world) % 3600))
  assert.deepEqual([isRunning(one, id), isRunning(other, id), count(world, 'start')], [false, true, 2])
  world.heal()
  world.until('it stops', () => !isRunning(other, id), minuteMs)
  world.run(5 * minuteMs)
  assert.equal(count(world, 'start'), 2)
})

test('an outage over due times: the last one is made up for once, or none, and none that is older than the horizon', () => {
  const outage = (periodic: Partial<PeriodicSpec>): readonly number[] => {
    const { world, boards, first } = bootWorkers(2, 5_000)
    runPeriodic(world, first, { periodic: { crons: ['0 * * * *'], ...periodic } })
    for (const board of boards) world.powerCut(board)
    world.run(3 * hourMs - (world.wallMs % hourMs) + 20 * minuteMs)
    for (const board of boards) world.boot(board)
    world.run(10 * minuteMs)
    return [...starts(boards)].map(([due, times]) => (civilNow(world) - due > hourMs / secondMs ? Infinity : times))
  }
  assert.deepEqual(outage({ missed: 'last' }), [1])
  assert.deepEqual(outage({ missed: 'skip' }), [])
  assert.deepEqual(outage({ missed: 'last', horizonMs: 15 * minuteMs }), [])
})

test('overlapping runs go on side by side, unless they are prohibited', () => {
  const overlap = (prohibitOverlap: boolean) => {
    const { world, boards, first } = bootWorkers(2, 150_000)
    const job = runPeriodic(world, first, { periodic: { prohibitOverlap } })
    untilMinute(world, minuteMs + 30_000)
    const { running, runs } = row(world, first, job)
    untilMinute(world, minuteMs + 40_000)
    return { running, held: runs!.held?.reason, starts: starts(boards).size }
  }
  assert.deepEqual(overlap(false), { running: 2, held: undefined, starts: 4 })
  // The second minute's is left out, the third's begins when the first has ended.
  assert.deepEqual(overlap(true), { running: 1, held: 'run-overlaps', starts: 2 })
})

test('a copy that fails is tried again as long as its run is open, and not once the next has begun', () => {
  const { world, boards, first } = bootPool(2)
  const group = { restart: { ...restartDefaults, attempts: 0 }, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } }
  const job = runPeriodic(world, first, { group })
  untilMinute(world, 10_000)
  const due = civilNow(world) - (civilNow(world) % 60)
  const runner = (id: SlotId): Board => boards.find((board) => isRunning(board, id))!
  world.crash(runner(runSlot(job, due)), runSlot(job, due))
  world.until('tried again', () => starts(boards).get(due) === 2, 30_000)
  untilMinute(world, 10_000)
  assert.equal(starts(boards).get(due + 60), 1)
  world.crash(runner(runSlot(job, due)), runSlot(job, due))
  world.run(20_000)
  assert.equal(starts(boards).get(due), 2)
  // It is as it is shown: nothing is waited for.
  const { wanted, running } = row(world, first, job)
  assert.deepEqual([wanted, running], [1, 1])
})

test('an agent that starts again goes on with the run, and a board that comes back late does nothing of it again', () => {
  const { world, boards, first } = bootWorkers(3, 20_000)
  runPeriodic(world, first)
  untilMinute(world, 5_000)
  const runner = boards.find(({ tasks }) => tasks.size > 0)!
  const absent = boards.find((board) => board !== runner && board !== first) ?? boards.find((board) => board !== runner)!
  world.powerCut(absent)
  world.kill(runner)
  world.run(5_000)
  world.boot(runner)
  world.run(30_000)
  world.boot(absent)
  world.run(15_000)
  assert.deepEqual([...starts(boards).values()], [1])
})

test('clocks that jump: back and forth, by minutes and by years, no due time is run twice, and no flood begins', () => {
  for (const jumpMs of [-2 * minuteMs, -2 * hourMs, -yearMs, 30 * minuteMs, yearMs, 20 * yearMs]) {
    const { world, boards, first } = bootWorkers(1, 2_000)
    runPeriodic(world, first)
    untilMinute(world, 30_000)
    world.run(minuteMs)
    assert.equal(count(world, 'start'), 2)
    setClock(world, first, jumpMs)
    world.run(minuteMs)
    assert.ok(count(world, 'start') <= 4, `${jumpMs}: ${count(world, 'start')}`)
    setClock(world, first, 0)
    world.run(3 * minuteMs)
    assert.ok(
      [...starts(boards).values()].every((times) => times === 1),
      `${jumpMs} ms: ${JSON.stringify([...starts(boards)])}`,
    )
    assert.ok(starts(boards).has(civilNow(world) - (civilNow(world) % 60)) || jumpMs > 0, `${jumpMs} ms: it goes on`)
  }
})

test('a board in 1970 and alone begins nothing and says why; told to, it counts on from the newest time that it knows', () => {
  const alone = (withoutTime: PeriodicSpec['withoutTime']) => {
    const world = createWorld(1)
    const [board] = [...world.boards.values()] as [Board]
    world.lifetimes.of = () => 2_000
    board.wallAheadMs = -world.wallMs
    world.boot(board)
    world.run(10_000)
    const job = runPeriodic(world, board, { periodic: { withoutTime, since: civilNow(world) } })
    world.run(3 * minuteMs)
    const told = answer(world, board, 'explain', { method: 'job.explain', job }).runs!
    const earlier = [...starts([board])]
    world.powerCut(board)
    world.run(hourMs)
    world.boot(board)
    world.run(3 * minuteMs)
    return { held: told.held?.reason, earlier, all: [...starts([board])], now: civilNow(world) }
  }
  assert.deepEqual(alone('hold'), { ...alone('hold'), held: 'no-trusted-time', earlier: [], all: [] })
  const { all, earlier, held, now } = alone('run')
  assert.deepEqual([held, earlier.length], [undefined, 3])
  assert.ok(all.length >= 5 && all.every(([due, times]) => times === 1 && due <= now), JSON.stringify(all))
})

test('a board in 1970 learns the time from its neighbours', () => {
  const world = createWorld(3)
  const boards = [...world.boards.values()]
  world.lifetimes.of = () => 2_000
  const [lost] = boards.sort((a, b) => (a.spec.id < b.spec.id ? 1 : -1)) as [Board]
  lost.wallAheadMs = -world.wallMs
  world.bootAll()
  world.run(10_000)
  const job = runPeriodic(world, boards[1]!, { type: 'sysbatch' })
  world.run(3 * minuteMs)
  assert.equal(runsRow(world, lost, job).held, null)
  const own = [...starts([lost])]
  assert.ok(own.length > 0 && own.every(([, times]) => times === 1))
})

test('stopped ends its runs; ordered again it makes up for nothing; a program that changed is for the next run', () => {
  const { world, boards, first } = bootWorkers(2, 10 * minuteMs)
  const job = runPeriodic(world, first, { periodic: { crons: ['*/5 * * * *'] } })
  world.run(5 * minuteMs - (world.wallMs % (5 * minuteMs)) + 10_000)
  const id = runSlot(job, civilNow(world) - (civilNow(world) % 300))
  assert.equal(count(world, 'start'), 1)
  edit(world, first, jobDocId(job), 'default', () => new Map([['spec/groups/g/tasks/app/config/command', '/bin/other']]))
  world.run(20_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop'), boards.some((board) => isRunning(board, id))], [1, 0, true])
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
  world.until('it stops', () => !boards.some((board) => isRunning(board, id)), 20_000)
  edit(
    world,
    first,
    jobDocId(job),
    'default',
    () =>
      new Map<string, string | number>([
        [jobPaths.desired, 'run'],
        [jobPaths.since, civilNow(world)],
      ]),
  )
  world.run(minuteMs)
  assert.equal(count(world, 'start'), 1)
  world.run(5 * minuteMs)
  assert.equal(count(world, 'start'), 2)
})
