// The main story in virtual time, with the core as it runs on boards: place, lose a board, replace, heal, one holder a slot.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { livenessLimits } from '../../../node/core/liveness/limits.ts'
import { bootPool, count, place } from '../../support/pool.ts'
import { allAlive, areEqual, createWorld, holderOf, jobSpec, runJob, runners, slot } from '../../support/world.ts'

test('three boards place a job of three, one copy each', () => {
  const world = createWorld(3)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 10_000)
  const job = runJob(world, boards[0]!, jobSpec({ count: 3 }))
  world.until('three copies run', () => [0, 1, 2].every((index) => runners(world, slot(job, index)).length === 1), 5_000)
  const names = [0, 1, 2].flatMap((index) => runners(world, slot(job, index)))
  assert.deepEqual(names.toSorted(), ['b0', 'b1', 'b2'])
  world.run(5_000)
  assert.ok(areEqual(boards))
})

test('a silent board is replaced after replace_after, and on equal boards the original stays after the heal', () => {
  const world = createWorld(5)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 10_000)
  const job = runJob(world, boards[0]!, jobSpec({ count: 2 }))
  const id = slot(job, 0)
  world.until('it runs', () => runners(world, id).length === 1, 5_000)
  world.run(3_000)
  const original = runners(world, id)[0]!
  const lost = world.board(original)
  const others = boards.filter((board) => board !== lost)
  world.split([lost], others)
  world.until('replaced', () => runners(world, id).length === 2, 90_000)
  world.run(5_000)
  assert.ok(runners(world, id).includes(original), 'the cut-off board goes on')
  world.heal()
  world.until('one copy left', () => runners(world, id).length === 1, 30_000)
  assert.deepEqual(runners(world, id), [original])
  assert.equal(lost.trail.filter((entry) => entry.what === 'stop').length, 0, 'the original was never disturbed')
  world.until('heads equal', () => areEqual(boards), 10_000)
  for (const board of boards) assert.equal(holderOf(board, id), original)
})

test('a board that restarts counts its peers at once, though they have written since their last link states', () => {
  const { world, boards } = bootPool(12)
  world.run(livenessLimits.awayMs)
  place(world, { count: 12 })
  // Its records hold the newest documents; what they were before is forgotten.
  world.run(20_000)
  const restarted = world.board('b2')
  world.kill(restarted)
  world.boot(restarted)
  world.until('all alive to all', () => allAlive(boards), 5_000)
  assert.equal(count(world, 'start'), 12, 'nothing was replaced')
})
