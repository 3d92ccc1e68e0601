// What must hold of the order in which boards run the tasks of a copy, whatever happened to their agents meanwhile. Held against what
// really runs: nothing of what an agent believes is asked.

import type { Form } from '../../crdt/ids.ts'
import { type TaskLifecycle, isMomentary } from '../../crdt/spec.ts'
import { taskId } from '../../node/core/allocs/alloc.ts'
import { type BodyRecord, allocKey, decodeBody } from '../../node/core/allocs/claim.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { AdoptedTask, TaskRequest } from '../../node/core/ports.ts'
import type { Board, World } from '../../simulator/world.ts'

type Kinds = Readonly<Record<string, TaskLifecycle | undefined>>

/** Names a run of a group: one claim at one form. */
const bodyOf = (id: string): string => id.split('.').slice(0, 2).join('.')

/** The disk has its group, and not that it has ended. */
function isToRunAgain({ disk }: Board, { slot, task, alloc, id }: AdoptedTask): boolean {
  const bytes = disk.read(allocKey(slot))
  const record = bytes == null ? undefined : decodeBody(bytes)
  const own = [record, record?.former].find((body) => body !== undefined && taskId(alloc, body.form as Form, task) === id)
  return own !== undefined && own.done?.includes(task) !== true
}

export class LifecycleLaws {
  readonly broken: string[] = []
  /** `body.task` of what has ended well. */
  readonly done = new Set<string>()
  /** Bodies of which something was started, and their boards. */
  readonly begun = new Map<string, Board>()
  readonly #kinds: Kinds
  /** Drivers were told to stop them, and not to start them again. */
  readonly #told = new Set<string>()
  /** The last of what has ended well, and when. */
  #latest: { readonly key: string; readonly at: number; readonly run: AdoptedTask } | null = null

  /** Every group that runs has these tasks. Programs and watchers of tasks are set before. */
  constructor(world: World, kinds: Kinds) {
    this.#kinds = kinds
    const { of, onEnd } = world.lifetimes
    world.lifetimes.of = (board, request) => {
      this.#started(board, request)
      return of(board, request)
    }
    world.lifetimes.onEnd = (board, run) => {
      this.#latest = { key: `${bodyOf(run.id)}.${run.task}`, at: world.queue.now, run }
      this.done.add(this.#latest.key)
      onEnd(board, run)
    }
    // With the step that heard of it goes what it says, unless it had been written: such a task runs again.
    world.onPowerCut = (board) => {
      if (this.#latest?.at === world.queue.now && isToRunAgain(board, this.#latest.run)) this.done.delete(this.#latest.key)
    }
    const { watch } = world
    world.watch = (board, event, step) => {
      const effects = watch(board, event, step)
      this.#judgeOrder(board, effects)
      return effects
    }
  }

  /** What a start follows from is on disk before: an agent that dies between two effects must find itself where its tasks are. */
  #judgeOrder(board: Board, effects: readonly Effect[]): void {
    const written = new Map<string, Uint8Array | null>()
    for (const effect of effects) {
      if (effect.kind === 'persist') for (const { key, value } of effect.writes) written.set(key, value)
      if (effect.kind === 'stop') this.#told.add(effect.task)
      if (effect.kind !== 'start') continue
      this.#told.delete(effect.task.id)
      this.#asked(board, effect.task)
      const key = allocKey(effect.task.slot)
      const bytes = written.has(key) ? written.get(key) : board.disk.read(key)
      const record = bytes == null ? undefined : decodeBody(bytes)
      const why = record === undefined ? 'no record' : this.#whyNotKnown(effect.task, record)
      if (why !== null) this.broken.push(`${effect.task.id} is started, and its board has on disk: ${why}`)
    }
  }

  #whyNotKnown({ form, spec: { lifecycle } }: TaskRequest, record: BodyRecord): string | null {
    const own = record.form === form ? record : record.former
    if (own?.form !== form) return 'another form'
    if (lifecycle?.hook === 'poststop') return record.ending === undefined && own === record ? 'nothing of its end' : null
    if (this.#of('poststop').length > 0 && own.begun !== true) return 'nothing of its begin'
    if (lifecycle?.hook === 'prestart') return null
    const missing = this.#of('prestart').filter(
      (name) => isMomentary({ lifecycle: this.#kinds[name]! }) && own.done?.includes(name) !== true,
    )
    return missing.length > 0 ? `nothing of ${missing.join(', ')}` : null
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

  /** What it waits for has happened when its driver is told to start it: while the driver does, all may be stopped. */
  #asked(board: Board, { id, spec: { lifecycle } }: TaskRequest): void {
    if (lifecycle?.hook === 'prestart' || lifecycle?.hook === 'poststop') return
    const body = bodyOf(id)
    for (const task of this.#of('prestart')) {
      const key = `${body}.${task}`
      const isRunning = board.tasks.has(key)
      if (!isMomentary({ lifecycle: this.#kinds[task]! })) {
        if (!isRunning || this.#told.has(key)) this.broken.push(`${id} starts without its sidecar ${task}`)
      } else if (isRunning || !this.done.has(key)) this.broken.push(`${id} starts before ${task} is through`)
    }
  }

  #started(board: Board, { id, alloc, spec: { name, lifecycle } }: TaskRequest): void {
    const body = bodyOf(id)
    const found = (what: string): void => void this.broken.push(`${id} starts ${what}`)
    if (this.done.has(`${body}.${name}`) && lifecycle !== undefined && isMomentary({ lifecycle })) found('again, and had ended well')
    for (const other of board.tasks.values()) {
      if (other.alloc !== alloc || other.id === id) continue
      if (bodyOf(other.id) !== body) found(`while ${other.id} of another form runs`)
      else if (lifecycle?.hook === 'poststop' && this.#kinds[other.task]?.hook !== 'poststop') found(`while ${other.task} runs`)
    }
    this.begun.set(body, board)
  }
}
