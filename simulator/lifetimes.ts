// Tasks that end by themselves, in time and well. A task may be off its board for a while (a second machine has taken its place): it ends
// when it is back, if its time is over.

import type { AdoptedTask, TaskRequest } from '../node/core/ports.ts'
import type { Board } from './board.ts'
import type { EventQueue } from './queue.ts'

/** How long a task runs until it ends well by itself, ms; null: for ever. */
export type Lifetime = (board: Board, task: TaskRequest) => number | null

export class Lifetimes {
  of: Lifetime = () => null
  /** Told before a task ends. */
  onEnd: (board: Board, run: AdoptedTask) => void = () => {}
  /** Virtual ms. */
  readonly #ends = new WeakMap<AdoptedTask, number>()
  readonly #queue: EventQueue
  readonly #end: (board: Board, run: AdoptedTask) => void

  constructor(queue: EventQueue, end: (board: Board, run: AdoptedTask) => void) {
    this.#queue = queue
    this.#end = end
  }

  began(board: Board, task: TaskRequest): void {
    const run = board.tasks.get(task.id)
    const ms = this.of(board, task)
    if (run === undefined || ms === null || this.#ends.has(run)) return
    this.#ends.set(run, this.#queue.now + ms)
    this.#endInTime(board, run)
  }

  booted(board: Board): void {
    for (const run of board.tasks.values()) this.#endInTime(board, run)
  }

  #endInTime(board: Board, run: AdoptedTask): void {
    const at = this.#ends.get(run)
    if (at === undefined) return
    this.#queue.at(Math.max(at, this.#queue.now), () => {
      if (board.tasks.get(run.id) !== run) return
      this.onEnd(board, run)
      this.#end(board, run)
    })
  }
}
