// Gets a task's container to run, from whatever state an earlier attempt left it in. What cannot be started is removed again, so
// that a failed start leaves nothing behind.

import type { NodeId } from '../../../crdt/ids.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode, RunningTask, StartedTask, TaskRequest } from '../../core/ports.ts'
import { takenPort, takenPortMessage } from '../task/taken-port.ts'
import type { ContainerWatch } from './container-watch.ts'
import { type Found, beginContainer, createContainer, findContainer, giveFiles, isMadeFrom, isOurs, removeContainer } from './containers.ts'
import { type Engine, EngineError } from './engine.ts'
import { refuseStart } from './failure.ts'
import { findImage } from './images.ts'
import { containerName, labelsOf, taskOfLabels } from './labels.ts'
import { missingProgram } from './missing-program.ts'

export interface StartContext {
  readonly engine: Engine
  readonly node: NodeId
  readonly watch: ContainerWatch
  /** Whether this engine has an init for process 1; learnt from its first refusal. */
  readonly init: { isThere: boolean }
}

const initMissing = /docker-init|catatonit|init binary|container-init/i

export async function startTask(context: StartContext, task: TaskRequest): Promise<Result<StartedTask, DriverCode>> {
  const image = task.spec.config.image
  if (image === undefined) return refuse('E_CONFIG', 'config.image is missing: a docker task needs an image')
  const what = `task '${task.spec.name}' was not started`
  try {
    const found = await findContainer(context.engine, task.id)
    if (found !== undefined && !isOurs(found, context.node, task.id)) {
      return refuse(
        'E_START',
        `${what}: another container has the name '${containerName(task.id)}': remove it (docker rm ${found.container.slice(0, 12)})`,
      )
    }
    if (found?.state.Running === true) return ok({ ...keep(context, task, found), found: true })
    const taken = task.portsHeld === true ? undefined : await takenPort(task.ports)
    if (taken !== undefined) return refuse('E_PORT_IN_USE', takenPortMessage(taken))
    return ok(await begin(context, task, image, found))
  } catch (error) {
    return refuseStart(error, what, image)
  }
}

/** It runs, whoever started it. */
function keep({ node, watch }: StartContext, task: TaskRequest, found: Found): RunningTask {
  if (!watch.isWatched(task.id)) watch.begin(task.id, found.container, false)
  return runningTask(node, task, found)
}

async function begin(context: StartContext, task: TaskRequest, image: string, found: Found | undefined): Promise<RunningTask> {
  try {
    const container = await reuseOrCreate(context, task, image, found)
    await beginOrRemove(context, task, image, container)
  } catch (error) {
    // Docker finds out when it starts the container, Podman when it creates it.
    if (!(context.init.isThere && error instanceof EngineError && initMissing.test(error.message))) throw error
    context.init.isThere = false
    return begin(context, task, image, undefined)
  }
  const running = await findContainer(context.engine, task.id).catch(() => undefined)
  context.watch.started(task.id)
  return runningTask(context.node, task, running)
}

async function beginOrRemove({ engine, watch, init }: StartContext, task: TaskRequest, image: string, container: string): Promise<void> {
  watch.begin(task.id, container, true)
  try {
    const missing = init.isThere ? await missingProgram(engine, container) : undefined
    if (missing !== undefined) throw new EngineError(400, `program '${missing}' does not exist in image '${image}'`)
    await giveFiles(engine, container, task)
    await beginContainer(engine, container)
  } catch (error) {
    watch.forget(task.id)
    await removeContainer(engine, container).catch(() => undefined)
    throw error
  }
}

async function reuseOrCreate(
  { engine, node, init }: StartContext,
  task: TaskRequest,
  image: string,
  found: Found | undefined,
): Promise<string> {
  if (found !== undefined && isMadeFrom(found, node, task)) return found.container
  if (found !== undefined) await removeContainer(engine, found.container)
  const here = await findImage(engine, image)
  if (here === undefined) throw new EngineError(404, `no such image: ${image}`)
  return createContainer(engine, node, task, here, init.isThere)
}

function runningTask(node: NodeId, task: TaskRequest, found: Found | undefined): RunningTask {
  const startedAt = found === undefined ? Number.NaN : Date.parse(found.state.StartedAt)
  const { id, slot, alloc, generation, form, updates, ports } = task
  const stamp = startedAt > 0 ? startedAt : Date.now()
  return (
    taskOfLabels(labelsOf(node, task), stamp) ?? {
      id,
      slot,
      alloc,
      generation,
      form,
      updates,
      task: task.spec.name,
      ports,
      startedAt: stamp,
    }
  )
}
