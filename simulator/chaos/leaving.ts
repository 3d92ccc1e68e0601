// Boards that leave for good on an operator's word: when they may stop what nobody has taken over, and that nothing runs where a board says
// that it has left.

import { isEvicted } from '../../node/core/state.ts'
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
  /** Those of them that were evicted then, as far as they knew: nobody heard it of them, and nobody is to know it if an operator takes that back. */
  readonly #unheard = new Set<Board>()
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
    this.#unheard.delete(board)
  }

  told(): Board[] {
    return [...this.left].filter((board) => !this.#unheard.has(board))
  }

  /** Each boot counts the deadline anew: no board has an earlier beginning than the wish. */
  mayStop({ spec }: Board, now: number): boolean {
    return (this.#wishes.get(spec.name) ?? []).some(({ at, deadlineMs }) => deadlineMs !== null && now - at >= deadlineMs * clockPart)
  }

  after({ board, state, effects }: SeenStep): Finding[] {
    if (!state.leave.left) return []
    if (effects.some(({ kind }) => kind === 'left')) {
      this.left.add(board)
      if (isEvicted(state, board.spec.id)) this.#unheard.add(board)
    }
    const [task] = board.isDriverSilent ? [] : board.tasks.values()
    return task === undefined ? [] : [{ rule: 'leaves-empty', what: `${board.spec.name} says that it has left, and runs ${task.slot}` }]
  }
}
