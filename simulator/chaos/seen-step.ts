// What the rules of one board are told of a step.

import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'

/** A step that a board has just made. */
export interface SeenStep {
  readonly board: Board
  readonly state: State
  readonly event: CoreEvent
  readonly effects: readonly Effect[]
  /** What its monotonic clock shows. */
  readonly now: number
  /** It is behind with its events: what it has not heard of yet, it cannot say. */
  readonly isBehind: boolean
}

/** Clocks of boards are up to a twentieth too fast. */
export const clockPart = 0.94
