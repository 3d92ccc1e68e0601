// Carries the core's wishes about tasks to the drivers, each as a promise of its own: no driver can hold up the loop, and whatever
// a driver does (also throwing) comes back as an event. A stop is tried until it succeeds: the core has no other way to learn
// that something still runs. An exit is never told before the start that it ends.

import type { Outcome } from './core/event.ts'
import type {
  ArtifactStore,
  CheckRequest,
  CheckRunner,
  Clock,
  DriverCode,
  StartedTask,
  TaskDriver,
  TaskExit,
  TaskId,
  TaskRequest,
} from './core/ports.ts'
import { type Result, refuse } from '../crdt/errors.ts'
import { createSerial } from './adapters/task/serial.ts'
import type { LooseEvent } from './loose-event.ts'
import { wordsOf } from './words.ts'

export interface TaskRunnerInput {
  readonly drivers: readonly TaskDriver[]
  readonly artifacts: ArtifactStore
  readonly checks: CheckRunner
  readonly clock: Clock
  readonly push: (event: LooseEvent) => void
  readonly log: { warn(data: object, message: string): void }
}

const stopRetryMsMin = 1_000
const stopRetryMsMax = 30_000

export class TaskRunner {
  readonly #input: TaskRunnerInput
  readonly #drivers: ReadonlyMap<string, TaskDriver>
  readonly #preparing = new Map<TaskId, AbortController>()
  /** Tasks whose start has not returned yet, and the exit that came meanwhile. */
  readonly #starting = new Map<TaskId, TaskExit | null>()
  readonly #stopping = new Set<TaskId>()
  /** By task. */
  readonly #serial = createSerial()
  #closed = false

