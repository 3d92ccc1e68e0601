// Two pathologies at once: both are named, and neither hides the other nor is taken for something else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Board, World } from '../../../simulator/world.ts'
import { doctor, restingPool, said } from '../../support/doctor.ts'

const minuteMs = 60_000

function named(world: World, board: Board): string[] {
  return said(doctor(world, board))
}

test('a group that is away, and a board of this side that is off since long before', () => {
  const { world, boards } = restingPool(6)
  world.powerCut(boards[5]!)
  world.run(10 * minuteMs)
  world.split(boards.slice(0, 3), boards.slice(3))
  world.run(2 * minuteMs)
  assert.deepEqual(named(world, boards[0]!), ['partition: b0 b1 b2 > b3 b4', 'board-silent: b0 b1 b2 > b5'])
})

test('a full disk beside a line that passes one way only', () => {
  const { world, boards } = restingPool(4)
  world.cut(boards[0]!, boards[1]!, true)
  world.fillDisk(boards[3]!)
  world.feed(boards[3]!, { kind: 'addresses', now: 0, addresses: [boards[3]!.address, '/sim/second'] })
  world.run(2 * minuteMs)
  for (const board of [boards[0]!, boards[2]!, boards[3]!])
    assert.deepEqual(named(world, board), ['disk-refuses: b3', 'one-way: b0 > b1'], board.spec.name)
  // The deaf end hears nothing of the other, whom it cannot ask: to it the line is down.
  assert.deepEqual(named(world, boards[1]!), ['disk-refuses: b3', 'link-down: b0 > b1'])
})

test('a clock that is off beside names that lead nowhere, on two boards', () => {
  const { world, boards } = restingPool(4)
  boards[1]!.wallAheadMs = 60 * minuteMs
  world.links.dialling.setNames(boards[2]!, false)
  world.run(minuteMs)
  assert.deepEqual(named(world, boards[0]!), ['clock-off: b1', 'dns-nothing: b2'])
})

test('an engine that is down on a board that is cut off from one other', () => {
  const { world, boards } = restingPool(4)
  const down = { health: { healthy: false, reason: 'it does not answer' }, attributes: {}, images: [] }
  world.feed(boards[1]!, { kind: 'fingerprint', now: 0, driver: 'raw_exec', fingerprint: down })
  world.cut(boards[0]!, boards[1]!)
  world.run(2 * minuteMs)
  assert.deepEqual(named(world, boards[0]!), ['engine-down: b1', 'link-down: b0 > b1'])
})

test('each side of a cut says it of the other, and what is wrong on its own', () => {
  const { world, boards } = restingPool(5)
  world.split(boards.slice(0, 2), boards.slice(2))
  boards[4]!.wallAheadMs = -60 * minuteMs
  world.run(2 * minuteMs)
  assert.deepEqual(named(world, boards[0]!), ['partition: b0 b1 > b2 b3 b4'])
  assert.deepEqual(named(world, boards[2]!), ['partition: b2 b3 b4 > b0 b1', 'clock-off: b4'])
})
