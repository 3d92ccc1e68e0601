// Disks of a pool that has run before: every board has everybody's node document, as after a power cut of the whole site. Each board
// writes its own by booting alone; what it then holds is laid onto all disks. What is left out with this is that boards which never
// met introduce themselves all at once: the square of their number in documents that cross the mesh, before anything of a split begins.

import { type Board, World, type WorldOptions } from '../world.ts'

/** A board that is alone acts after five seconds, writes its receipts a second later, and its records five seconds after that. */
const aloneMs = 15_000

/** The pool's world before its boards boot again. */
export function settledWorld(options: WorldOptions): World {
  const image = settledDisk(options)
  const world = new World(options)
  for (const board of world.boards.values()) {
    board.disk.replaceBy(image)
    // It is not its first boot: its actors must not be those that wrote what is on the disk.
    board.boots = 1
  }
  return world
}

function settledDisk(options: WorldOptions): ReadonlyMap<string, Uint8Array> {
  const image = new Map<string, Uint8Array>()
  // Nobody can connect to anybody.
  const world = new World({ ...options, overlay: [] })
  const laid = (board: Board): void => {
    for (const [key, value] of board.disk) image.set(key, value)
  }
  world.bootAll()
  world.run(aloneMs)
  for (const board of world.boards.values()) laid(board)
  world.release()
  return image
}