  constructor(input: TaskRunnerInput) {
    this.#input = input
    this.#drivers = new Map(input.drivers.map((driver) => [driver.name, driver]))
    for (const driver of input.drivers) driver.onExit((task, exit) => this.#exited(task, exit))
  }

  prepare(task: TaskRequest): void {
    const driver = this.#drivers.get(task.spec.driver)
    if (driver === undefined) return this.#input.push({ kind: 'prepared', task: task.id, outcome: noDriver(task) })
    const control = new AbortController()
    this.#preparing.get(task.id)?.abort()
    this.#preparing.set(task.id, control)
    const progress = (words: string): void => this.#input.push({ kind: 'progress', task: task.id, words })
    const act = async (): Promise<Result<void, DriverCode>> => {
      const fetched = await this.#input.artifacts.fetch(task, progress, control.signal)
      return fetched.ok ? driver.prepare(task, progress, control.signal) : fetched
    }
    void settled(act).then((outcome) => {
      if (this.#preparing.get(task.id) !== control) return
      this.#preparing.delete(task.id)
      this.#input.push({ kind: 'prepared', task: task.id, outcome })
    })
  }

  cancelPrepare(task: TaskId): void {
    this.#preparing.get(task)?.abort()
    this.#preparing.delete(task)
    this.#input.artifacts.release(task)
  }

  start(task: TaskRequest): void {
    const driver = this.#drivers.get(task.spec.driver)
    if (driver === undefined) return this.refuseStart(task, noDriver(task))
    this.#starting.set(task.id, null)
    const placing = async (): Promise<Result<StartedTask, DriverCode>> => {
      const placed = await this.#input.artifacts.place(task)
      if (this.#closed) return refuse('E_START', 'the agent ends')
      return placed.ok ? driver.start(placed.value) : placed
    }
    // What its files take, a stop waits for as it does for the start itself: a task must not begin behind its own end.
    const hasArtifacts = task.files?.some(({ kind }) => kind === 'artifact') === true
    const act = (): Promise<Result<StartedTask, DriverCode>> => (hasArtifacts ? this.#serial(task.id, placing) : driver.start(task))
    void settled(act).then((outcome) => {
      const exit = this.#starting.get(task.id) ?? null
      this.#starting.delete(task.id)
      this.#input.push({ kind: 'started', task: task.id, outcome })
      if (exit !== null && outcome.ok) this.#input.push({ kind: 'exited', task: task.id, exit })
    })
  }

  refuseStart(task: TaskRequest, outcome: Outcome): void {
    this.#input.push({ kind: 'started', task: task.id, outcome })
  }

  stop(task: TaskId, driverName: string, signal: string, timeoutMs: number): void {
    const driver = this.#drivers.get(driverName)
    if (driver === undefined || this.#stopping.has(task)) return
    this.#stopping.add(task)
    this.#tryStop(driver, task, signal, timeoutMs, stopRetryMsMin)
  }

  remove(task: TaskId, driverName: string): void {
    const driver = this.#drivers.get(driverName)
    void this.#serial(task, async () => {
      this.#input.artifacts.release(task)
      await driver?.remove(task)
    }).catch((error: unknown) => this.#input.log.warn({ task, error: wordsOf(error) }, 'what a finished task left could not be removed'))
  }

  /** The signals come once all files are there. */
  rewrite(task: TaskRequest, signals: readonly string[], digest: string): void {
    const { id } = task
    const driver = this.#drivers.get(task.spec.driver)
    const act = async (driver: TaskDriver): Promise<Awaited<ReturnType<TaskDriver['rewrite']>>> => {
      let outcome = await driver.rewrite(task)
      for (const signal of signals) if (outcome.ok) outcome = await driver.signal(id, signal)
      return outcome
    }
    const answered = driver === undefined ? Promise.resolve(noDriver(task)) : settled(() => act(driver))
    void answered.then((outcome) => this.#input.push({ kind: 'rewritten', task: id, digest, outcome }))
  }

  check(request: CheckRequest): void {
    const { id } = request
    void Promise.resolve()
      .then(() => this.#input.checks.run(request))
      .catch((error: unknown) => ({ result: 'failed', output: `the check failed: ${wordsOf(error)}` }) as const)
      .then((outcome) => this.#input.push({ kind: 'checked', id, outcome }))
  }

  driver(name: string): TaskDriver | undefined {
    return this.#drivers.get(name)
  }

  /** Image pulls end; tasks run on, watched by nobody until the next start. */
  async close(): Promise<void> {
    this.#closed = true
    for (const control of this.#preparing.values()) control.abort()
    await Promise.all([...this.#drivers.values()].map((driver) => driver.close().catch(() => undefined)))
  }

  #tryStop(driver: TaskDriver, task: TaskId, signal: string, timeoutMs: number, waitMs: number): void {
    void settled(() => this.#serial(task, () => driver.stop(task, signal, timeoutMs))).then((outcome) => {
      if (this.#closed) return
      if (outcome.ok) {
        this.#stopping.delete(task)
        this.#input.push({ kind: 'stopped', task })
        return
      }
      this.#input.log.warn({ task, code: outcome.code }, `stopping a task failed and is tried again: ${outcome.message}`)
      const next = Math.min(waitMs * 2, stopRetryMsMax)
      this.#input.clock.at(this.#input.clock.now() + waitMs, () => this.#closed || this.#tryStop(driver, task, signal, timeoutMs, next))
    })
  }

  #exited(task: TaskId, exit: TaskExit): void {
    if (this.#closed) return
    if (this.#starting.has(task)) this.#starting.set(task, exit)
    else this.#input.push({ kind: 'exited', task, exit })
  }
}

function noDriver(task: TaskRequest): Outcome {
  return { ok: false, code: 'E_DRIVER_DOWN', message: `this node has no driver '${task.spec.driver}'` }
}

type Answer = { ok: true; value: { found?: true } | void } | { ok: false; code: DriverCode; message: string }

async function settled(act: () => Promise<Answer>): Promise<Outcome> {
  try {
    const result = await act()
    if (!result.ok) return { ok: false, code: result.code, message: result.message }
    return result.value?.found === true ? { ok: true, found: true } : { ok: true }
  } catch (error) {
    return { ok: false, code: 'E_START', message: `the driver failed: ${wordsOf(error)}` }
  }
}
