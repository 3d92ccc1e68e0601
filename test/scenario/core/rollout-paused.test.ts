// Roll-outs that an operator pauses and resumes: what waits, what does not, and what two sides of a cut make of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { type JobId, jobDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { areEqual, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const group = {
  update: { ...updateDefaults, minHealthyMs: 2_000 },
  disconnect: { ...disconnectDefaults, replaceAfterMs: 5_000, partition: 'any' as const },
}
const version = (command: string) => ({ count: 4, command, group })

function pause(world: World, via: Board, job: JobId, paused = true): void {
  edit(world, via, jobDocId(job), 'default', () => new Map([[jobPaths.paused, paused ? true : null]]))
}

/** How many slots run the second version. */
function second(world: World, job: JobId): number {
  const programs = slotsOf(job, 4).flatMap((id) =>
    runners(world, id).map((name) => world.board(name).core!.state!.allocs.get(id)?.body.group.tasks[0]!.config.command),
  )
  return programs.filter((one) => one === '/bin/second').length
}

test('a paused roll-out stands still where it is, replaces what is lost at the new version, and goes on when it is resumed', () => {
  const { world, boards, first } = bootPool(5)
  const job = place(world, version('/bin/first'))
  runJob(world, first, jobSpec(version('/bin/second')))
  world.until('one is updated', () => second(world, job) === 1, 30_000)
  pause(world, first, job)
  world.run(1_000)
  const [starts, moved] = [count(world, 'start'), second(world, job)]
  world.run(60_000)
  assert.deepEqual([count(world, 'start'), second(world, job)], [starts, moved])
  const { job: told, settled } = answer(world, first, 'job', { method: 'job.status', job })
  assert.deepEqual([told.paused, settled, told.slots.at(-1)?.reason], [true, true, 'rollout-paused'])
  const last = home(world, slot(job, 3))
  world.powerCut(last)
  const rest = boards.filter((board) => board !== last)
  world.until('what was lost runs elsewhere', () => runners(world, slot(job, 3)).length === 1, 60_000)
  world.run(10_000)
  assert.equal(home(world, slot(job, 3)).core!.state!.allocs.get(slot(job, 3))!.body.group.tasks[0]!.config.command, '/bin/second')
  pause(world, first, job, false)
  world.until('all are updated', () => rest.every((board) => board.core!.state!.view.jobs.get(job)?.paused !== true), 10_000)
  world.until('all run the new version', () => second(world, job) === 4, 60_000)
})

test('paused on one side of a cut while the other side gets a new version: after the heal nothing moves before it is resumed', () => {
  const { world, boards, first } = bootPool(4)
  const job = place(world, version('/bin/first'))
  const [here, there] = [boards.slice(0, 2), boards.slice(2)]
  world.split(here, there)
  pause(world, first, job)
  const late = { ...group, update: { ...group.update, minHealthyMs: 30_000, healthyDeadlineMs: 60_000 } }
  runJob(world, there[0]!, jobSpec({ ...version('/bin/second'), group: late }))
  world.run(3_000)
  world.heal()
  world.until('both sides know of both', () => areEqual(boards), 30_000)
  world.run(20_000)
  const moved = second(world, job)
  assert.ok(moved < 4, 'the other side had no time for all of them')
  world.run(120_000)
  assert.equal(second(world, job), moved)
  pause(world, there[0]!, job, false)
  world.until('all run the new version', () => second(world, job) === 4, 400_000)
})

test('paused on one side and resumed on the other: both agree afterwards, and the loser is shown', () => {
  const { world, boards, first } = bootPool(4)
  const job = place(world, version('/bin/first'))
  pause(world, first, job)
  world.run(3_000)
  world.split(boards.slice(0, 2), boards.slice(2))
  edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.paused, false]]))
  edit(world, boards[2]!, jobDocId(job), 'default', () => new Map([[jobPaths.paused, null]]))
  world.run(3_000)
  world.heal()
  world.until('both sides know of both', () => areEqual(boards), 30_000)
  const { job: told } = answer(world, first, 'job', { method: 'job.status', job })
  assert.deepEqual(
    told.conflictsList.map(({ path }) => path),
    [jobPaths.paused],
  )
  assert.deepEqual(new Set(boards.map((board) => board.core!.state!.view.jobs.get(job)!.paused)), new Set([undefined]))
})
