// DESIGN's rule of room that is made (docs/adr/0037), once more and apart from the core: a copy ends for one of a job that is more important by
// ten at least, of a kind that may ask for the room of others, whose claim on the same board names it. No admin of the chaos changes the kinds.

import { slotParts } from '../../crdt/ids.ts'
import type { RunningTask } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'

const priorityAboveMin = 10

export class Displaced {
  /** Copies that were told to end for that. Whoever has begun goes on, also when the other is there no more. */
  readonly #ending = new Set<string>()

  mayEnd(board: Board, { slot, alloc, generation }: RunningTask, by: string): boolean {
    if (this.#ending.has(alloc)) return true
    const state = board.core?.state
    const taker = [...(state?.allocs.values() ?? [])].find((one) => one.slot === by)
    if (state == null || taker === undefined || taker.displaces.get(slot) !== generation) return false
    const [more, less] = [taker.slot, slot].map((one) => state.view.jobs.get(slotParts(one).job)?.spec)
    if (more?.type !== 'system' || less == null || more.priority - less.priority < priorityAboveMin) return false
    this.#ending.add(alloc)
    return true
  }
}
