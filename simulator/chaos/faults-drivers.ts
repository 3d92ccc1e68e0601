// Faults of drivers and of what they run: refusals of each code, a driver that is down, stops that take long, programs that end.

import type { Fingerprint } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import { later } from './faults-boards.ts'
import type { EventOf } from './plan.ts'
import type { Stage } from './stage.ts'

const well: Fingerprint = { health: { healthy: true, reason: '' }, attributes: {}, images: [] }
const unwell: Fingerprint = { health: { healthy: false, reason: 'no answer' }, attributes: {}, images: [] }

export function breakDriver(stage: Stage, event: EventOf<'driver'>): void {
  const board = stage.world.board(event.board)
  stage.driverFaults.add(event)
  stage.witness.excuse('broken', event.board)
  if (event.code === 'E_DRIVER_DOWN') tellDriver(stage, board, unwell)
  later(stage, event.forMs, () => {
    stage.driverFaults.delete(event)
    if (event.code === 'E_DRIVER_DOWN') mendDriver(stage, board)
  })
}

function tellDriver(stage: Stage, board: Board, fingerprint: Fingerprint): void {
  const { world } = stage
  for (const driver of board.spec.drivers ?? ['raw_exec'])
    world.feed(board, { kind: 'fingerprint', now: world.queue.now, driver, fingerprint })
}

/** As the real node does once an engine answers again: it says so, and what the engine runs. */
export function mendDriver(stage: Stage, board: Board): void {
  const { world } = stage
  tellDriver(stage, board, well)
  world.feed(board, { kind: 'adopted', now: world.queue.now, running: [...board.tasks.values()] })
}

/** Tasks take long to end, as those do that wait for their clients. */
export function hangStops(stage: Stage, event: EventOf<'slow-stops'>): void {
  const { tasks } = stage.world
  tasks.stopMs = event.stopMs
  stage.witness.saw('stops-slowly')
  later(stage, event.forMs, () => (tasks.stopMs = 10))
}

export function crash(stage: Stage, event: EventOf<'crash'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  const tasks = [...board.tasks.values()]
  const task = tasks[event.nth % Math.max(1, tasks.length)]
  if (task === undefined || stage.gone.has(board)) return
  witness.copyGone(board, task.slot)
  witness.excuse('broken', event.board)
  if (board.core !== null) return world.crash(board, task.slot, task.task)
  // No agent runs: it finds at its boot that the task is gone.
  board.tasks.delete(task.id)
  witness.saw('vanished-unwatched')
}
