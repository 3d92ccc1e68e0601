// What comes to a board that is busy with a step or frozen waits, and is taken in the order in which it came: an agent's loop lets nothing
// overtake. What an agent has not taken when it ends is gone with it.

import type { Core } from '../node/core/step.ts'
import type { Board } from './board.ts'
import type { EventQueue } from './queue.ts'

interface Waiting {
  readonly act: (lateMs: number) => void
  readonly cameAt: number
}

export class EventLoops {
  readonly #queue: EventQueue
  readonly #waiting = new WeakMap<Core, Waiting[]>()
  /** Of all boards. What an agent that ended has not taken stays counted. */
  #waitingCount = 0

  constructor(queue: EventQueue) {
    this.#queue = queue
  }

  /** Now, or once the board is free and has taken all that came before; `act` is told how late that is, ms. Nothing happens without an agent. */
  take(board: Board, act: (lateMs: number) => void): void {
    const { core } = board
    if (core === null) return
    const isFree = freeAt(board) <= this.#queue.now
    // In most worlds nobody is ever busy.
    if (isFree && this.#waitingCount === 0) return act(0)
    const waiting = this.#waiting.get(core) ?? []
    if (isFree && waiting.length === 0) return act(0)
    this.#waiting.set(core, waiting)
    this.#waitingCount++
    if (waiting.push({ act, cameAt: this.#queue.now }) === 1) this.#workWhenFree(board, core)
  }

  /** A frozen board goes on now. */
  resume(board: Board): void {
    board.pausedUntil = 0
    if (board.core !== null) this.#workWhenFree(board, board.core)
  }

  #workWhenFree(board: Board, core: Core): void {
    this.#queue.at(freeAt(board), () => this.#work(board, core))
  }

  #work(board: Board, core: Core): void {
    const waiting = this.#waiting.get(core) ?? []
    while (board.core === core && waiting.length > 0) {
      if (freeAt(board) > this.#queue.now) return this.#workWhenFree(board, core)
      const { act, cameAt } = waiting[0]!
      // What it brings about at once comes after all that waits already.
      act(this.#queue.now - cameAt)
      waiting.shift()
      this.#waitingCount--
    }
  }
}

function freeAt(board: Board): number {
  return Math.max(board.pausedUntil, board.busyUntil)
}
