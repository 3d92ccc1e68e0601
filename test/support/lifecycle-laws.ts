// What must hold of the order in which boards run the tasks of a copy, whatever happened to their agents meanwhile. Held against what
// really runs: nothing of what an agent believes is asked.

import { type TaskLifecycle, isMomentary } from '../../crdt/spec.ts'
import type { TaskRequest } from '../../node/core/ports.ts'
import type { Board, World } from '../../simulator/world.ts'

type Kinds = Readonly<Record<string, TaskLifecycle | undefined>>

/** Names a run of a group: one claim at one form. */
const bodyOf = (id: string): string => id.split('.').slice(0, 2).join('.')

export class LifecycleLaws {
  readonly broken: string[] = []
  /** `body.task` of what has ended well. */
  readonly done = new Set<string>()
  /** Bodies of which something was started, and their boards. */
  readonly begun = new Map<string, Board>()
  readonly #kinds: Kinds

  /** Every group that runs has these tasks. Programs and watchers of tasks are set before. */
  constructor(world: World, kinds: Kinds) {
    this.#kinds = kinds
    const { of, onEnd } = world.lifetimes
    world.lifetimes.of = (board, request) => {
      this.#started(board, request)
      return of(board, request)
    }
    world.lifetimes.onEnd = (board, run) => {
      this.done.add(`${bodyOf(run.id)}.${run.task}`)
      onEnd(board, run)
    }
  }

  /** Poststop tasks of bodies that nothing is left of and that have not ended well. */
  missed(): string[] {
    const poststops = this.#of('poststop')
    return [...this.begun].flatMap(([body, board]) => {
      const isLeft = [...(board.core?.state?.allocs.values() ?? [])].some(({ body: { tasks } }) =>
        [...tasks.values()].some(({ id }) => bodyOf(id) === body),
      )
      return isLeft ? [] : poststops.filter((name) => !this.done.has(`${body}.${name}`)).map((name) => `${body}.${name}`)
    })
  }

  #of(hook: TaskLifecycle['hook']): string[] {
    return Object.keys(this.#kinds).filter((name) => this.#kinds[name]?.hook === hook)
  }

  #started(board: Board, { id, alloc, spec: { name, lifecycle } }: TaskRequest): void {
    const body = bodyOf(id)
    const isRunning = (task: string): boolean => board.tasks.has(`${body}.${task}`)
    const isMomentaryTask = (task: string): boolean => isMomentary({ lifecycle: this.#kinds[task]! })
    const found = (what: string): void => void this.broken.push(`${id} starts ${what}`)
    if (this.done.has(`${body}.${name}`) && lifecycle !== undefined && isMomentary({ lifecycle })) found('again, and had ended well')
    if (lifecycle?.hook !== 'prestart' && lifecycle?.hook !== 'poststop') {
      for (const task of this.#of('prestart')) {
        if (isMomentaryTask(task) && (isRunning(task) || !this.done.has(`${body}.${task}`))) found(`before ${task} is through`)
        if (!isMomentaryTask(task) && !isRunning(task)) found(`without its sidecar ${task}`)
      }
    }
    for (const other of board.tasks.values()) {
      if (other.alloc !== alloc || other.id === id) continue
      if (bodyOf(other.id) !== body) found(`while ${other.id} of another form runs`)
      else if (lifecycle?.hook === 'poststop' && this.#kinds[other.task]?.hook !== 'poststop') found(`while ${other.task} runs`)
    }
    this.begun.set(body, board)
  }
}
