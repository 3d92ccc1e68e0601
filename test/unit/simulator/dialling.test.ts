// Who connects to whom when boards dial: the policy is the real one, what is tested is that only a known address leads to a board.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameMs } from '../../../simulator/dialling.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { allAlive, areEqual, createWorld } from '../../support/world.ts'

function dialled(count: number): { world: World; boards: Board[] } {
  const world = createWorld(count, { isDialled: true })
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 30_000)
  return { world, boards }
}

const areConnected = (a: Board, b: Board): boolean => a.peers.has(b.spec.id) && b.peers.has(a.spec.id)

test('a small pool is connected throughout within a minute or two; a large one stays with what its boards aim at for a while', () => {
  const small = dialled(6)
  small.world.run(2 * 60_000)
  for (const a of small.boards) assert.equal(a.peers.size, 5)
  const large = dialled(30)
  large.world.run(10_000)
  // Those that every bootstrap list names have most.
  const counts = large.boards.map(({ peers }) => peers.size).toSorted((a, b) => a - b)
  assert.ok(counts[0]! >= 4 && counts[15]! < 16, counts.join(' '))
  assert.ok(areEqual(large.boards))
})

test('a board that moves finds the others, whose addresses it knows', () => {
  const { world, boards } = dialled(4)
  world.run(60_000)
  world.links.moveAddress(boards[3]!)
  assert.equal(boards[3]!.peers.size, 0)
  world.until('it is back', () => boards.slice(0, 3).every((other) => areConnected(boards[3]!, other)), 15_000)
  world.run(10_000)
  assert.ok(areEqual(boards))
})

test('two boards that both move while they are cut off from one another meet through a third that knows both', () => {
  const { world, boards } = dialled(3)
  const [a, b] = boards as [Board, Board, Board]
  world.run(60_000)
  world.cut(a, b)
  world.links.moveAddress(a)
  world.links.moveAddress(b)
  world.run(30_000)
  assert.equal(areConnected(a, b), false)
  world.heal()
  world.until('they are connected', () => areConnected(a, b), nameMs)
})

test('two boards alone that both move are lost to one another until their names lead to the new addresses', () => {
  const { world, boards } = dialled(2)
  const [a, b] = boards as [Board, Board]
  world.run(60_000)
  world.links.moveAddress(a)
  world.links.moveAddress(b)
  world.run(nameMs - 1_000)
  assert.equal(areConnected(a, b), false)
  world.until('they are connected', () => areConnected(a, b), 30_000)
})

test('boards meet again soon after a cut of any length', () => {
  const { world, boards } = dialled(6)
  world.run(60_000)
  for (const minutes of [1, 30]) {
    world.split(boards.slice(0, 3), boards.slice(3))
    world.run(minutes * 60_000)
    world.heal()
    world.until('all see each other', () => allAlive(boards), 30_000)
  }
})

test('without names a board that was never there finds nobody; one that knows addresses is back at once', () => {
  const world = createWorld(4, { isDialled: true })
  const boards = [...world.boards.values()]
  const late = boards[3]!
  for (const board of boards) world.links.dialling.setNames(board, board !== late)
  for (const board of boards.slice(0, 3)) world.boot(board)
  world.run(60_000)
  for (const board of boards) world.links.dialling.setNames(board, false)
  world.powerCut(boards[1]!)
  world.boot(boards[1]!)
  world.until('it is back', () => areConnected(boards[0]!, boards[1]!) && areConnected(boards[1]!, boards[2]!), 15_000)
  world.boot(late)
  world.run(2 * 60_000)
  assert.equal(late.peers.size, 0)
  world.links.dialling.setNames(late, true)
  world.until('names lead it to the others', () => boards.slice(0, 3).every((other) => areConnected(late, other)), 60_000)
})

test('a board that joins while all others are without power finds them once they are back', () => {
  // More than a bootstrap list names, so that nobody else's names it.
  const world = createWorld(7, { isDialled: true })
  const boards = [...world.boards.values()]
  const [late, others] = [boards.at(-1)!, boards.slice(0, -1)]
  for (const board of others) world.boot(board)
  world.until(
    'the others see each other',
    () => others.every((board) => others.every((one) => one === board || areConnected(one, board))),
    180_000,
  )
  for (const board of others) world.powerCut(board)
  world.boot(late)
  world.run(60_000)
  for (const board of others) world.boot(board)
  world.until('all see each other', () => allAlive(boards), 120_000)
})
