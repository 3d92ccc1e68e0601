// A disk copied to a second board: two machines that run at the same time with one key, each with an address of its own. The world knows
// boards by their keys, so a second one is only among its machines: it has connections, a disk and tasks, and takes no commands.

import { type Board, createBoard } from './board.ts'
import type { World } from './world.ts'

/** Nonces are made of a count of boots: more often than this no board boots. */
const bootsOfTwin = 1_000_000

export function bootTwin(world: World, board: Board, disk: ReadonlyMap<string, Uint8Array>): Board {
  const twin = createBoard({ ...board.spec, name: `${board.spec.name}-twin` })
  twin.disk.replaceBy(disk)
  // Nor are they those of a former one.
  twin.boots = bootsOfTwin + world.queue.now
  world.machines.add(twin)
  world.boot(twin)
  return twin
}

export function removeTwin(world: World, twin: Board): void {
  world.powerCut(twin)
  world.machines.delete(twin)
}
