// Faults of drivers and of what they run: refusals of each code, a driver that is down, stops that take long, programs that end.

import type { Board } from '../board.ts'
import { fingerprintOf, unknownExit } from '../tasks.ts'
import { bootLater, later } from './faults-boards.ts'
import type { EventOf } from './plan.ts'
import type { Stage } from './stage.ts'

export function breakDriver(stage: Stage, event: EventOf<'driver'>): void {
  const board = stage.world.board(event.board)
  stage.driverFaults.add(event)
  stage.witness.excuse('broken', event.board)
  if (event.code === 'E_DRIVER_DOWN') tellDriver(stage, board, false)
  const mend = (): void => {
    stage.driverFaults.delete(event)
    if (event.code === 'E_DRIVER_DOWN') mendDriver(stage, board)
  }
  later(stage, event.forMs, mend, [board])
}

function tellDriver(stage: Stage, board: Board, isWell: boolean): void {
  const { world } = stage
  for (const driver of board.spec.drivers ?? (['raw_exec'] as const)) {
    world.feed(board, { kind: 'fingerprint', now: world.queue.now, driver, fingerprint: fingerprintOf(driver, isWell) })
  }
}

/** An engine that is not there yet, or no more, when the agent comes back. */
export function silenceDriver(stage: Stage, event: EventOf<'silent-driver'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  if (board.core === null || board.isDriverSilent || stage.parked.has(board)) return
  world.kill(board)
  board.isDriverSilent = true
  witness.excuse('broken', event.board)
  witness.saw('driver-silent')
  bootLater(stage, board, event.downMs)
  const answerAgain = (): void => {
    board.isDriverSilent = false
    mendDriver(stage, board)
  }
  later(stage, event.forMs, answerAgain, [board])
}

/** As the real node does once an engine answers again: it says what the engine runs, that it is well, and what has ended meanwhile. */
export function mendDriver(stage: Stage, board: Board): void {
  const { world } = stage
  // The next agent asks by itself.
  if (board.core === null || board.isDriverSilent) return
  world.feed(board, { kind: 'adopted', now: world.queue.now, running: [...board.tasks.values()] })
  tellDriver(stage, board, true)
  for (const event of world.tasks.endedUnseen(board, world.queue.now)) world.feed(board, event)
}

/** Tasks take long to end, as those do that wait for their clients. */
export function hangStops(stage: Stage, event: EventOf<'slow-stops'>): void {
  const { tasks } = stage.world
  tasks.stopMs = event.stopMs
  stage.witness.saw('stops-slowly')
  later(stage, event.forMs, () => (tasks.stopMs = 10))
}

/** What runs says of itself that it is not well, or says nothing. */
export function makeUnwell(stage: Stage, event: EventOf<'unwell'>): void {
  const { world, unwell, witness } = stage
  unwell.add(event)
  for (const { spec } of event.board === null ? world.boards.values() : [world.board(event.board)]) witness.excuse('broken', spec.name)
  later(stage, event.forMs, () => unwell.delete(event))
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
  world.tasks.end(board, task.id, unknownExit, world.queue.now)
  witness.saw('vanished-unwatched')
}
