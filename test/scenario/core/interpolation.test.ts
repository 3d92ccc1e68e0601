// What boards say of themselves in the texts of a job: who lacks it, and what a change of it does and does not do.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import { type JobId, opsDocId } from '../../../crdt/ids.ts'
import type { TaskSpec } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { check, checkedGroup } from '../../support/checks.ts'
import { bootPool, count, home, place } from '../../support/pool.ts'
import { tasksOf } from '../../support/lifecycle.ts'
import { claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const north = { board: (index: number) => (index === 1 ? { labels: { zone: 'north' } } : {}) }

/** What the tasks were told, in the order of their starts. */
function listen(world: World): string[] {
  const told: string[] = []
  world.tasks.refuse = (board, request, phase) => {
    if (phase === 'start') told.push(`${board.spec.name}:${request.env['ZONE'] ?? ''}`)
    return null
  }
  return told
}

function zoned(task: Partial<TaskSpec> = {}): Parameters<typeof place>[1] {
  const [app] = jobSpec().groups[0]!.tasks
  return {
    group: {
      restart: { ...restartDefaults, attempts: 3, delayMs: 1_000 },
      reschedule: { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 10_000 },
      tasks: [{ ...app!, env: { ZONE: '${label.zone}' }, ...task }],
    },
  }
}

function label(world: World, board: Board, zone: string | null): void {
  edit(world, board, opsDocId(board.spec.id), 'default', () => new Map([['label/zone', zone]]))
}

const failures = (world: World, job: JobId, [first]: readonly Board[]): string[] =>
  [...world.boards.values()].flatMap((by) => {
    const claim = claimOf(first!, slot(job), by)
    return claim?.state === 'failed' ? [claim.reason] : []
  })

test('a board that lacks a label says so and starts nothing; the copy comes to one that has it', () => {
  const { world, boards, first } = bootPool(3, north)
  const told = listen(world)
  const job = runJob(world, first, jobSpec(zoned()))
  const seen = new Set<string>()
  world.until(
    'it runs in the north',
    () => {
      for (const reason of failures(world, job, boards)) seen.add(reason)
      return runners(world, slot(job))[0] === 'b1'
    },
    300_000,
  )
  assert.deepEqual([told, seen.size], [['b1:north'], 1])
  assert.equal([...seen][0], 'E_CONFIG: task app: this board has no ${label.zone}')
})

test('a new version that names what its board lacks leaves the former one running', () => {
  const { world, first } = bootPool(1)
  const job = place(world, zoned({ env: { ZONE: 'none' } }))
  runJob(world, first, jobSpec(zoned()))
  world.run(30_000)
  assert.deepEqual([runners(world, slot(job)), count(world, 'stop'), count(world, 'start')], [['b0'], 0, 1])
  const verdicts = [...first.core!.state!.verdicts.values()].flat().map(({ reason }) => reason)
  assert.deepEqual(
    verdicts.filter((reason) => reason.includes('label')),
    ['task app: this board has no ${label.zone}'],
  )
})

test('a label that changes or goes restarts nothing; the next start takes it up, or says what is not there', () => {
  const { world, first } = bootPool(1)
  label(world, first, 'north')
  world.run(3_000)
  const told = listen(world)
  const job = place(world, zoned())
  label(world, first, 'south')
  world.run(60_000)
  assert.deepEqual([told, count(world, 'stop')], [['b0:north'], 0])
  world.crash(first, slot(job), 'app')
  world.until('it runs again', () => told.length === 2, 10_000)
  assert.equal(told[1], 'b0:south')
  label(world, first, null)
  world.run(60_000)
  assert.deepEqual([runners(world, slot(job)), count(world, 'stop')], [['b0'], 0])
  world.crash(first, slot(job), 'app')
  world.until('it has failed', () => failures(world, job, [first]).length > 0, 30_000)
  assert.equal(failures(world, job, [first])[0], 'E_CONFIG: task app: this board has no ${label.zone}')
  assert.equal(told.length, 2)
})

test('checks ask what the task was told; after a restart of the agent what the board says, or nothing if that is gone', () => {
  const { world, boards, first } = bootPool(2)
  for (const board of boards) label(world, board, 'north')
  world.run(3_000)
  const asked: string[] = []
  world.checks.of = (_board, request) => {
    asked.push(request.check.path ?? '')
    return 'passes'
  }
  const restarting = check({ path: '/${label.zone}', checkRestart: { limit: 1, graceMs: 0 } })
  const job = place(world, { group: checkedGroup([restarting]) })
  world.until('healthy', () => claimOf(first, slot(job), home(world, slot(job)))?.healthy === true, 60_000)
  const board = home(world, slot(job))
  label(world, board, 'south')
  world.run(20_000)
  assert.deepEqual([...new Set(asked)], ['/north'])
  label(world, board, null)
  world.run(5_000)
  world.kill(board)
  world.boot(board)
  world.run(1_000)
  asked.length = 0
  world.run(60_000)
  assert.deepEqual([asked, count(world, 'stop'), runners(world, slot(job))], [[], 0, [board.spec.name]])
  const [run] = [...board.core!.state!.allocs.values()][0]!.checks.runs.values()
  assert.equal(run!.output, 'this board has no ${label.zone}')
})

test('checks fill in bare names of the environment, as they did before there was a word for it', () => {
  const { world } = bootPool(1)
  const asked = new Set<string>()
  world.checks.of = (_board, { check: { path } }) => {
    asked.add(path ?? '')
    return 'passes'
  }
  const group = checkedGroup([check({ path: '/${PREFIX}/${env["PREFIX"]}' })])
  place(world, { group: { ...group, tasks: [{ ...group.tasks![0]!, env: { PREFIX: 'api' } }] } })
  world.run(10_000)
  assert.deepEqual([...asked], ['/api/api'])
})

test('after a power cut, too, what is fetched has its names filled in', () => {
  const { world, first } = bootPool(1, { board: () => ({ labels: { zone: 'north' }, drivers: ['docker'] }) })
  const images: (string | undefined)[] = []
  world.tasks.refuse = (_board, { spec }, phase) => {
    if (phase === 'prepare') images.push(spec.config.image)
    return null
  }
  const [app] = jobSpec().groups[0]!.tasks
  const { command: _, ...config } = app!.config
  const job = place(world, { group: { tasks: [{ ...app!, driver: 'docker', config: { ...config, image: 'app-${label.zone}' } }] } })
  world.powerCut(first)
  world.boot(first)
  world.until('it runs again', () => runners(world, slot(job)).length === 1, 3_000)
  assert.deepEqual(images, ['app-north', 'app-north'])
})

test('a poststop task that lacks what it names is not run with half of its words', () => {
  const { world, first } = bootPool(1)
  label(world, first, 'north')
  world.run(3_000)
  const tasks = tasksOf({ app: 'main', clean: 'poststop' }, { clean: { env: { ZONE: '${label.zone}' } } })
  const told = listen(world)
  const job = place(world, { group: { restart: { ...restartDefaults, attempts: 0 }, tasks } })
  label(world, first, null)
  world.run(2_000)
  edit(world, first, `job/${job}` as never, 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(30_000)
  assert.deepEqual([told, runners(world, slot(job))], [['b0:'], []])
})
