// The simulated driver: tasks are entries of a table. It fails as it is told (`refuse`, `takenPorts`, `unavailable`), so that every
// code a real driver may answer with can be had. It knows nothing of why the core asks.

import type { CoreEvent, Outcome } from '../node/core/event.ts'
import type { DriverCode, TaskRequest } from '../node/core/ports.ts'
import type { Board } from './board.ts'

export type Refuse = (board: Board, task: TaskRequest, phase: 'prepare' | 'start') => DriverCode | null

export class Tasks {
  /** Programs (`command` or `image`) that cannot be fetched: `name` or `board:name`. */
  readonly unavailable = new Set<string>()
  /** `board:port`, bound by a program that is none of ours. */
  readonly takenPorts = new Set<string>()
  refuse: Refuse = () => null
  /** How long a task takes to end once it is told to. */
  stopMs = 10

  prepare(board: Board, task: TaskRequest): Outcome {
    const code = this.refuse(board, task, 'prepare')
    if (code !== null) return { ok: false, code, message: `${task.spec.name}: ${code}` }
    const name = task.spec.config.image ?? task.spec.config.command ?? ''
    const isGone = this.unavailable.has(name) || this.unavailable.has(`${board.spec.name}:${name}`)
    return isGone ? { ok: false, code: 'E_IMAGE_PULL', message: `${name} cannot be had` } : { ok: true }
  }

  start(board: Board, task: TaskRequest, now: number, wallMs: number): CoreEvent {
    const outcome = board.tasks.has(task.id) ? ({ ok: true } as const) : this.#begin(board, task, now, wallMs)
    return { kind: 'started', now, wallMs, task: task.id, outcome }
  }

  /** A driver ends what it has itself; of anything else it says that it does not run. */
  stop(board: Board, task: string, driver: string, now: number): CoreEvent {
    const found = board.tasks.get(task)
    const slot = found?.slot ?? ''
    if (found?.driver === driver && board.tasks.delete(task)) board.trail.push({ at: now, what: 'stop', task, slot })
    return { kind: 'stopped', now, task }
  }

  #begin(board: Board, task: TaskRequest, now: number, wallMs: number): Outcome {
    const code = this.refuse(board, task, 'start')
    if (code !== null) return { ok: false, code, message: `${task.spec.name}: ${code}` }
    const taken = Object.values(task.ports).find((port) => this.#isTaken(board, task, port))
    if (taken !== undefined) return { ok: false, code: 'E_PORT_IN_USE', message: `port ${taken} is in use` }
    const { id, slot, alloc, generation, form, ports } = task
    board.tasks.set(id, { id, slot, alloc, generation, form, task: task.spec.name, ports, startedAt: wallMs, driver: task.spec.driver })
    board.trail.push({ at: now, what: 'start', task: id, slot })
    return { ok: true }
  }

  /** As the real drivers look: a port that anybody holds is taken, unless the core says that the group itself may hold it. */
  #isTaken(board: Board, task: TaskRequest, port: number): boolean {
    if (task.portsHeld === true) return false
    if (this.takenPorts.has(`${board.spec.name}:${port}`)) return true
    return [...board.tasks.values()].some((other) => other.id !== task.id && Object.values(other.ports).includes(port))
  }
}
