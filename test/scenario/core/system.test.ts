// Jobs of type `system` on simulated boards: a copy on each board that suits, through cuts, drains, new boards and new versions.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rescheduleDefaults, restartDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import { restartPath } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type JobId, type SlotId, jobDocId, opsDocId, slotId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootPool, count } from '../../support/pool.ts'
import { type JobOptions, areEqual, createWorld, edit, jobSpec, runJob, runners } from '../../support/world.ts'

const ownSlot = (job: JobId, board: Board): SlotId => slotId(job, 'g', board.spec.id)
const system = (options: JobOptions = {}) => jobSpec({ name: 'log', type: 'system', ...options })
const all = (world: World): Board[] => [...world.boards.values()]

/** Every board runs its own copy, once, and no other's. */
function runsEverywhere(world: World, job: JobId, boards: readonly Board[] = all(world)): boolean {
  return all(world).every((board) => {
    const names = runners(world, ownSlot(job, board))
    return boards.includes(board) ? names.length === 1 && names[0] === board.spec.name : names.length === 0
  })
}

function placeSystem(world: World, options: JobOptions = {}): JobId {
  const job = runJob(world, all(world)[0]!, system(options))
  world.until('a copy on each board', () => runsEverywhere(world, job), 10_000)
  world.run(3_000)
  return job
}

test('three boards, three copies; two sides of a cut disturb neither, and nothing moves after the heal', () => {
  const { world, boards } = bootPool(3)
  const job = placeSystem(world)
  world.split(boards.slice(0, 1), boards.slice(1))
  world.run(10 * 60_000)
  assert.ok(runsEverywhere(world, job))
  world.heal()
  world.until('equal again', () => areEqual(boards), 60_000)
  world.run(60_000)
  assert.ok(runsEverywhere(world, job))
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [3, 0])
})

test('submitted on one side of a cut it runs on that side, and on the other after the heal', () => {
  const { world, boards, first } = bootPool(3)
  world.split([first], boards.slice(1))
  world.run(5_000)
  const job = runJob(world, first, system())
  world.until('on its own side', () => runsEverywhere(world, job, [first]), 10_000)
  world.run(120_000)
  assert.ok(runsEverywhere(world, job, [first]))
  world.heal()
  world.until('everywhere', () => runsEverywhere(world, job), 60_000)
})

test('a new version rolls out on each side of a cut; the newest wins on all boards after the heal', () => {
  const { world, boards, first } = bootPool(3)
  const update = { ...updateDefaults, minHealthyMs: 1_000 }
  const job = placeSystem(world, { group: { update } })
  world.split([first], boards.slice(1))
  world.run(5_000)
  runJob(world, first, system({ command: '/bin/second', group: { update } }))
  const programOf = (board: Board): string => board.core!.state!.allocs.get(ownSlot(job, board))!.body.group.tasks[0]!.config.command ?? ''
  world.until('the new one there', () => programOf(first) === '/bin/second', 90_000)
  assert.deepEqual(boards.map(programOf), ['/bin/second', '/bin/app', '/bin/app'])
  world.heal()
  world.until('the new one everywhere', () => boards.every((board) => programOf(board) === '/bin/second'), 120_000)
  world.run(10_000)
  assert.ok(runsEverywhere(world, job))
  for (const board of boards) assert.equal(board.core!.state!.allocs.get(ownSlot(job, board))!.generation, 1)
})

test('a board that joins gets its copy; a board that loses power has it again at the next boot, and nobody else meanwhile', () => {
  const world = createWorld(3)
  const boards = all(world)
  for (const board of boards.slice(0, 2)) world.boot(board)
  world.run(5_000)
  const job = runJob(world, boards[0]!, system())
  world.until('on two', () => runsEverywhere(world, job, boards.slice(0, 2)), 10_000)
  world.boot(boards[2]!)
  world.until('on three', () => runsEverywhere(world, job), 20_000)
  world.powerCut(boards[1]!)
  world.run(10 * 60_000)
  assert.ok(runsEverywhere(world, job, [boards[0]!, boards[2]!]))
  world.boot(boards[1]!)
  world.until('on three again', () => runsEverywhere(world, job), 60_000)
})

test('a drain moves service copies first and ends the system copy last; --ignore-system leaves it; the end of the drain brings it back', () => {
  const { world, boards, first } = bootPool(3)
  const job = placeSystem(world)
  const web = runJob(
    world,
    first,
    jobSpec({ count: 3, group: { constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] } }),
  )
  const webOn = (board: Board): boolean => [...board.tasks.values()].some((task) => task.slot.startsWith(`${web}/`))
  world.until('a web copy on each board', () => boards.every(webOn), 20_000)
  world.run(5_000)
  const drain = (value: boolean, ignored = false): void =>
    edit(
      world,
      boards[1]!,
      opsDocId(first.spec.id),
      'default',
      () =>
        new Map([
          [opsPaths.draining, value],
          [opsPaths.drainIgnoresSystem, ignored],
        ]),
    )
  drain(true)
  world.run(60_000)
  // No other board may take the web copy: so it stays, and the system copy with it.
  assert.ok(webOn(first) && runsEverywhere(world, job))
  runJob(world, first, jobSpec({ count: 2, group: { constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] } }))
  world.until('nothing is left', () => first.tasks.size === 0, 60_000)
  const [lastWeb, lastSystem] = ['default/web/', 'default/log/'].map((prefix) =>
    first.trail.findLast((entry) => entry.what === 'stop' && entry.slot.startsWith(prefix)),
  )
  assert.ok(lastWeb!.at <= lastSystem!.at)
  drain(false)
  world.until('it is back', () => runsEverywhere(world, job), 30_000)
  drain(true, true)
  world.run(60_000)
  assert.ok(runsEverywhere(world, job))
})

test('a copy that fails is tried again where it is, never elsewhere', () => {
  const { world, boards, first } = bootPool(3)
  const restart = { ...restartDefaults, attempts: 0 }
  const reschedule = { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 10_000 }
  world.tasks.refuse = (board, _task, phase) => (board === first && phase === 'start' ? 'E_START' : null)
  const job = runJob(world, boards[1]!, system({ group: { restart, reschedule } }))
  world.until('on the two others', () => runsEverywhere(world, job, boards.slice(1)), 10_000)
  world.run(60_000)
  assert.ok(runsEverywhere(world, job, boards.slice(1)))
  world.tasks.refuse = () => null
  world.until('once it can', () => runsEverywhere(world, job), 30_000)
})

test('an agent that is killed leaves its copy running and adopts it; an orphan is taken up; a wish restarts it', () => {
  const { world, boards, first } = bootPool(2)
  const job = placeSystem(world)
  world.kill(first)
  world.run(120_000)
  assert.ok(runsEverywhere(world, job))
  world.boot(first)
  world.run(20_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 0])
  edit(world, boards[1]!, jobDocId(job), 'default', () => new Map([[restartPath('g', first.spec.id), 1]]))
  world.until('restarted', () => count(world, 'start', { board: first }) === 2, 20_000)
  assert.equal(count(world, 'start'), 3)
})

test('stopped and run again: every copy goes, and every copy comes back', () => {
  const { world, first } = bootPool(3)
  const job = placeSystem(world)
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('all gone', () => runsEverywhere(world, job, []), 20_000)
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'run']]))
  world.until('all back', () => runsEverywhere(world, job), 20_000)
})
