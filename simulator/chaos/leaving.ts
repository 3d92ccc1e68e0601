// Boards that leave for good on an operator's word: when they may stop what nobody has taken over, and that nothing runs where a board says
// that it has left.

import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { type SeenStep, clockPart } from './seen-step.ts'

interface Wish {
  /** Virtual ms. */
  readonly at: number
  readonly deadlineMs: number | null
}

export class Leaving {
  /** Boards whose agent has ended for that. */
  readonly left = new Set<Board>()
  /** By the board's name. */
  readonly #wishes = new Map<string, Wish[]>()

  wished(name: string, wish: Wish): void {
    this.#wishes.set(name, [...(this.#wishes.get(name) ?? []), wish])
  }

  stayers(boards: Iterable<Board>): Board[] {
    return [...boards].filter((board) => !this.left.has(board))
  }

  /** The disk that said so is no longer in it. */
  diskReplaced(board: Board): void {
    this.left.delete(board)
  }

  /** Each boot counts the deadline anew: no board has an earlier beginning than the wish. */
  mayStop({ spec }: Board, now: number): boolean {
    return (this.#wishes.get(spec.name) ?? []).some(({ at, deadlineMs }) => deadlineMs !== null && now - at >= deadlineMs * clockPart)
  }

  after({ board, state, effects }: SeenStep): Finding[] {
    if (!state.leave.left) return []
    if (effects.some(({ kind }) => kind === 'left')) this.left.add(board)
    const [task] = board.isDriverSilent ? [] : board.tasks.values()
    return task === undefined ? [] : [{ rule: 'leaves-empty', what: `${board.spec.name} says that it has left, and runs ${task.slot}` }]
  }
}
