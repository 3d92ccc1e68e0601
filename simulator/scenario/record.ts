// What was seen while a scenario was played: which board ran a copy of which slot from when to when, what was ordered and what
// happened. Plain facts; `report.ts` makes sums of them.

import { type Form, type JobId, type SlotId, jobId } from '../../crdt/ids.ts'
import { type JobSpec, isPerNode } from '../../crdt/spec.ts'
import type { AdoptedTask } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import type { World } from '../world.ts'
import type { ScenarioEvent } from './scenario.ts'

/** How often the boards are looked at: what begins and ends within it is not seen. */
export const lookMs = 50

/** One copy on one board at one version, from its first task to its last. */
export interface Copy {
  readonly slot: SlotId
  readonly pool: string
  readonly board: string
  readonly generation: number
  readonly form: Form
  readonly fromMs: number
  /** null: it still runs at the end. */
  toMs: number | null
}

/** What operators want of a job from then on. */
export interface Want {
  readonly atMs: number
  readonly job: JobId
  /** Each pool that a job is for has one of its own. */
  readonly pool: string
  readonly groups: readonly { readonly name: string; readonly count: number }[]
}

export interface Sent {
  readonly bytesSent: number
  readonly messagesSent: number
}

export interface Happening {
  readonly event: ScenarioEvent
  readonly text: string
}

export class Record {
  readonly copies: Copy[] = []
  readonly ordered: Want[] = []
  readonly happenings: Happening[] = []
  /** What the simulated operators were told. */
  readonly notes: { readonly atMs: number; readonly text: string }[] = []
  /** When 0:00 is, in the world's own time. */
  zeroMs = 0
  /** Board → what it had handed to the network by then. */
  readonly sentBefore = new Map<string, Sent>()
  readonly #open = new Map<string, Copy>()
  readonly #before = new Map<Board, readonly AdoptedTask[]>()

  /** What came before is nobody's business. */
  begin(world: World): void {
    this.zeroMs = world.queue.now
    for (const { spec, bytesSent, messagesSent } of world.boards.values()) this.sentBefore.set(spec.name, { bytesSent, messagesSent })
    this.look(world)
  }

  now(world: World): number {
    return world.queue.now - this.zeroMs
  }

  happened(event: ScenarioEvent, text: string): void {
    this.happenings.push({ event, text })
  }

  note(atMs: number, text: string): void {
    this.notes.push({ atMs, text })
  }

  wants(atMs: number, spec: JobSpec): void {
    // A slot that is a node's or a run's is known once a board has run it, and a parameterized job has none: the job does not say how many.
    const isOpen = isPerNode(spec) || spec.periodic !== undefined || spec.parameterized !== undefined
    const groups = isOpen ? [] : spec.groups.map(({ name, count }) => ({ name, count }))
    this.ordered.push({ atMs, job: idOf(spec), pool: spec.pool, groups })
  }

  wantsNoMore(atMs: number, job: JobId, pool: string): void {
    this.ordered.push({ atMs, job, pool, groups: [] })
  }

  /** Looks at every board's driver: tasks that a dead agent left behind run as well. */
  look(world: World): void {
    if (!this.#hasChanged(world)) return
    const now = this.now(world)
    const seen = new Set<string>()
    for (const board of world.boards.values()) {
      for (const { slot, alloc, generation, form } of board.tasks.values()) {
        const key = `${board.spec.name} ${alloc} ${form}`
        if (seen.has(key)) continue
        seen.add(key)
        if (this.#open.has(key)) continue
        const copy: Copy = { slot, pool: poolOf(board), board: board.spec.name, generation, form, fromMs: now, toMs: null }
        this.#open.set(key, copy)
        this.copies.push(copy)
      }
    }
    for (const [key, copy] of this.#open) {
      if (seen.has(key)) continue
      copy.toMs = now
      this.#open.delete(key)
    }
  }

  /** Hours in which nothing happens are most of what is played. Tasks are replaced, never altered. */
  #hasChanged(world: World): boolean {
    let hasChanged = false
    for (const board of world.boards.values()) {
      const before = this.#before.get(board) ?? []
      if (board.tasks.size === before.length) {
        let at = 0
        let isSame = true
        for (const task of board.tasks.values()) isSame &&= task === before[at++]
        if (isSame) continue
      }
      this.#before.set(board, [...board.tasks.values()])
      hasChanged = true
    }
    return hasChanged
  }
}

export function poolOf({ spec }: Board): string {
  return spec.pool ?? 'default'
}

export function idOf(spec: JobSpec): JobId {
  return jobId(spec.namespace, spec.name)
}
