// Whether another copy of a slot runs, for which one may be stopped: read from what really runs, with the time that news of an end takes.

import type { SlotId } from '../../crdt/ids.ts'
import type { Board } from '../board.ts'
import type { World } from '../world.ts'

/**
 * How long news of a copy's end may take to everybody who counts on it: a silent board is noticed within about ten seconds,
 * and what it said before may be what another copy has just gone for.
 */
const newsMsMax = 15_000

export class OtherCopies {
  readonly #world: World
  /** Tasks that were told to stop in favour of another copy: they count for no other. */
  readonly #yielding = new Set<string>()
  /** slot → board → when its copy ended for another reason than a better copy. */
  readonly #gone = new Map<SlotId, Map<string, number>>()

  constructor(world: World) {
    this.#world = world
  }

  yields(task: string): void {
    this.#yielding.add(task)
  }

  /** It is started, or nobody stops it any more. */
  goesOn(task: string): void {
    this.#yielding.delete(task)
  }

  /** By a fault. */
  ended(board: Board, slot: SlotId): void {
    const ends = this.#gone.get(slot) ?? new Map<string, number>()
    // An agent that is frozen learns of it when it goes on.
    this.#gone.set(slot, ends.set(board.spec.name, Math.max(this.#world.queue.now, board.pausedUntil)))
  }

  /** Another copy runs, or did until so lately that this board cannot know of its end. */
  isElsewhere(board: Board, slot: SlotId): boolean {
    for (const other of this.#world.boards.values()) {
      if (other === board) continue
      for (const task of other.tasks.values()) if (task.slot === slot && !this.#yielding.has(task.id)) return true
      const end = this.#gone.get(slot)?.get(other.spec.name)
      if (end !== undefined && this.#world.queue.now - end < newsMsMax) return true
    }
    return false
  }
}
