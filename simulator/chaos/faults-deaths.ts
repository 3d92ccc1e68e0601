// Agents that are killed and boards that lose power in the middle of what a step asked for, at every boundary between two effects.

import type { Board } from '../board.ts'
import type { Boundary } from '../deaths.ts'
import { bootLater } from './faults-boards.ts'
import type { Sight } from './invariants.ts'
import type { EventOf } from './plan.ts'
import type { Stage } from './stage.ts'

const sights: Readonly<Record<Boundary, readonly Sight[]>> = {
  effect: [],
  persist: ['died-before-telling'],
  send: ['died-telling'],
  start: ['died-as-task-began'],
  stop: [],
  sync: ['died-in-sync'],
}

/** It may take a while until the board does such a thing. */
export function armDeath(stage: Stage, event: EventOf<'death'>): void {
  const board = stage.world.board(event.board)
  if (board.core === null || board.death !== null) return
  const { how, after, nth, lostWrites, driversGoOn, syncMs } = event
  board.death = { how, after, left: nth, lostWrites, driversGoOn, syncMs, onDeath: () => die(stage, board, event) }
}

function die(stage: Stage, board: Board, { how, after, lostWrites, forMs }: EventOf<'death'>): void {
  const { witness } = stage
  witness.stepsUndone(board)
  if (how === 'power-cut' && lostWrites > 0 && board.disk.unsynced.length > 0) witness.writesUndone(board)
  for (const sight of [how === 'kill' ? ('killed-mid-step' as const) : ('cut-mid-step' as const), ...sights[after]]) witness.saw(sight)
  witness.note(`${board.spec.name} ends (${how}, after ${after})`)
  bootLater(stage, board, forMs)
}

/** A later agent may take a task up that is told to end already, and sees it end as if by itself. */
export function noteCarriedOn({ world, witness }: Stage): void {
  world.driving.onCarriedOn = (board, what, task) => {
    const slot = board.tasks.get(task)?.slot
    if (what === 'stop' && slot === undefined) return
    witness.saw('driver-went-on')
    if (what === 'start') return
    witness.copyGone(board, slot!)
    if (board.core !== null) witness.excuse('broken', board.spec.name)
  }
}
