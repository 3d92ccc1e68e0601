// Room that is made, on boards that are full: the copy in the way ends before the important one starts, it comes back where there is room, and
// what two sides of a cut did each for itself comes to one answer.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { type JobId, type PoolName, fleetDocId } from '../../../crdt/ids.ts'
import type { JobSpec } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { allAlive, areEqual, claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

/** Each board has room for one copy, and services may preempt. */
function fullPool(boards: number): ReturnType<typeof bootPool> & { readonly low: JobId } {
  const capacity = { cpuMhz: 1_000, memoryMib: 4_096, diskMib: 16_384 }
  const made = bootPool(boards, { board: () => ({ capacity }) })
  edit(made.world, made.first, fleetDocId, '', () => new Map([[fleetPaths.preemption('default' as PoolName, 'service'), true]]))
  const low = place(made.world, { name: 'low', count: boards, cpuMhz: 800, priority: 30 })
  return { ...made, low }
}

const high = jobSpec({ name: 'high', cpuMhz: 800, priority: 80 })
const running = (world: World, job: JobId, copies: number): number => slotsOf(job, copies).flatMap((id) => runners(world, id)).length

function reasons(world: World, board: Board, job: string): (string | null)[] {
  return answer(world, board, 'job', { method: 'job.status', job }).job.slots.map(({ reason }) => reason)
}

/** On every board, what ran there before had stopped when the important copy started. */
function assertOneAtATime(boards: readonly Board[]): void {
  for (const { trail, spec } of boards) {
    let held = 0
    for (const { what } of trail) {
      held += what === 'start' ? 1 : -1
      assert.ok(held <= 1, `${spec.name} runs ${held} copies at once`)
    }
  }
}

test('the important copy starts where one has made room, which waits and says for whom, and comes back once there is room', () => {
  const { world, boards, first, low } = fullPool(3)
  const job = runJob(world, first, high)
  world.until('it runs', () => running(world, job, 1) === 1, 20_000)
  world.run(60_000)
  assert.equal(running(world, low, 3), 2)
  assertOneAtATime(boards)
  assert.deepEqual(
    reasons(world, first, 'default/low').filter((one) => one !== null),
    ['preempted: default/high/g/0'],
  )
  const by = home(world, slot(job))
  assert.equal(count(world, 'start', { slot: slot(job) }), 1)
  assert.equal(count(world, 'stop'), 1, 'nobody else was disturbed')
  const told = answer(world, first, 'alloc', { method: 'alloc.status', alloc: by.core!.state!.allocs.get(slot(job))!.alloc }).alloc
  assert.match(told.displaces!.join(), /^default\/low\/g\/[0-2]$/)
  edit(world, first, `job/${job}` as never, 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('it is back', () => running(world, low, 3) === 3, 20_000)
})

test('both sides of a cut make room for the same copy; after the heal one of them stays, and what made room for the other is back', () => {
  const { world, boards, low } = fullPool(4)
  const [left, right] = [boards.slice(0, 2), boards.slice(2)]
  world.split(left, right)
  const job = runJob(world, left[0]!, high)
  runJob(world, right[0]!, high)
  world.until('each side runs it', () => runners(world, slot(job)).length === 2, 30_000)
  world.run(5_000)
  assert.equal(running(world, low, 4), 2)
  world.heal()
  world.until('all alive', () => allAlive(boards), 30_000)
  world.until('one answer', () => runners(world, slot(job)).length === 1 && running(world, low, 4) === 3, 60_000)
  const events = (): number => count(world, 'start') + count(world, 'stop')
  world.run(10_000)
  const before = events()
  world.run(120_000)
  assert.equal(events(), before, 'nothing flaps')
  assertOneAtATime(boards)
  assert.ok(areEqual(boards))
  for (const id of slotsOf(low, 4)) assert.ok(count(world, 'stop', { slot: id }) <= 1, id)
})

test('nobody ends for a copy that cannot be fetched, and an agent that is killed while it makes room goes on with it', () => {
  const { world, boards, first, low } = fullPool(1)
  world.tasks.unavailable.add('/bin/app')
  const job = runJob(world, first, high)
  world.run(20_000)
  assert.deepEqual([running(world, low, 1), count(world, 'stop')], [1, 0])
  world.tasks.unavailable.clear()
  world.tasks.stopMs = 5_000
  world.until('it makes room', () => reasonOf(first, slot(job)).startsWith('room-awaited'), 600_000)
  world.kill(first)
  world.boot(first)
  world.until('it runs', () => running(world, job, 1) === 1, 60_000)
  assert.equal(running(world, low, 1), 0)
  assertOneAtATime(boards)
})

test('who counts on the room that another makes waits for it: it claims twice at most', () => {
  const { world, first, low } = fullPool(1)
  runJob(world, first, jobSpec({ name: 'idle', priority: 20, count: 0 }))
  world.tasks.unavailable.add('/bin/app')
  const urgent = runJob(world, first, { ...high, name: 'urgent', priority: 70, groups: high.groups.map((group) => sized(group, 300)) })
  const middling = runJob(world, first, { ...high, name: 'middling', priority: 35, groups: high.groups.map((group) => sized(group, 300)) })
  world.run(60_000)
  assert.deepEqual([running(world, low, 1), count(world, 'stop')], [1, 0])
  world.tasks.unavailable.clear()
  world.until('both run', () => running(world, urgent, 1) + running(world, middling, 1) === 2, 600_000)
  assert.ok((claimOf(first, slot(middling), first)?.generation ?? 9) <= 2)
})

test('a new version that comes while a copy waits for room starts as well', () => {
  const { world, first } = fullPool(1)
  world.tasks.unavailable.add('/bin/app')
  const job = runJob(world, first, high)
  world.run(20_000)
  runJob(world, first, jobSpec({ name: 'high', cpuMhz: 150, priority: 80, command: '/bin/other' }))
  world.until('it runs', () => running(world, job, 1) === 1, 120_000)
})

function sized(group: JobSpec['groups'][number], cpuMhz: number): JobSpec['groups'][number] {
  return { ...group, tasks: group.tasks.map((task) => ({ ...task, resources: { ...task.resources, cpuMhz } })) }
}

function reasonOf(board: Board, id: ReturnType<typeof slot>): string {
  return board.core?.state?.allocs.get(id)?.reason ?? ''
}
