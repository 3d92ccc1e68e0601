// What is wrong at a board for the moment, and which boards that can be said of.

import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Lasting } from './invariants.ts'
import type { Stage } from './stage.ts'

export interface Wrong {
  readonly rule: Lasting
  /** What it is about: as long as that is the same, it lasts. */
  readonly key: string
  readonly what: string
}

/** It hears, decides and writes as it should. */
export function isAttentive(stage: Stage, board: Board, state: State): boolean {
  return state.acting && board.held.size === 0 && state.storeProblem === null && !stage.witness.isBehind(board)
}
