// The simulated driver: tasks are entries of a table. It fails as it is told (`refuse`, `takenPorts`, `unavailable`), so that every
// code a real driver may answer with can be had. It knows nothing of why the core asks. What it promises is held against it by the suite
// of the real drivers (`test/acceptance/driver-contract.ts`).

import type { Effect } from '../node/core/effect.ts'
import type { CoreEvent, Outcome } from '../node/core/event.ts'
import type { AdoptedTask, DriverCode, Fingerprint, TaskExit, TaskFile, TaskRequest } from '../node/core/ports.ts'
import type { Board, Given } from './board.ts'

export type Refuse = (board: Board, task: TaskRequest, phase: 'prepare' | 'start') => DriverCode | null

/** How soon a stop that the driver did not answer is tried again. */
export const stopAgainMs = 1_000

/** How long a driver takes to start a task. */
export const startMs = 20

/** How long files take that are written under a task that runs. */
export const rewriteMs = 10

/** What becomes of a task that nobody watches when the power goes: how it ended is not known. */
export const unknownExit: TaskExit = { exitCode: null, signal: null, outOfMemory: false }

/** A program whose work is done. */
export const endedWell: TaskExit = { exitCode: 0, signal: null, outOfMemory: false }

/** A program that has no way of its own to end. */
const obeyed: TaskExit = { exitCode: null, signal: 'SIGTERM', outOfMemory: false }
const killed: TaskExit = { ...obeyed, signal: 'SIGKILL' }

/** How it is, and which driver. */
export function fingerprintOf(driver: AdoptedTask['driver'], isWell = true): Fingerprint {
  return { health: { healthy: isWell, reason: isWell ? '' : 'no answer' }, attributes: { [`driver.${driver}`]: '1' }, images: [] }
}

export class Tasks {
  /** Programs (`command` or `image`) that cannot be fetched: `name` or `board:name`. */
  readonly unavailable = new Set<string>()
  /** `board:port`, bound by a program that is none of ours. */
  readonly takenPorts = new Set<string>()
  refuse: Refuse = () => null
  /** How long a task takes to end once it is told to, if it is not killed before. */
  stopMs = 10

  prepare(board: Board, task: TaskRequest): Outcome {
    const code = this.refuse(board, task, 'prepare')
    if (code !== null) return { ok: false, code, message: `${task.spec.name}: ${code}` }
    const name = task.spec.config.image ?? task.spec.config.command ?? ''
    const isGone = this.unavailable.has(name) || this.unavailable.has(`${board.spec.name}:${name}`)
    return isGone ? { ok: false, code: 'E_IMAGE_PULL', message: `${name} cannot be had` } : { ok: true }
  }

