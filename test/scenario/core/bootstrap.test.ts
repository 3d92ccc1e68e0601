// The bootstrap list that admins keep: boards whose join files lead nowhere any more come back by it, and two admins on two sides of a cut both
// have their way.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootstrapFromRegisters, fleetPaths } from '../../../crdt/documents/fleet.ts'
import { fleetDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { nameMs } from '../../../simulator/dialling.ts'
import { allAlive, areEqual, createWorld, edit } from '../../support/world.ts'

const all = (world: World): Board[] => [...world.boards.values()]

/** Says at that board which addresses are on the list (true) and which are not (false). */
function list(world: World, board: Board, said: Readonly<Record<string, boolean>>): void {
  const changes = new Map(Object.entries(said).map(([address, isListed]) => [fleetPaths.bootstrap(address), isListed]))
  edit(world, board, fleetDocId, '*', () => changes)
}

function listAt(board: Board): ReturnType<typeof bootstrapFromRegisters> {
  return bootstrapFromRegisters(board.core!.state!.docs.get(fleetDocId)!.registers)
}

/** Six boards; the last sleeps while both bootstrap boards go for good, and all others move, as it does itself. */
function outlived(listed: Readonly<Record<string, boolean>>): { world: World; late: Board } {
  const join = ['/dns/b0', '/dns/b1']
  const world = createWorld(6, { isDialled: true, board: () => ({ bootstrap: join }) })
  world.links.dialling.keepsWorked = true
  const boards = all(world)
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 30_000)
  list(world, boards[0]!, listed)
  world.run(60_000)
  assert.ok(areEqual(boards))
  const [first, second, ...others] = boards
  const late = others.pop()!
  world.powerCut(late)
  for (const board of [first!, second!]) world.powerCut(board)
  for (const board of [...others, late]) world.links.moveAddress(board)
  world.run(10 * 60_000)
  world.boot(late)
  return { world, late }
}

test('all bootstrap boards are gone and all others have moved: the list brings back a board that slept', () => {
  const { world, late } = outlived({ '/dns/b2': true })
  world.until('it is back', () => late.peers.size >= 3, nameMs)
  world.until('all four see each other', () => allAlive(all(world).slice(2)), 60_000)
})

test('without the list, or with its only address removed again, it stays alone', () => {
  for (const said of [{}, { '/dns/b2': false }] as const) {
    const { world, late } = outlived(said)
    world.run(10 * 60_000)
    assert.equal(late.peers.size, 0)
  }
})

test('what a join file names is tried no more once an admin has removed it, unless it had led the board to another', () => {
  for (const [isRemoved, keepsWorked, peers] of [
    [true, false, 0],
    [true, true, 1],
    [false, false, 1],
  ] as const) {
    const world = createWorld(2, { isDialled: true })
    world.links.dialling.keepsWorked = keepsWorked
    const [a, b] = all(world) as [Board, Board]
    world.bootAll()
    world.until('they see each other', () => allAlive([a, b]), 30_000)
    if (isRemoved) list(world, a, { '/dns/b0': false, '/dns/b1': false })
    world.run(60_000)
    for (const board of [a, b]) {
      world.powerCut(board)
      world.links.moveAddress(board)
    }
    for (const board of [a, b]) world.boot(board)
    world.run(10 * 60_000)
    // Only the names lead to where they are now.
    assert.equal(a.peers.size, peers)
  }
})

test('two admins change the list on two sides of a cut: both additions and both removals stand', () => {
  const world = createWorld(4)
  const boards = all(world)
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 20_000)
  list(world, boards[0]!, { '/old/1': true, '/old/2': true, '/kept': true })
  world.run(10_000)
  world.split(boards.slice(0, 2), boards.slice(2))
  list(world, boards[0]!, { '/new/1': true, '/old/1': false })
  list(world, boards[3]!, { '/new/2': true, '/old/2': false })
  world.run(60_000)
  world.heal()
  world.until('all see each other', () => allAlive(boards), 60_000)
  world.run(60_000)
  for (const board of boards) assert.deepEqual(listAt(board), { listed: ['/kept', '/new/1', '/new/2'], removed: ['/old/1', '/old/2'] })
})
