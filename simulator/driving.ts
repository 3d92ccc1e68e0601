// Tells a board's driver what its core asks for, and its core what became of that. What a driver was told by an agent that ended since it
// carries out only if that agent's death says so, and then nobody hears of it.

import type { Effect } from '../node/core/effect.ts'
import type { CoreEvent } from '../node/core/event.ts'
import type { TaskId, TaskRequest } from '../node/core/ports.ts'
import type { Board } from './board.ts'
import type { Lifetimes } from './lifetimes.ts'
import type { EventQueue } from './queue.ts'
import { type Tasks, startMs } from './tasks.ts'

/** What it needs of the world. */
export interface DrivenWorld {
  readonly queue: EventQueue
  readonly tasks: Tasks
  readonly lifetimes: Lifetimes
  feed(board: Board, event: CoreEvent): void
  wallMsOf(board: Board): number
}

/** How long a look for a program takes. */
const prepareMs = 5

export class Driving {
  /** Told before a driver does what an agent that has ended had told it to. */
  onCarriedOn: (board: Board, what: 'start' | 'stop', task: TaskId) => void = () => {}
  readonly #world: DrivenWorld

  constructor(world: DrivenWorld) {
    this.#world = world
  }

  prepare(board: Board, task: TaskRequest): void {
    const { queue, tasks } = this.#world
    const { core } = board
    queue.after(prepareMs, () => {
      if (board.core === core)
        this.#world.feed(board, { kind: 'prepared', now: queue.now, task: task.id, outcome: tasks.prepare(board, task) })
    })
  }

  start(board: Board, { task }: Effect & { kind: 'start' }, isWritten: boolean): void {
    const { queue, tasks, lifetimes } = this.#world
    if (!isWritten) return this.#refuse(board, task.id)
    board.starting.set(task.id, queue.now + startMs)
    this.#later(board, startMs, { what: 'start', task: task.id }, () => {
      const wallMs = this.#world.wallMsOf(board)
      const outcome = tasks.start(board, task, queue.now, wallMs)
      if (outcome.ok) lifetimes.began(board, task)
      return [{ kind: 'started', now: queue.now, wallMs, task: task.id, outcome }]
    })
  }

  #refuse(board: Board, task: TaskId): void {
    const { queue } = this.#world
    const { core } = board
    const outcome = { ok: false, code: 'E_START', message: 'the disk takes no writes: nothing new is started' } as const
    queue.after(1, () => {
      if (board.core === core)
        this.#world.feed(board, { kind: 'started', now: queue.now, wallMs: this.#world.wallMsOf(board), task, outcome })
    })
  }

  /** A stop that comes during a start waits for it, as in every driver. */
  stop(board: Board, { task, driver, signal, timeoutMs }: Effect & { kind: 'stop' }): void {
    const { queue, tasks } = this.#world
    const startedAt = board.starting.get(task) ?? queue.now
    const { afterMs, exit } = tasks.ending(signal, timeoutMs)
    this.#later(board, Math.max(0, startedAt - queue.now) + afterMs, { what: 'stop', task }, () => [
      ...tasks.stop(board, task, driver, queue.now, exit),
      { kind: 'stopped', now: queue.now, task },
    ])
  }

  #later(board: Board, delay: number, told: { readonly what: 'start' | 'stop'; readonly task: TaskId }, act: () => CoreEvent[]): void {
    const { queue } = this.#world
    const { core } = board
    queue.after(delay, () => {
      if (board.core === core) return act().forEach((event) => this.#world.feed(board, event))
      if (board.carriedOn !== core) return
      this.onCarriedOn(board, told.what, told.task)
      // A later agent hears that a task has ended, and nothing of who asked for it.
      for (const event of act()) if (event.kind === 'exited') this.#world.feed(board, event)
    })
  }
}
