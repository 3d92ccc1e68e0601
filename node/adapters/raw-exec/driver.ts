// Drivers of processes on the board, each in a session of its own under a supervisor that outlives the agent. What runs is found from one
// small record per task and from /proc, never from memory. `raw_exec` isolates nothing and enforces no limits: a task can do what its
// user can. `exec` is the same with a cage around each task (`kind.ts`).

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '../../../crdt/ids.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type {
  DriverCode,
  ExecEnd,
  ExecOptions,
  Fingerprint,
  LogOptions,
  RunningTask,
  StartedTask,
  TaskDriver,
  TaskExit,
  TaskId,
  TaskRequest,
} from '../../core/ports.ts'
import { createExitNotices } from '../task/exit-notices.ts'
import { isSignal } from '../task/exit-status.ts'
import type { DriverLog } from '../task/log.ts'
import { createSerial } from '../task/serial.ts'
import { assertTaskId } from '../task/task-id.ts'
import { type LastRuns, execBeside } from './exec-beside.ts'
import { fingerprintRawExec } from './fingerprint.ts'
import { giveFiles } from './give-files.ts'
import { isAlive, killTask } from './group.ts'
import { logPath } from './log-files.ts'
import { readLog } from './log-reader.ts'
import type { ProcessKind } from './kind.ts'
import { createLookout } from './lookout.ts'
import { plainAccount, resolveProgram, taskDirOf } from './program.ts'
import { type TaskRecord, leaderOf, readRecord, recordedTasks, taskFolder } from './record.ts'
import { removeFolder } from './remove-folder.ts'
import { runTask } from './run-task.ts'
import type { Supervisor } from './supervisor.ts'
import { type WatchedTask, exitOf, watchTask } from './watched-task.ts'

export interface RawExecOptions {
  readonly node: NodeId
  /** The agent's own folder; tasks live in `raw-exec` below it. */
  readonly dataDir: string
  readonly log: DriverLog
}

export function createRawExecDriver(options: RawExecOptions): TaskDriver {
  return createProcessDriver(options, {
    name: 'raw_exec',
    folder: 'raw-exec',
    fingerprint: async (home) => fingerprintRawExec(home),
    accountOf: plainAccount,
    cage: null,
  })
}

export function createProcessDriver(options: RawExecOptions, kind: ProcessKind): TaskDriver {
  return new ProcessDriver(options, kind)
}

class ProcessDriver implements TaskDriver {
  readonly name: ProcessKind['name']
  readonly #kind: ProcessKind
  readonly #node: NodeId
  readonly #home: string
  readonly #log: DriverLog
  readonly #tasks = new Map<TaskId, WatchedTask>()
  /** Ended before this agent began, and said so already. */
  readonly #told = new Set<TaskId>()
  readonly #notices = createExitNotices()
  readonly #serial = createSerial()
  readonly #lastRuns: LastRuns = new Map()
  readonly #lookout: ReturnType<typeof createLookout>

  constructor({ node, dataDir, log }: RawExecOptions, kind: ProcessKind) {
    this.name = kind.name
    this.#kind = kind
    this.#node = node
    this.#home = join(dataDir, kind.folder)
    this.#log = log
    this.#lookout = createLookout(this.#tasks, log)
  }

  async fingerprint(): Promise<Fingerprint> {
    return this.#kind.fingerprint(this.#home)
  }

