// The `docker` driver: containers at an engine that speaks Docker's API (Docker, Podman). The engine's labels are the truth about
// what runs; the driver keeps nothing on disk. An engine that is missing or down is a reason in the fingerprint and a coded
// refusal of each call. Only `adopt` and `logs` throw then, because nothing at all is an answer too.

import type { NodeId } from '../../../crdt/ids.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type {
  DriverCode,
  ExecEnd,
  ExecOptions,
  Fingerprint,
  LogOptions,
  RunningTask,
  TaskDriver,
  TaskExit,
  TaskId,
  TaskRequest,
} from '../../core/ports.ts'
import { createExitNotices } from '../task/exit-notices.ts'
import type { DriverLog } from '../task/log.ts'
import { createSerial } from '../task/serial.ts'
import { fillTaskDir } from '../task/task-dir.ts'
import { assertTaskId } from '../task/task-id.ts'
import { type Adopted, isNeverStarted, listTasks } from './adoption.ts'
import { containerLogs } from './container-logs.ts'
import { taskDir } from './container-config.ts'
import { type ContainerWatch, createContainerWatch } from './container-watch.ts'
import { endContainer, findContainer, giveFiles, isOurs, removeContainer, signalContainer } from './containers.ts'
import { type Engine, createEngine } from './engine.ts'
import { type LastExecs, execInside, forgetExecs } from './exec-inside.ts'
import { refuseOther } from './failure.ts'
import { fingerprintDocker } from './fingerprint.ts'
import { type ImageSources, ensureImage } from './images.ts'
import { containerName } from './labels.ts'
import { startTask } from './start-task.ts'

export interface DockerOptions extends ImageSources {
  readonly node: NodeId
  /** Unused: the engine keeps everything. Here so that all drivers are made alike. */
  readonly dataDir: string
  /** Beats DOCKER_HOST; without either: /var/run/docker.sock. */
  readonly socketPath?: string | undefined
  readonly log: DriverLog
}

export function createDockerDriver(options: DockerOptions): TaskDriver {
  return new DockerDriver(options)
}

class DockerDriver implements TaskDriver {
  readonly name = 'docker'
  readonly #options: DockerOptions
  readonly #engine: Engine
  readonly #watch: ContainerWatch
  readonly #init = { isThere: true }
  /** Containers that ended before this agent began and were reported: a later adoption is silent about them. */
  readonly #told = new Set<string>()
  readonly #notices = createExitNotices()
  readonly #serial = createSerial()
  readonly #lastExecs: LastExecs = new Map()

  constructor(options: DockerOptions) {
    const { node, log, socketPath } = options
    this.#options = options
    this.#engine = createEngine(socketPath)
    this.#watch = createContainerWatch({ engine: this.#engine, node, log, onEnd: (id, exit) => this.#ended(id, exit) })
  }

