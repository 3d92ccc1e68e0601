// The contract of task drivers against the simulated one. Virtual time passes while somebody waits.

import assert from 'node:assert/strict'
import type { TaskConfig } from '../../crdt/spec.ts'
import { type Result, ok, refuse } from '../../crdt/errors.ts'
import type { CoreEvent, Outcome } from '../../node/core/event.ts'
import type { AdoptedTask, DriverCode, RunningTask, TaskDriver, TaskExit, TaskId, TaskRequest } from '../../node/core/ports.ts'
import { type Board, createBoard } from '../../simulator/board.ts'
import { cheapIdentity } from '../../simulator/cheap-crypto.ts'
import { EventQueue } from '../../simulator/queue.ts'
import { Tasks, fingerprintOf } from '../../simulator/tasks.ts'
import { type ContractHarness, type Program, acceptDriverContract } from './driver-contract.ts'

const momentMs = 100
const stopMs = 10
/** Programs are known by their command. */
const commandOf = (program: Program): string => (program === 'missing' ? '/no/such/program' : JSON.stringify(program))
const config = (command: string): TaskConfig => ({ command, args: [], volumes: [], privileged: false, readOnlyRoot: false })

class SimulatedBoard {
  readonly queue = new EventQueue()
  readonly tasks = new Tasks()
  readonly board: Board
  #starts = 0
  readonly #started = new Map<TaskId, number>()
  #listener: ((event: CoreEvent) => void) | null = null

  constructor() {
    const { node, signer } = cheapIdentity(1)
    this.board = createBoard({ name: 'b', id: node, signer })
    this.tasks.refuse = (_board, { spec }, phase) => (phase === 'start' && spec.config.command === commandOf('missing') ? 'E_CONFIG' : null)
  }

  /** Whether an agent runs is all that the driver asks of the core. */
  attach(listener: ((event: CoreEvent) => void) | null): void {
    this.#listener = listener
    this.board.core = (listener === null ? null : {}) as Board['core']
  }

  tell(events: readonly CoreEvent[]): void {
    for (const event of events) this.#listener?.(event)
  }

  identity(id: TaskId): number | null {
    return this.board.tasks.has(id) ? this.#started.get(id)! : null
  }

  start(task: TaskRequest): ReturnType<Tasks['start']> {
    const runs = this.board.tasks.has(task.id)
    const outcome = this.tasks.start(this.board, task, this.queue.now, this.queue.now)
    if (!outcome.ok || runs) return outcome
    const run = ++this.#starts
    this.#started.set(task.id, run)
    const program = programOf(task)
    if (typeof program === 'object' && 'ends' in program)
      this.queue.after(momentMs, () => {
        if (this.identity(task.id) === run) this.tell(this.tasks.end(this.board, task.id, exitOf(program.ends), this.queue.now))
      })
    return outcome
  }
}

function programOf(task: TaskRequest): Program {
  return JSON.parse(task.spec.config.command ?? 'null') as Program
}

function exitOf(exitCode: number): TaskExit {
  return { exitCode, signal: null, outOfMemory: false }
}

/** The driver as a new agent would make it. */
function createDriver(sim: SimulatedBoard, asked: Map<TaskId, Program>): TaskDriver {
  const listeners: ((id: TaskId, exit: TaskExit) => void)[] = []
  const early: [TaskId, TaskExit][] = []
  const open = (): void =>
    sim.attach((event) => {
      if (event.kind !== 'exited') return
      if (listeners.length === 0) early.push([event.task, event.exit])
      for (const listener of listeners) listener(event.task, event.exit)
    })
  open()
  return {
    name: 'raw_exec',
    fingerprint: async () => fingerprintOf('raw_exec'),
    prepare: async (task) => {
      return resultOf(sim.tasks.prepare(sim.board, task))
    },
    start: async (task) => {
      const outcome = sim.start(task)
      if (!outcome.ok) return refuse(outcome.code, outcome.message)
      asked.set(task.id, programOf(task))
      const running = withoutDriver(sim.board.tasks.get(task.id)!)
      return ok(outcome.found === true ? { ...running, found: true } : running)
    },
    stop: async (id, signal, timeoutMs) => {
      const program = asked.get(id)
      sim.tasks.stopMs = program === 'deaf' ? Infinity : stopMs
      const { afterMs, exit } = sim.tasks.ending(signal, timeoutMs)
      sim.queue.run(sim.queue.now + afterMs)
      const code = typeof program === 'object' && 'obeys' in program && exit.signal !== 'SIGKILL' ? exitOf(program.obeys) : exit
      sim.tell(sim.tasks.stop(sim.board, id, 'raw_exec', sim.queue.now, code))
      return ok(undefined)
    },
    signal: async (id, signal) => resultOf(sim.tasks.signal(sim.board, id, signal)),
    rewrite: async (task) => resultOf(sim.tasks.rewrite(sim.board, task)),
    adopt: async () => {
      const running = [...sim.board.tasks.values()].map(withoutDriver)
      sim.tell(sim.tasks.endedUnseen(sim.board, sim.queue.now))
      return running
    },
    onExit(listener) {
      listeners.push(listener)
      for (const [id, exit] of early.splice(0)) listener(id, exit)
    },
    async *logs() {},
    exec: async () => refuse('E_START', 'programs beside tasks are answered by the simulated checks'),
    remove: async (id) => {
      sim.tasks.stop(sim.board, id, 'raw_exec', sim.queue.now, sim.tasks.ending('SIGKILL', 0).exit)
      sim.tasks.remove(sim.board, id)
    },
    close: async () => sim.attach(null),
  }
}

function resultOf(outcome: Outcome): Result<void, DriverCode> {
  return outcome.ok ? ok(undefined) : refuse(outcome.code, outcome.message)
}

function withoutDriver({ driver: _driver, ...task }: AdoptedTask): RunningTask {
  return task
}

acceptDriverContract((): ContractHarness => {
  const sim = new SimulatedBoard()
  const asked = new Map<TaskId, Program>()
  return {
    name: 'raw_exec',
    create: () => createDriver(sim, asked),
    program: (program) => config(commandOf(program)),
    listening: async () => undefined,
    async until(what, holds) {
      for (let waited = 0; !(await holds()); waited += 10) {
        assert.ok(waited < 60_000, `never came: ${what}`)
        sim.queue.run(sim.queue.now + 10)
      }
    },
    wallMs: () => sim.queue.now,
    identity: async (id) => String(sim.identity(id)),
    isRunning: async (id) => sim.identity(id) !== null,
    async takePort() {
      sim.tasks.takenPorts.add('b:8080')
      return { port: 8_080, free: async () => void sim.tasks.takenPorts.delete('b:8080') }
    },
  }
})