  async prepare(task: TaskRequest): Promise<Result<void, DriverCode>> {
    const program = resolveProgram(task, taskFolder(this.#home, task.id), this.#kind)
    return program.ok ? ok(undefined) : program
  }

  start(task: TaskRequest): Promise<Result<StartedTask, DriverCode>> {
    assertTaskId(task.id)
    return this.#serial(task.id, async () => {
      const there = this.#tasks.get(task.id) ?? this.#find(task.id)
      if (there !== undefined) return ok({ ...there.running, found: true })
      const run = await runTask(this.#node, task, taskFolder(this.#home, task.id), this.#kind)
      if (!run.ok) return run
      this.#told.delete(task.id)
      this.#watch(run.value.record, run.value.supervisor)
      return ok(run.value.record.task)
    })
  }

  stop(id: TaskId, signal: string, timeoutMs: number): Promise<Result<void, DriverCode>> {
    assertTaskId(id)
    return this.#serial(id, async () => {
      if (!isSignal(signal)) return refuse('E_CONFIG', unknownSignal(signal))
      const task = this.#tasks.get(id) ?? this.#find(id)
      if (task === undefined || (await task.end(signal, timeoutMs))) return ok(undefined)
      return refuse('E_START', `task ${id} cannot be killed: a process of it hangs in the kernel (state D in 'ps'); check disks and mounts`)
    })
  }

  async signal(id: TaskId, signal: string): Promise<Result<void, DriverCode>> {
    assertTaskId(id)
    if (!isSignal(signal)) return refuse('E_CONFIG', unknownSignal(signal))
    const task = this.#tasks.get(id) ?? this.#find(id)
    if (task === undefined) return refuse('E_START', `task ${id} does not run on this board`)
    task.signal(signal)
    return ok(undefined)
  }

  rewrite(task: TaskRequest): Promise<Result<void, DriverCode>> {
    const { id, files = [] } = task
    assertTaskId(id)
    return this.#serial(id, async () => {
      if ((this.#tasks.get(id) ?? this.#find(id)) === undefined) return refuse('E_START', `task ${id} does not run on this board`)
      const folder = taskFolder(this.#home, id)
      const taskDir = taskDirOf(task, folder, this.#kind)
      if (!taskDir.ok) return taskDir
      try {
        giveFiles(folder.work, files, taskDir.value)
        return ok(undefined)
      } catch (error) {
        return refuse('E_START', `task ${id} did not get its files: ${(error as Error).message}`)
      }
    })
  }

  async adopt(): Promise<readonly RunningTask[]> {
    for (const id of recordedTasks(this.#home)) {
      if (!this.#tasks.has(id)) await this.#serial(id, async () => void (this.#find(id) ?? (await this.#bury(id))))
    }
    return [...this.#tasks.values()].map((task) => task.running)
  }

  onExit(listener: (id: TaskId, exit: TaskExit) => void): void {
    this.#notices.listen(listener)
  }

  logs(id: TaskId, options: LogOptions): AsyncIterable<Uint8Array> {
    assertTaskId(id)
    return readLog(logPath(taskFolder(this.#home, id), options.stream), options, () => this.#tasks.has(id))
  }

  async exec(task: TaskRequest, command: readonly string[], options: ExecOptions): Promise<Result<ExecEnd, DriverCode>> {
    assertTaskId(task.id)
    const supervisor = this.#tasks.get(task.id)?.leader.pid
    if (supervisor === undefined) return refuse('E_START', `task ${task.id} does not run on this board`)
    const beside = { kind: this.#kind, supervisor, lastRuns: this.#lastRuns }
    return execBeside(task, taskFolder(this.#home, task.id), command, options, beside)
  }

  remove(id: TaskId): Promise<void> {
    assertTaskId(id)
    return this.#serial(id, async () => {
      const { root } = taskFolder(this.#home, id)
      await (this.#tasks.get(id) ?? this.#find(id))?.end('SIGKILL', 0)
      this.#told.delete(id)
      // First: what runs there without a record still writes into the folder.
      await this.#openCage(id)
      await removeFolder(root).catch((error: Error) => {
        this.#log.warn({ task: id, folder: root, error: error.message }, 'a finished task left a folder that cannot be removed')
      })
    })
  }

  async close(): Promise<void> {
    this.#lookout.stop()
    for (const task of this.#tasks.values()) task.release()
    this.#tasks.clear()
  }

  /** Takes over what an earlier agent started, if it still runs. */
  #find(id: TaskId): WatchedTask | undefined {
    const record = this.#recordOf(id)
    return record !== undefined && isAlive(leaderOf(record, true)) ? this.#watch(record, null) : undefined
  }

  async #openCage(id: TaskId): Promise<void> {
    await this.#kind.cage?.remove(id).catch((error: Error) => {
      this.#log.warn({ task: id, error: error.message }, 'a finished task left a cgroup that cannot be removed')
    })
  }

  /** Says how a task ended that ended unseen, and ends what it left behind. */
  async #bury(id: TaskId): Promise<void> {
    const record = this.#recordOf(id)
    if (record === undefined || this.#told.has(id)) return
    this.#told.add(id)
    const enclosure = this.#kind.cage?.enclosure(id)
    await killTask(leaderOf(record, false, enclosure))
    const exit = exitOf(taskFolder(this.#home, id), null, false, enclosure)
    // After the caller of adopt has what runs.
    setImmediate(() => this.#notices.tell(id, exit))
  }

  #recordOf(id: TaskId): TaskRecord | undefined {
    const folder = taskFolder(this.#home, id)
    const record = readRecord(folder)
    if (record === undefined || record.task.id !== id) {
      if (existsSync(folder.root)) this.#log.debug({ task: id }, 'a task folder without a readable record: nothing can run from it')
      return undefined
    }
    if (record.node === this.#node) return record
    this.#log.warn({ task: id, node: record.node }, 'a task of another node lies in this data folder: left alone')
    return undefined
  }

  #watch(record: TaskRecord, supervisor: Supervisor | null): WatchedTask {
    const { id } = record.task
    const task = watchTask({
      running: record.task,
      folder: taskFolder(this.#home, id),
      logs: record.logs,
      leader: leaderOf(record, true, this.#kind.cage?.enclosure(id)),
      child: supervisor?.child ?? null,
      onEnd: (exit) => {
        this.#tasks.delete(id)
        this.#told.add(id)
        this.#lookout.last(task)
        this.#notices.tell(id, exit)
      },
    })
    this.#tasks.set(id, task)
    this.#lookout.run()
    return task
  }
}

function unknownSignal(signal: string): string {
  return `'${signal}' is not a signal of this board: use a name like SIGTERM`
}
