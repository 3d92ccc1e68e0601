// The stages of a copy's life, by the `lifecycle` of its tasks: prestart tasks, main tasks with sidecars beside them, poststart tasks; and
// when all of these are gone, poststop tasks (`winding.ts`). Every answer is read from what the tasks do now, so that an agent that was
// restarted finds itself at the stage at which its predecessor was. docs/adr/0029

import { type GroupSpec, isMain, isMomentary } from '../../../crdt/spec.ts'
import type { Step } from '../state.ts'
import { type Alloc, type Body, type TaskPhase, type TaskRun, carriesCopy, isDone, isUp } from './alloc.ts'

/** Whether stopping is more than telling all tasks at once: it is carried on by an agent that restarts. */
export function isOrdered({ tasks, shutdownDelayMs }: GroupSpec): boolean {
  return shutdownDelayMs !== undefined || tasks.some((task) => !isMain(task) || task.leader || task.shutdownDelayMs !== undefined)
}

export function isPoststop({ spec }: TaskRun): boolean {
  return spec.lifecycle?.hook === 'poststop'
}

/** A task that is ready may be started now. */
export function hasTurn(body: Body, { spec }: TaskRun): boolean {
  const all = [...body.tasks.values()]
  switch (spec.lifecycle?.hook) {
    case 'prestart':
      return true
    case undefined:
      return all.every((task) => task.spec.lifecycle?.hook !== 'prestart' || isThrough(task))
    case 'poststart':
      return all.every((task) => !carriesCopy(task) || task.phase === 'running' || (body.runsOnce && isDone(task)))
    case 'poststop':
      return false
  }
}

const unready: ReadonlySet<TaskPhase> = new Set<TaskPhase>(['pending', 'preparing', 'stopping'])

/** What is to be started now. Nothing before everything is ready: also a prestart task waits until the main tasks' images are there. */
export function dueTasks({ body, leaving }: Alloc): readonly TaskRun[] {
  const tasks = [...body.tasks.values()]
  if (leaving.size > 0 || tasks.some((task) => unready.has(task.phase))) return []
  return tasks.filter((task) => task.phase === 'ready' && hasTurn(body, task))
}

/** What waits for this task waits no longer. */
function isThrough(task: TaskRun): boolean {
  return isMomentary(task.spec) ? isDone(task) : task.phase === 'running'
}

/** All that the copy's health asks for: as in Nomad, poststart tasks at least run. */
export function isWhole(body: Body): boolean {
  const isBegun = (task: TaskRun): boolean => task.phase === 'running' || (isMomentary(task.spec) && isDone(task))
  return isUp(body) && [...body.tasks.values()].every((task) => task.spec.lifecycle?.hook !== 'poststart' || isBegun(task))
}

/** An exit with 0 is what it is there for. Sidecars are started again, whatever the type of their job. */
export function endsByItself({ runsOnce }: Body, { spec }: TaskRun): boolean {
  return isMain(spec) ? runsOnce : isMomentary(spec)
}

/** Its work is done: the leader's, or that of all tasks that end by themselves. */
export function isComplete(body: Body): boolean {
  const tasks = [...body.tasks.values()]
  const leader = tasks.filter(({ spec }) => spec.leader === true)
  const workers = leader.length > 0 ? leader : tasks.filter((task) => endsByItself(body, task) && !isPoststop(task))
  return body.runsOnce && workers.every(isDone)
}

/** The ports that it was told may stand in what it left for the main tasks. */
export function hasPrestarted({ tasks }: Body): boolean {
  return [...tasks.values()].some((task) => task.spec.lifecycle?.hook === 'prestart' && isMomentary(task.spec) && isDone(task))
}

/**
 * A driver says that the task runs. Main tasks start only after the prestart tasks, so what a lost disk does not tell of those is told by a
 * main task that runs.
 */
export function foundRunning(body: Body, run: TaskRun): void {
  run.phase = 'running'
  run.event = 'adopted'
  noteBegun(body)
  if (run.spec.lifecycle?.hook === 'prestart' || isPoststop(run)) return
  for (const task of body.tasks.values())
    if (task.spec.lifecycle?.hook === 'prestart' && isMomentary(task.spec) && task.phase === 'pending')
      Object.assign(task, { phase: 'dead', event: '' } satisfies Partial<TaskRun>)
}

/** Poststop tasks run only after the end of a copy was written down: the rest of it is not to be started beside one. */
export const endLost = 'record-lost: its poststop task runs, and nothing tells how it ended'

/** True: this is news, to be remembered before anything of it starts. */
export function noteBegun(body: Body): boolean {
  if (body.begun || ![...body.tasks.values()].some(isPoststop)) return false
  body.begun = true
  return true
}

export function nowRunning(step: Step, alloc: Alloc, wallMs: number): void {
  alloc.state = 'running'
  alloc.reason = ''
  if (isWhole(alloc.body)) alloc.runningSince = step.now
  alloc.formStartedAt ??= step.now
  if (alloc.startedAt === 0) alloc.startedAt = wallMs
}
