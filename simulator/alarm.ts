// The one alarm of a board's core: the time that it asked for last. Nearly every step asks for the one that is set already, so that a
// queue with an entry for each would hold little else.

import type { Core } from '../node/core/step.ts'
import type { Board } from './board.ts'
import { whenItShows } from './board-clock.ts'
import type { EventQueue } from './queue.ts'

export interface Alarm {
  readonly core: Core | null
  /** On the board's clock, and the virtual time at which that will show it. */
  readonly at: number
  readonly dueAt: number
  /** How often it was asked for. */
  asked: number
}

/**
 * `ring` is called once the board's clock shows `at`, but not in this millisecond; not if another time is asked for before, or the core is
 * gone. A board that is busy or frozen then finds a tick for each time that it asked.
 */
export function setAlarm(queue: EventQueue, board: Board, at: number, ring: () => void): void {
  const { core } = board
  const dueAt = Math.max(whenItShows(board.clock, at), queue.now + 1)
  const set = board.alarm
  if (set?.core === core && set.at === at && set.dueAt === dueAt && board.stepMs === 0) {
    set.asked++
    return
  }
  const alarm: Alarm = { core, at, dueAt, asked: 1 }
  board.alarm = alarm
  queue.at(dueAt, () => {
    for (let rung = 0; rung < alarm.asked && board.core === core && board.alarm?.core === core && board.alarm.at === at; rung++) ring()
  })
}
