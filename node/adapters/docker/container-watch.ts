// Notices when containers of this node end, through one stream of the engine's events. An event is only a reason to look: what
// is reported comes from the container itself, once per run. After every reconnection all containers are looked at again, so
// that no end is missed while the engine restarts.

import type { ContainerInspectInfo } from 'dockerode'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NodeId } from '../../../crdt/ids.ts'
import type { TaskExit, TaskId } from '../../core/ports.ts'
import { exitOfStatus, unknownExit } from '../task/exit-status.ts'
import type { DriverLog } from '../task/log.ts'
import type { Engine } from './engine.ts'
import { isStatus } from './failure.ts'
import { jsonLines } from './json-lines.ts'
import { idLabel, nodeLabel } from './labels.ts'

export interface ContainerWatch {
  /** Watches a run. While it `isStarting`, its container may still show the end of the run before. */
  begin(id: TaskId, container: string, isStarting: boolean): void
  /** The run began: an end that came meanwhile is reported after this turn. */
  started(id: TaskId): void
  forget(id: TaskId): void
  isWatched(id: TaskId): boolean
  /** Looks now; resolves when an end, if there was one, has been reported. */
  check(id: TaskId): Promise<void>
  /** Looks at all: for news that never came. */
  checkAll(): Promise<void>
  stop(): void
}

export interface ContainerWatchOptions {
  readonly engine: Engine
  readonly node: NodeId
  readonly log: DriverLog
  readonly onEnd: (id: TaskId, exit: TaskExit) => void
}

interface Watched {
  readonly container: string
  isStarting: boolean
  wasOutOfMemory: boolean
}

// An engine that restarts is back within seconds; one that was stopped may stay away for days.
const retryMsMin = 500
const retryMsMax = 10_000
// Podman reports an end a moment before it can be seen.
const lookAgainMs = 200
const looksMax = 5

export function createContainerWatch(options: ContainerWatchOptions): ContainerWatch {
  return new EngineWatch(options)
}

class EngineWatch implements ContainerWatch {
  readonly #options: ContainerWatchOptions
  readonly #watched = new Map<TaskId, Watched>()
  readonly #stopped = new AbortController()
  #isListening = false

  constructor(options: ContainerWatchOptions) {
    this.#options = options
  }

  begin(id: TaskId, container: string, isStarting: boolean): void {
    this.#watched.set(id, { container, isStarting, wasOutOfMemory: false })
    if (!this.#isListening) void this.#listen()
  }

  started(id: TaskId): void {
    const task = this.#watched.get(id)
    if (task === undefined) return
    task.isStarting = false
    setImmediate(() => void this.#look(id))
  }

  forget(id: TaskId): void {
    this.#watched.delete(id)
  }

  isWatched(id: TaskId): boolean {
    return this.#watched.has(id)
  }

  async check(id: TaskId): Promise<void> {
    await this.#look(id)
  }

  async checkAll(): Promise<void> {
    await Promise.all([...this.#watched.keys()].map((id) => this.#look(id)))
  }

  stop(): void {
    this.#stopped.abort()
  }

  /** False while there is no end to be seen. */
  async #look(id: TaskId): Promise<boolean> {
    const task = this.#watched.get(id)
    if (task === undefined || task.isStarting) return true
    const exit = await exitOf(this.#options.engine, task)
    if (exit === undefined || this.#stopped.signal.aborted) return false
    // Looked at twice at a time, or forgotten meanwhile: told once, or never.
    if (this.#watched.get(id) === task) {
      this.#watched.delete(id)
      this.#options.onEnd(id, exit)
    }
    return true
  }

  async #lookUntilSeen(id: TaskId): Promise<void> {
    for (let looks = 0; looks < looksMax && !(await this.#look(id)); looks++) await sleep(lookAgainMs, undefined, { ref: false })
  }

  async #listen(): Promise<void> {
    this.#isListening = true
    const { signal } = this.#stopped
    for (let wait = retryMsMin; !signal.aborted; wait = Math.min(2 * wait, retryMsMax)) {
      const since = performance.now()
      await this.#follow().catch((error: Error) => this.#options.log.debug({ error: error.message }, 'the stream of engine events broke'))
      if (performance.now() - since > retryMsMax) wait = retryMsMin
      await sleep(wait, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  async #follow(): Promise<void> {
    const { engine, node, log } = this.#options
    const filters = JSON.stringify({ type: ['container'], label: [`${nodeLabel}=${node}`] })
    const stream = await engine.stream({ method: 'GET', path: '/events?', options: { filters }, abort: this.#stopped.signal })
    log.debug({ engine: engine.address }, 'listening to the engine')
    // Not awaited: what happens meanwhile is read from the stream.
    void this.checkAll()
    for await (const event of jsonLines(stream as AsyncIterable<unknown>)) {
      const { id, action } = eventOf(event)
      const task = this.#watched.get(id)
      if (task === undefined) continue
      if (action === 'oom') task.wasOutOfMemory = true
      if (endActions.has(action)) void this.#lookUntilSeen(id)
    }
  }
}

// `died` and `remove` are Podman's.
const endActions: ReadonlySet<string> = new Set(['die', 'died', 'destroy', 'remove'])

/** undefined while it runs, or while the engine cannot say. */
async function exitOf(engine: Engine, task: Watched): Promise<TaskExit | undefined> {
  try {
    const { State } = await engine.call((docker, abortSignal) => docker.getContainer(task.container).inspect({ abortSignal } as object))
    return isEnded(State) ? exitOfState(State, task.wasOutOfMemory) : undefined
  } catch (error) {
    // Removed behind our back.
    return isStatus(error, 404) ? unknownExit : undefined
  }
}

type State = ContainerInspectInfo['State']

export function isEnded(state: State): boolean {
  // `stopped` is Podman's.
  return !state.Running && ['exited', 'dead', 'stopped'].includes(state.Status)
}

export function exitOfState(state: State, wasOutOfMemory: boolean): TaskExit {
  // A child that ran out of memory and was survived is no failure of the task.
  return exitOfStatus(state.ExitCode, (state.OOMKilled || wasOutOfMemory) && state.ExitCode !== 0)
}

function eventOf(event: Readonly<Record<string, unknown>>): { readonly id: TaskId; readonly action: string } {
  const { Action, Actor } = event as { Action?: unknown; Actor?: { Attributes?: Record<string, unknown> } }
  const id = Actor?.Attributes?.[idLabel]
  return { id: typeof id === 'string' ? id : '', action: typeof Action === 'string' ? Action : '' }
}
