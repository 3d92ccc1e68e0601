// Boards that answer one another for ever: each answer is right, and nobody gets to anything else.

import type { Board } from '../board.ts'

const windowMs = 10_000
/** Nine boards that meet again after a cut, a malicious one among them, take some 1,500 steps each within ten seconds. */
const stepsMax = 10_000

export class Storms {
  readonly #steps = new Map<Board, { readonly window: number; steps: number }>()

  /** Called before each step. How many it is, if that is beyond all measure; null: it is not. */
  whyTooMany(board: Board, virtualNow: number): string | null {
    const window = Math.floor(virtualNow / windowMs)
    const known = this.#steps.get(board)
    const seen = known?.window === window ? known : { window, steps: 0 }
    this.#steps.set(board, seen)
    seen.steps += 1
    return seen.steps <= stepsMax ? null : `${board.spec.name} takes more than ${stepsMax} steps within ${windowMs} ms`
  }
}
