// Work that is done is not done again by whoever has known that it is. What a board knows is read from its view; who really ended what,
// from what ran there.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import { isRunOnce } from '../../crdt/spec.ts'
import type { View } from '../../crdt/view.ts'
import type { State } from '../../node/core/state.ts'
import type { RunningTask, TaskRequest } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import { doneBy, slotsOf } from './slots.ts'

interface Known {
  readonly by: NodeId
  readonly at: number
}

const keyOf = (slot: SlotId, form: string): string => `${slot} ${form}`

export class DoneWork {
  /** Slot and form whose tasks have really ended well somewhere. */
  readonly #ended = new Set<string>()
  readonly #known = new Map<Board, Map<string, Known>>()
  readonly #seen = new WeakMap<Board, View>()
  /** Group → form → when some board last had it in force. */
  readonly #inForce = new Map<string, Map<string, number>>()

  ended({ slot, form }: RunningTask): void {
    this.#ended.add(keyOf(slot, form))
  }

  hasEnded({ slot }: RunningTask): boolean {
    return [...this.#ended].some((key) => key.startsWith(`${slot} `))
  }

  /** Its disk is another, or lacks what no sync had followed. */
  forgets(board: Board): void {
    this.#known.delete(board)
  }

  /** It ended in the middle of a step, or of those since then: what they had told it may be on no disk. */
  stepUndone(board: Board, since: number): void {
    const known = this.#known.get(board)
    for (const [key, { at }] of known ?? []) if (at >= since) known!.delete(key)
  }

  /** After a step of the board. */
  look(board: Board, { view }: State, now: number): void {
    if (this.#seen.get(board) === view) return
    this.#seen.set(board, view)
    for (const job of view.jobs.values()) {
      if (job.spec === null || !isRunOnce(job.spec)) continue
      for (const [group, form] of job.forms) {
        const key = `${job.id}/${group}`
        this.#inForce.set(key, (this.#inForce.get(key) ?? new Map<string, number>()).set(form, now))
      }
      for (const { slot } of slotsOf(view, job)) this.#learn(board, view, slot, now)
    }
  }

  #learn(board: Board, view: View, slot: SlotId, now: number): void {
    const done = doneBy(view, slot)
    const known = this.#known.get(board) ?? new Map<string, Known>()
    if (done === undefined || known.has(keyOf(slot, done.form))) return
    this.#known.set(board, known.set(keyOf(slot, done.form), { by: done.node, at: now }))
  }

  /** Who has done what the board begins now, as far as the board has ever known; null: nobody. */
  whoDid(board: Board, { slot, form }: TaskRequest): NodeId | null {
    const known = this.#known.get(board)?.get(keyOf(slot, form))
    if (known === undefined) return null
    const { job, group } = slotParts(slot)
    // Another program was in force since, somewhere: what had been done before counts no more.
    const others = [...(this.#inForce.get(`${job}/${group}`) ?? [])].filter(([other]) => other !== form)
    return others.some(([, at]) => at >= known.at) ? null : known.by
  }
}
