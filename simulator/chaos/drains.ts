// Since when each board has known of the wish by which it drains, on its own clock: what its copies are stopped for at the end of that time
// is an operator's word, and before it is not. The board's own count is not asked.

import type { Board } from '../board.ts'
import { type SeenStep, clockPart } from './seen-step.ts'

interface Wish {
  readonly boots: number
  readonly saidAtMs: number
  readonly deadlineMs: number
  readonly since: number
}

export class Drains {
  readonly #wishes = new Map<Board, Wish>()

  after({ board, state, now }: SeenStep): void {
    const wish = state.view.nodes.get(board.spec.id)?.drain
    const known = this.#wishes.get(board)
    if (wish === undefined || wish.deadlineMs === null) {
      this.#wishes.delete(board)
      return
    }
    const { saidAtMs, deadlineMs } = wish
    if (known?.boots === board.boots && known.saidAtMs === saidAtMs && known.deadlineMs === deadlineMs) return
    this.#wishes.set(board, { boots: board.boots, saidAtMs, deadlineMs, since: now })
  }

  /** One that was given no time stops in the very step in which it hears of that, before anybody else has seen it. */
  isOver(board: Board, now: number): boolean {
    const wish = board.core?.state?.view.nodes.get(board.spec.id)?.drain
    if (wish?.deadlineMs === 0) return true
    const known = this.#wishes.get(board)
    return known !== undefined && known.boots === board.boots && now - known.since >= known.deadlineMs * clockPart
  }
}
