// Boards that leave for good on an operator's word: when they may stop what nobody has taken over, and that nothing runs where a board says
// that it has left.

import type { NodeId } from '../../crdt/ids.ts'
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
  /**
   * Those of them that were evicted then, as far as they knew: nobody heard it of them, and nobody is to know it if an operator takes that back.
   * And those whose clone went on since.
   */
  readonly #unheard = new Set<Board>()
  /** Who had its word by then, as far as it knew. */
  readonly #told = new WeakMap<Board, Set<NodeId>>()
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
    for (const other of this.left)
      if (this.#told.get(other)?.delete(board.spec.id) && this.#told.get(other)!.size === 0) this.#unheard.add(other)
  }

  /** It ended before its agent could end for that. */
  stepUndone(board: Board): void {
    this.left.delete(board)
  }

  /** A step of a board's clone. */
  cloneStepped({ state }: Pick<SeenStep, 'state'>): void {
    if (state.leave.left) return
    for (const board of this.left) if (board.spec.id === state.boot.config.self) this.#unheard.add(board)
  }

  /** `members`: those that others hear at the end. What a board told only to one that was evicted elsewhere stays with that one. */
  told(members: readonly Board[]): Board[] {
    const isHeard = (id: NodeId): boolean => members.some(({ spec }) => spec.id === id)
    return [...this.left].filter((board) => {
      const told = this.#told.get(board)
      return !this.#unheard.has(board) && (told === undefined || told.size === 0 || [...told].some(isHeard))
    })
  }

  /** Each boot counts the deadline anew: no board has an earlier beginning than the wish. */
  mayStop({ spec }: Board, now: number): boolean {
    return (this.#wishes.get(spec.name) ?? []).some(({ at, deadlineMs }) => deadlineMs !== null && now - at >= deadlineMs * clockPart)
  }

  after({ board, state, effects }: SeenStep): Finding[] {
    if (!state.leave.left) return []
    if (effects.some(({ kind }) => kind === 'left')) {
      this.left.add(board)
      this.#told.set(board, new Set(state.leave.told))
      if (isEvicted(state, board.spec.id)) this.#unheard.add(board)
    }
    const [task] = board.isDriverSilent ? [] : board.tasks.values()
    return task === undefined ? [] : [{ rule: 'leaves-empty', what: `${board.spec.name} says that it has left, and runs ${task.slot}` }]
  }
}
