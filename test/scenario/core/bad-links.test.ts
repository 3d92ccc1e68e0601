// Frames that are lost, doubled, late and out of order: documents become equal, and every slot has one holder.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPrng } from '../../../simulator/prng.ts'
import type { Prng } from '../../../simulator/prng.ts'
import { bootPool, count, place, slotsOf } from '../../support/pool.ts'
import { areEqual, createWorld, jobSpec, runJob, runners } from '../../support/world.ts'

const faults: readonly (readonly [string, { loss?: number; duplicate?: number; lateMs?: number }])[] = [
  ['a fifth of all frames is lost', { loss: 0.2 }],
  ['half of all frames come twice', { duplicate: 0.5 }],
  ['frames are up to 300 ms late, and so out of order', { lateMs: 300 }],
  ['all of it at once', { loss: 0.1, duplicate: 0.3, lateMs: 200 }],
]

for (const [what, fault] of faults) {
  test(`${what}: jobs are placed, changed and stopped all the same`, () => {
    const world = createWorld(5)
    const boards = [...world.boards.values()]
    world.links.faults = { prng: createPrng(3), ...fault }
    world.bootAll()
    world.run(15_000)
    const job = runJob(world, boards[0]!, jobSpec({ count: 5 }))
    world.until('all run', () => slotsOf(job, 5).every((id) => runners(world, id).length >= 1), 60_000)
    runJob(world, boards[3]!, jobSpec({ count: 3, priority: 60 }))
    world.until(
      'two are stopped',
      () =>
        slotsOf(job, 5)
          .map((id) => runners(world, id).length)
          .join('') === '11100',
      60_000,
    )
    world.links.faults = null
    world.until('all is equal', () => areEqual(boards), 60_000)
    world.run(30_000)
    assert.deepEqual(
      slotsOf(job, 5).map((id) => runners(world, id).length),
      [1, 1, 1, 0, 0],
    )
  })
}

test('gossip that loses nine of ten messages delays and breaks nothing', () => {
  const prng: Prng = createPrng(5)
  const { world, boards, first } = bootPool(6, { loses: () => prng.chance(0.9) })
  const jobs = Array.from({ length: 4 }, (_, index) => runJob(world, boards[index]!, jobSpec({ name: `job-${index}`, count: 3 })))
  world.until('all run', () => jobs.every((job) => slotsOf(job, 3).every((id) => runners(world, id).length === 1)), 60_000)
  world.until('all is equal', () => areEqual(boards), 60_000)
  const before = count(world, 'start')
  world.run(60_000)
  assert.equal(count(world, 'start'), before)
  assert.equal(first.core!.state!.view.jobs.size, 4)
})

test('random cuts, kills and power cuts for a while: then a healed pool has one holder a slot, and runs what is wanted', () => {
  for (const seed of [1, 2, 3]) {
    const prng = createPrng(seed)
    const { world, boards } = bootPool(5)
    const job = place(world, { count: 6 })
    for (let round = 0; round < 12; round++) {
      const board = prng.pick(boards)!
      const other = prng.pick(boards.filter((one) => one !== board))!
      const act = prng.below(5)
      if (act === 0) world.cut(board, other)
      if (act === 1)
        world.split(
          [board],
          boards.filter((one) => one !== board),
        )
      if (act === 2 && board.core !== null) world.kill(board)
      if (act === 3 && board.core !== null) world.powerCut(board)
      if (act === 4) world.heal()
      world.run(5_000 + prng.below(40_000))
      for (const one of boards) if (one.core === null && prng.chance(0.7)) world.boot(one)
    }
    for (const one of boards) if (one.core === null) world.boot(one)
    world.heal()
    world.until(`seed ${seed}: one of each`, () => slotsOf(job, 6).every((id) => runners(world, id).length === 1), 6 * 60_000)
    world.run(30_000)
    assert.ok(areEqual(boards), `seed ${seed}: equal`)
    assert.deepEqual(
      slotsOf(job, 6).map((id) => runners(world, id).length),
      [1, 1, 1, 1, 1, 1],
      `seed ${seed}`,
    )
  }
})