  async fingerprint(): Promise<Fingerprint> {
    const found = await fingerprintDocker(this.#engine)
    if (found.health.healthy) await this.#watch.checkAll()
    return found
  }

  async prepare(task: TaskRequest, progress: (words: string) => void, signal: AbortSignal): Promise<Result<void, DriverCode>> {
    const image = task.spec.config.image
    if (image === undefined) return refuse('E_CONFIG', 'config.image is missing: a docker task needs an image')
    return ensureImage(this.#engine, image, { sources: this.#options, progress, signal })
  }

  start(task: TaskRequest): Promise<Result<RunningTask, DriverCode>> {
    assertTaskId(task.id)
    const context = { engine: this.#engine, node: this.#options.node, watch: this.#watch, init: this.#init }
    return this.#serial(task.id, async () => {
      const started = await startTask(context, task)
      if (started.ok) this.#told.delete(task.id)
      return started
    })
  }

  stop(id: TaskId, signal: string, timeoutMs: number): Promise<Result<void, DriverCode>> {
    assertTaskId(id)
    return this.#serial(id, async () => {
      try {
        const container = await this.#runningContainer(id)
        const isOver = container === undefined || (await endContainer(this.#engine, container, signal, timeoutMs))
        if (!isOver)
          return refuse('E_START', `task ${id} cannot be killed: a process of it hangs in the kernel; check disks and mounts of this board`)
        await this.#watch.check(id)
        return ok(undefined)
      } catch (error) {
        return refuseOther(error, `task ${id} was not stopped`)
      }
    })
  }

  async signal(id: TaskId, signal: string): Promise<Result<void, DriverCode>> {
    assertTaskId(id)
    try {
      const container = await this.#runningContainer(id)
      if (container === undefined) return refuse('E_START', `task ${id} does not run on this board`)
      await signalContainer(this.#engine, container, signal)
      return ok(undefined)
    } catch (error) {
      return refuseOther(error, `task ${id} was not signalled`)
    }
  }

  rewrite(task: TaskRequest): Promise<Result<void, DriverCode>> {
    const { id } = task
    assertTaskId(id)
    return this.#serial(id, async () => {
      try {
        const container = await this.#runningContainer(id)
        if (container === undefined) return refuse('E_START', `task ${id} does not run on this board`)
        await giveFiles(this.#engine, container, task)
        return ok(undefined)
      } catch (error) {
        return refuseOther(error, `task ${id} did not get its files`)
      }
    })
  }

  async adopt(): Promise<readonly RunningTask[]> {
    const { tasks, neverStarted } = await listTasks(this.#engine, this.#options.node, this.#options.log)
    for (const one of tasks) this.#take(one)
    await Promise.all(neverStarted.map((id) => this.#clear(id)))
    // What ended while others were cleared away has been told already.
    return tasks.flatMap(({ task, exit }) => (exit === null && this.#watch.isWatched(task.id) ? [task] : []))
  }

  onExit(listener: (id: TaskId, exit: TaskExit) => void): void {
    this.#notices.listen(listener)
  }

  logs(id: TaskId, options: LogOptions): AsyncIterable<Uint8Array> {
    assertTaskId(id)
    return containerLogs(this.#engine, containerName(id), options, this.#options.log)
  }

  async exec(task: TaskRequest, command: readonly string[], options: ExecOptions): Promise<Result<ExecEnd, DriverCode>> {
    assertTaskId(task.id)
    try {
      const filled = command.map((text) => fillTaskDir(text, taskDir))
      return await execInside(this.#engine, task.id, filled, options, this.#lastExecs)
    } catch (error) {
      return refuseOther(error, `'${command[0] ?? ''}' was not run beside task ${task.id}`)
    }
  }

  remove(id: TaskId): Promise<void> {
    assertTaskId(id)
    return this.#serial(id, async () => {
      try {
        const found = await findContainer(this.#engine, id)
        this.#watch.forget(id)
        this.#told.delete(id)
        forgetExecs(this.#lastExecs, id)
        if (found !== undefined && isOurs(found, this.#options.node, id)) await removeContainer(this.#engine, found.container)
      } catch (error) {
        this.#options.log.warn({ task: id, error: (error as Error).message }, 'a finished container could not be removed')
      }
    })
  }

  async close(): Promise<void> {
    this.#watch.stop()
  }

  async #runningContainer(id: TaskId): Promise<string | undefined> {
    const found = await findContainer(this.#engine, id)
    return found !== undefined && found.state.Running && isOurs(found, this.#options.node, id) ? found.container : undefined
  }

  #take(one: Adopted): void {
    const { id } = one.task
    if (one.exit === null) {
      if (!this.#watch.isWatched(id)) this.#watch.begin(id, one.container, false)
      return
    }
    if (this.#told.has(id) || this.#watch.isWatched(id)) return
    // After the caller of adopt has what runs.
    const { exit } = one
    setImmediate(() => this.#ended(id, exit))
  }

  /** After a start that is under way, which may be about to begin this very container. */
  #clear(id: TaskId): Promise<void> {
    return this.#serial(id, async () => {
      const found = await findContainer(this.#engine, id)
      const isStale = found !== undefined && isOurs(found, this.#options.node, id) && isNeverStarted(found.state.Status)
      if (isStale) await removeContainer(this.#engine, found.container)
    }).catch((error: Error) => {
      this.#options.log.warn({ task: id, error: error.message }, 'a container that was never started could not be removed')
    })
  }

  #ended(id: TaskId, exit: TaskExit): void {
    this.#told.add(id)
    this.#notices.tell(id, exit)
  }
}
