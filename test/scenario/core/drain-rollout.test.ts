// Drains beside canaries and roll-outs: what leaves a board is handed over as always, and a new version is judged by `update` wherever it
// begins (docs/adr/0026 and 0030).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { updateDefaults } from '../../../crdt/documents/defaults.ts'
import { jobPaths, promotedPath } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type JobId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import { migrateDefaults } from '../../../crdt/spec.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { check, checkedGroup } from '../../support/checks.ts'
import { answer, bootPool, home, place, slotsOf } from '../../support/pool.ts'
import { claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000
const [one, two] = ['/bin/one', '/bin/two']
const group = { update: { ...updateDefaults, minHealthyMs: 2_000, canary: 1 } }

function wish(world: World, by: Board, board: Board, path: string, value: Scalar): void {
  edit(world, by, opsDocId(board.spec.id), 'default', () => new Map([[path, value]]))
}

/** One copy of the first program, and a healthy canary of the second beside it. */
function besideCanary(boardCount: number) {
  const { world, boards, first } = bootPool(boardCount)
  const job = place(world, { command: one, group })
  const old = home(world, slot(job))
  runJob(world, first, jobSpec({ command: two, group }))
  world.run(20_000)
  const canary = world.board(runners(world, slot(job)).find((name) => name !== old.spec.name)!)
  return { world, boards, first, job, old, canary }
}

const programs = (world: World, job: JobId): (string | undefined)[] =>
  runners(world, slot(job)).map((name) => world.board(name).core!.state!.allocs.get(slot(job))!.body.group.tasks[0]!.config.command)

test('the boards of a canary and of the copy beside it drain, one leaves: each goes on at its own version', () => {
  const { world, boards, first, job, old, canary } = besideCanary(5)
  const by = boards.find((board) => board !== old && board !== canary) ?? first
  wish(world, by, old, opsPaths.draining, true)
  edit(world, by, opsDocId(canary.spec.id), 'default', () => new Map([opsPaths.draining, opsPaths.leave].map((path) => [path, true])))
  let fewest = 2
  const isOver = (): boolean => {
    fewest = Math.min(fewest, new Set(programs(world, job)).size)
    return old.tasks.size === 0 && canary.core?.state?.leave.left === true
  }
  world.until('both are empty', isOver, 3 * minuteMs)
  world.run(10_000)
  assert.deepEqual([fewest, programs(world, job).sort()], [2, [one, two]])
})

test('a canary that leaves a draining board is told to go where it goes, whatever becomes of the copy beside it', () => {
  const { world, first, job, canary } = besideCanary(2)
  const other = [...world.boards.values()].find((board) => board !== canary)!
  wish(world, other, canary, opsPaths.draining, true)
  world.run(20_000)
  const { node } = answer(world, first, 'node', { method: 'node.status', node: canary.spec.id })
  assert.deepEqual(
    node.drain?.left.map(({ slot: id, reason, to }) => [id, reason, to]),
    [[slot(job), 'no-node-feasible', null]],
  )
})

test('a paused job, promoted meanwhile: nothing is sent away but what drains', () => {
  const { world, boards, job, old, canary } = besideCanary(4)
  edit(world, canary, jobDocId(job), 'default', () => new Map([[jobPaths.paused, true]]))
  world.run(5_000)
  const { form } = claimOf(canary, slot(job), canary)!
  edit(world, canary, jobDocId(job), 'default', () => new Map([[promotedPath('g'), form]]))
  world.run(20_000)
  assert.deepEqual(programs(world, job).sort(), [one, two])
  wish(
    world,
    boards.find((board) => board !== old)!,
    old,
    opsPaths.draining,
    true,
  )
  world.until('it is empty', () => old.tasks.size === 0, 2 * minuteMs)
  assert.deepEqual(programs(world, job), [two])
})

test('a drain in the middle of a roll-out: what `migrate` asks of a copy makes no new version healthy', () => {
  const { world, boards, first } = bootPool(2)
  const going = boards[1]!
  const migrate = { ...migrateDefaults, healthCheck: 'task_states' as const, minHealthyMs: 5_000 }
  const submit = (command: string): JobId => runJob(world, first, jobSpec({ group: checkedGroup([check()], { command, migrate }) }))
  wish(world, first, first, opsPaths.eligible, false)
  const job = submit(one)
  world.until('healthy', () => claimOf(first, slot(job), going)?.healthy === true, minuteMs)
  world.checks.of = (board) => (board === first ? 'fails' : 'passes')
  submit(two)
  wish(world, first, going, opsPaths.draining, true)
  wish(world, first, first, opsPaths.eligible, true)
  world.run(2 * minuteMs)
  assert.deepEqual(
    slotsOf(job, 1).flatMap((id) => runners(world, id)),
    [going.spec.name],
  )
  assert.equal(first.core!.state!.verdicts.get(slot(job))?.[0]?.verdict, 'failed')
})
