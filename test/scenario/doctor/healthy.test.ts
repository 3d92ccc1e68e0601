// A healthy mesh, where the doctor names nothing: at rest, while it boots, after a heal, under a roll-out, and while agents are restarted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Board, World } from '../../../simulator/world.ts'
import { doctor, restingPool, said } from '../../support/doctor.ts'
import { allAlive, createWorld, jobSpec, runJob } from '../../support/world.ts'

const minuteMs = 60_000

function isWell(world: World, boards: readonly Board[]): void {
  for (const board of boards) assert.deepEqual(said(doctor(world, board)), [], `asked of ${board.spec.name}`)
}

test('at rest, asked of every board, also hours later', () => {
  const { world, boards } = restingPool(5)
  isWell(world, boards)
  world.run(3 * 60 * minuteMs)
  isWell(world, boards)
})

test('at rest in a pool of twenty, where not all are connected', () => {
  const { world, boards } = restingPool(20)
  isWell(world, [boards[0]!, boards[9]!, boards[19]!])
})

test('two boards, and one alone', () => {
  const two = restingPool(2)
  isWell(two.world, two.boards)
  const one = restingPool(1)
  isWell(one.world, one.boards)
})

test('while it boots, one board after the other', () => {
  const world = createWorld(6, { isDialled: true })
  const boards = [...world.boards.values()]
  for (const [index, board] of boards.entries()) {
    world.boot(board)
    world.run(2_000)
    isWell(world, boards.slice(0, index + 1))
    world.run(20_000)
  }
  isWell(world, boards)
})

test('a board that boots an hour after the others', () => {
  const world = createWorld(4, { isDialled: true })
  const boards = [...world.boards.values()]
  for (const board of boards.slice(0, 3)) world.boot(board)
  world.run(60 * minuteMs)
  world.boot(boards[3]!)
  world.until('all are alive', () => allAlive(boards), minuteMs)
  isWell(world, boards)
  world.run(2 * minuteMs)
  isWell(world, boards)
})

test('after a cut has healed', () => {
  const { world, boards } = restingPool(5)
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(20 * minuteMs)
  world.heal()
  world.until('all are alive', () => allAlive(boards), 2 * minuteMs)
  world.run(20_000)
  isWell(world, boards)
})

test('after a line between two, in one direction and in both, has healed', () => {
  const { world, boards } = restingPool(4)
  world.cut(boards[0]!, boards[1]!, true)
  world.cut(boards[2]!, boards[3]!)
  world.run(10 * minuteMs)
  world.heal()
  world.run(3 * minuteMs)
  isWell(world, boards)
})

test('under a rolling update', () => {
  const { world, boards } = restingPool(4)
  runJob(world, boards[0]!, jobSpec({ count: 4, name: 'other' }))
  world.run(30_000)
  runJob(world, boards[1]!, jobSpec({ count: 4, name: 'other', priority: 60 }))
  for (let times = 0; times < 6; times++) {
    world.run(5_000)
    isWell(world, boards)
  }
})

test('while the agents are restarted, one after the other, and after a board had no power', () => {
  const { world, boards } = restingPool(4)
  for (const board of boards) {
    world.kill(board)
    world.run(1_000)
    world.boot(board)
    world.run(30_000)
    isWell(world, boards)
  }
  world.powerCut(boards[2]!)
  world.run(3 * minuteMs)
  world.boot(boards[2]!)
  world.run(minuteMs)
  isWell(world, boards)
})
