// What of this node the engine has, running or ended, found by label. Containers that were created but never started (an agent
// died in between) are handed to the driver to be cleared away: it knows whether one is being started at this moment.

import type { ContainerInfo } from 'dockerode'
import type { NodeId } from '../../../crdt/ids.ts'
import type { RunningTask, TaskExit, TaskId } from '../../core/ports.ts'
import type { DriverLog } from '../task/log.ts'
import { exitOfState, isEnded } from './container-watch.ts'
import { type Engine, EngineError } from './engine.ts'
import { isStatus } from './failure.ts'
import { nodeLabel, taskOfLabels } from './labels.ts'

export interface Adopted {
  readonly task: RunningTask
  readonly container: string
  /** null while it runs. */
  readonly exit: TaskExit | null
}

export interface Found {
  readonly tasks: readonly Adopted[]
  readonly neverStarted: readonly TaskId[]
}

export async function listTasks(engine: Engine, node: NodeId, log: DriverLog): Promise<Found> {
  const filters = { label: [`${nodeLabel}=${node}`] }
  const containers = await engine.call((docker, abortSignal) => docker.listContainers({ all: true, filters, abortSignal } as object))
  const tasks: Adopted[] = []
  const neverStarted: TaskId[] = []
  for (const container of containers) {
    const one = await adoptOne(engine, container, log)
    if (typeof one === 'string') neverStarted.push(one)
    else if (one !== undefined) tasks.push(one)
  }
  return { tasks, neverStarted }
}

export function isNeverStarted(status: string): boolean {
  // `configured` is Podman's.
  return status === 'created' || status === 'configured'
}

async function adoptOne(engine: Engine, listed: ContainerInfo, log: DriverLog): Promise<Adopted | TaskId | undefined> {
  const container = listed.Id
  try {
    const { State, Config } = await engine.call((docker, abortSignal) => docker.getContainer(container).inspect({ abortSignal } as object))
    const task = taskOfLabels(Config.Labels, Date.parse(State.StartedAt))
    if (task === undefined) {
      log.warn({ container }, 'a container has the label of this node, but not those of a task: left alone')
      return undefined
    }
    if (isEnded(State)) return { task, container, exit: exitOfState(State, false) }
    if (State.Running) return { task, container, exit: null }
    return isNeverStarted(State.Status) ? task.id : undefined
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    if (!(error instanceof EngineError) || error.status === null || listed.State === 'running') throw error
    // The engine answers, and cannot look into this one: an unclean stop has damaged it, for good. It must not stand for all others.
    log.warn({ container, error: error.message }, 'a container of this node cannot be inspected and does not run: left alone')
    return undefined
  }
}
