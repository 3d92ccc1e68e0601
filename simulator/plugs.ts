// Devices that are plugged into simulated boards while they run, and looks at them.

import type { Board } from './board.ts'
import type { World } from './world.ts'

/** From now on these are plugged in, and the agent has looked. */
export function plug(world: World, board: Board, devices: Board['devices']): void {
  board.devices = devices
  for (const event of world.tasks.look(board, world.queue.now)) world.feed(board, event)
}