  /** Nothing happens to a task that runs. */
  start(board: Board, task: TaskRequest, now: number, wallMs: number): Outcome {
    if (board.tasks.has(task.id)) return { ok: true, found: true }
    const code = this.refuse(board, task, 'start')
    if (code !== null) return { ok: false, code, message: `${task.spec.config.command ?? task.spec.name}: ${code}` }
    const taken = Object.entries(task.ports).find(([, port]) => this.#isTaken(board, task, port))
    if (taken !== undefined) return { ok: false, code: 'E_PORT_IN_USE', message: `port ${taken[1]}, for '${taken[0]}', is in use` }
    const absent = task.devices?.find(({ path }) => board.devices?.every((one) => one.path !== path) === true)
    if (absent !== undefined) return { ok: false, code: 'E_START', message: `there is no ${absent.path}` }
    const { id, slot, alloc, generation, form, updates, ports, devices } = task
    const driver = task.spec.driver
    const running = { id, slot, alloc, generation, form, updates, task: task.spec.name, ports, startedAt: wallMs, driver }
    board.tasks.set(id, { ...running, ...(devices && { devices }) })
    board.ended.delete(id)
    if (task.files !== undefined) board.given.set(id, { files: filesOf(task), signals: [] })
    board.trail.push({ at: now, what: 'start', task: id, slot })
    return { ok: true }
  }

  rewrite(board: Board, task: TaskRequest): Outcome {
    if (board.isDriverSilent) return { ok: false, code: 'E_DRIVER_DOWN', message: 'the driver does not answer' }
    if (!board.tasks.has(task.id)) return notRunning(task.id)
    const { files = {}, signals = [] } = board.given.get(task.id) ?? {}
    board.given.set(task.id, { files: { ...files, ...filesOf(task) }, signals })
    return { ok: true }
  }

  /** As an agent asks for it: signals come once the files are there. */
  rewritten(board: Board, { task, signals, digest }: Effect & { kind: 'rewrite' }, now: number): CoreEvent {
    let outcome = this.rewrite(board, task)
    for (const signal of signals) if (outcome.ok) outcome = this.signal(board, task.id, signal)
    return { kind: 'rewritten', now, task: task.id, digest, outcome }
  }

  signal(board: Board, id: string, signal: string): Outcome {
    if (!board.tasks.has(id)) return notRunning(id)
    const { files = {}, signals = [] } = board.given.get(id) ?? {}
    board.given.set(id, { files, signals: [...signals, signal] })
    return { ok: true }
  }

  /** When a task ends that gets this signal now, and how: it is killed once the timeout is over. */
  ending(signal: string, timeoutMs: number): { readonly afterMs: number; readonly exit: TaskExit } {
    const isKilled = signal === 'SIGKILL' || this.stopMs > timeoutMs
    return { afterMs: Math.min(this.stopMs, timeoutMs), exit: isKilled ? killed : obeyed }
  }

  /** A driver ends what it has itself, and says so; of anything else it says nothing but that it does not run. */
  stop(board: Board, task: string, driver: string, now: number, exit: TaskExit): CoreEvent[] {
    const found = board.tasks.get(task)
    if (found?.driver !== driver) return []
    board.trail.push({ at: now, what: 'stop', task, slot: found.slot })
    return this.end(board, task, exit, now)
  }

  /** It ends. Without an agent, or with a driver that says nothing, nobody is told until there is one that is. */
  end(board: Board, task: string, exit: TaskExit, now: number): CoreEvent[] {
    if (!board.tasks.delete(task)) return []
    if (board.core !== null && !board.isDriverSilent) return [{ kind: 'exited', now, task, exit }]
    board.ended.set(task, exit)
    return []
  }

  /** The board loses power. */
  endAll(board: Board): void {
    for (const id of board.tasks.keys()) board.ended.set(id, unknownExit)
    board.tasks.clear()
  }

  /** What a new agent is told after its first event. */
  toldAtBoot(board: Board, now: number): CoreEvent[] {
    return [...this.endedUnseen(board, now), ...this.look(board, now)]
  }

  /** What a look at the board's devices tells now; nothing, if it does not answer. */
  look({ devices }: Board, now: number): CoreEvent[] {
    return devices === null ? [] : [{ kind: 'devices', now, found: devices }]
  }

  /** What a new agent is told once it has heard what runs: what ended before it came. */
  endedUnseen(board: Board, now: number): CoreEvent[] {
    if (board.isDriverSilent) return []
    const events = [...board.ended].map(([task, exit]): CoreEvent => ({ kind: 'exited', now, task, exit }))
    board.ended.clear()
    return events
  }

  /** What a finished task left is gone, and with it how it ended. */
  remove(board: Board, task: string): void {
    board.ended.delete(task)
    board.given.delete(task)
  }

  /** As the real drivers look: a port that anybody holds is taken, unless the core says that the group itself may hold it. */
  #isTaken(board: Board, task: TaskRequest, port: number): boolean {
    if (task.portsHeld === true) return false
    if (this.takenPorts.has(`${board.spec.name}:${port}`)) return true
    return [...board.tasks.values()].some((other) => other.id !== task.id && Object.values(other.ports).includes(port))
  }
}

function filesOf({ files = [] }: TaskRequest): Given['files'] {
  return Object.fromEntries(files.map((file) => [file.path, contentOf(file)]))
}

function contentOf(file: TaskFile): string {
  if (file.kind === 'artifact') return `sha256:${file.sha256}`
  return file.kind === 'payload' ? file.base64 : file.text
}

function notRunning(id: string): Outcome {
  return { ok: false, code: 'E_START', message: `task ${id} does not run` }
}
