// What comes before 0:00: the boards that are up from the beginning are switched on and get to know one another. An operator who writes
// down boards means a fleet that is there; without this, whoever is told of a job first would think itself alone and run all of it.

import type { Board } from '../board.ts'
import type { World } from '../world.ts'
import { lookMs, poolOf } from './record.ts'

/** On wide lines they know one another after seconds. Boards that have not met by then, as over a line that is too thin, begin as strangers. */
export const settleMsMax = 60_000

/** So long they must have known one another: what their first minute is about has passed the thinner lines by then, too. */
const settledMs = 10_000

/** Who does not know all of its pool yet; nobody: the fleet is settled. */
export function settle(world: World, boards: readonly Board[]): readonly string[] {
  const until = world.queue.now + settleMsMax
  let since = world.queue.now
  while (boards.length > 0 && world.queue.now < until && world.queue.now - since < settledMs) {
    world.run(lookMs)
    if (strangersAmong(boards).length > 0) since = world.queue.now
  }
  return strangersAmong(boards).map(({ spec }) => spec.name)
}

function strangersAmong(boards: readonly Board[]): Board[] {
  return boards.filter((board) => !knowsAll(board, boards))
}

function knowsAll(board: Board, all: readonly Board[]): boolean {
  const state = board.core?.state
  if (state?.acting !== true) return false
  return all.every((other) => poolOf(other) !== poolOf(board) || state.view.nodes.get(other.spec.id)?.liveness === 'alive')
}
