// How what a copy runs comes to its end, be it the whole copy or a form that makes way for the next one: the group's `shutdown_delay`, the
// leader, the other tasks, their sidecars, each after its own `shutdown_delay`, and then the poststop tasks, if anything had been
// started. Of a group without any of these all tasks are told at once. What comes when nothing is left is `lifecycle.ts`'s business.

import type { TaskSpec } from '../../../crdt/spec.ts'
import type { Outcome } from '../event.ts'
import { coreLimits } from '../limits.ts'
import type { TaskExit } from '../ports.ts'
import { type Step, note } from '../state.ts'
import { type Alloc, type Body, type TaskRun, isActive } from './alloc.ts'
import { persistBody } from './claim.ts'
import { waitsForDriver } from './driver-down.ts'
import { canFinish, doneWords, hasSucceeded, wordsFor } from './exit.ts'
import { boardHere, lackOf, requestOf } from './request.ts'
import { restartDelay } from './restart.ts'
import { isPoststop } from './stages.ts'
import { stopEffect } from './stopping.ts'
import { noteVerdict } from './verdicts.ts'

export function isWinding({ ending, leaving }: Alloc, { id }: TaskRun): boolean {
  return ending !== null || leaving.has(id)
}

/** It is to be stopped, or to run after the others. */
export function isLeft(task: TaskRun): boolean {
  return isActive(task) || (isPoststop(task) && task.phase !== 'dead')
}

/** Forgets what has not begun, and gives what is left. */
export function beginWinding(step: Step, alloc: Alloc, body: Body): TaskRun[] {
  alloc.stopFrom = step.now + (body.group.shutdownDelayMs ?? 0)
  for (const task of body.tasks.values()) {
    if (isActive(task) || (isPoststop(task) && body.begun)) continue
    if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
    task.phase = 'dead'
    task.retryAt = null
  }
  return [...body.tasks.values()].filter(isLeft)
}

/** Goes on with it as far as it can go now. */
export function windDown(step: Step, alloc: Alloc, body: Body, tasks: readonly TaskRun[]): void {
  const running = tasks.filter((task) => isActive(task) && !isPoststop(task))
  for (const task of whoseTurn(running)) tellToEnd(step, alloc, task)
  if (running.length === 0) for (const task of tasks) if (isPoststop(task)) runPoststop(step, alloc, body, task)
}

function whoseTurn(running: readonly TaskRun[]): readonly TaskRun[] {
  const leader = running.filter(({ spec }) => spec.leader === true)
  if (leader.length > 0) return leader
  const others = running.filter(({ spec }) => !isSidecar(spec))
  return others.length > 0 ? others : running
}

function isSidecar({ lifecycle }: TaskSpec): boolean {
  return lifecycle?.sidecar === true
}

function tellToEnd(step: Step, alloc: Alloc, task: TaskRun): void {
  if (task.phase === 'stopping') return
  task.stopAt ??= Math.max(step.now, alloc.stopFrom) + (task.spec.shutdownDelayMs ?? 0)
  if (task.stopAt > step.now) return
  task.phase = 'stopping'
  task.again = false
  step.out.push(stopEffect(task))
}

function runPoststop(step: Step, alloc: Alloc, body: Body, task: TaskRun): void {
  if ((task.retryAt !== null && task.retryAt > step.now) || boardHere(step) === undefined) return
  task.retryAt = null
  if (task.phase === 'pending') {
    task.phase = 'preparing'
    step.out.push({ kind: 'prepare', task: requestOf(step, alloc, body, task) })
  } else if (task.phase === 'ready') {
    task.phase = 'starting'
    const lack = lackOf(step, alloc, body, task)
    if (lack !== null) return startedLast(step, alloc, task, { ok: false, code: 'E_CONFIG', message: lack })
    // It comes after those whose ports they are, and is not to fail for them.
    step.out.push({ kind: 'start', task: { ...requestOf(step, alloc, body, task), portsHeld: true } })
  } else if (task.phase === 'running') {
    task.stopAt ??= step.now + coreLimits.poststopMsMax
    if (task.stopAt > step.now) return
    task.phase = 'stopping'
    task.unfit = `did not end within ${coreLimits.poststopMsMax} ms`
    step.out.push(stopEffect(task))
  }
}

/** When `windDown` has something to do with the task. */
export function windingDeadline({ phase, retryAt, stopAt }: TaskRun): number {
  const never = Number.MAX_SAFE_INTEGER
  return phase === 'stopping' || phase === 'dead' ? never : Math.min(retryAt ?? never, stopAt ?? never)
}

/** Nothing of it is left. True: it was one of a former form's. */
export function leaves(step: Step, alloc: Alloc, task: TaskRun): boolean {
  if (!alloc.leaving.delete(task.id)) return false
  step.out.push({ kind: 'remove', task: task.id, driver: task.spec.driver })
  if (alloc.leaving.size > 0) return true
  alloc.heldBefore = null
  const hadDevices = alloc.devicesBefore.length > 0
  alloc.devicesBefore = []
  if (alloc.former === null) {
    // They may be another's by the next boot.
    if (hadDevices) persistBody(step, alloc)
    return true
  }
  alloc.former = null
  // An update back to it has waited for this.
  step.state.planStale = true
  persistBody(step, alloc)
  return true
}

// ---------------------------------------------------------------- what drivers report of a task on its way out

export function preparedLast(step: Step, alloc: Alloc, task: TaskRun, outcome: Outcome): void {
  if (task.phase !== 'preparing') return
  task.progress = ''
  if (outcome.ok) task.phase = 'ready'
  else if (outcome.code !== 'E_DRIVER_DOWN' || !waitsForDriver(step, task)) failedLast(step, alloc, task, outcome.message)
}

export function startedLast(step: Step, alloc: Alloc, task: TaskRun, outcome: Outcome): void {
  if (task.phase !== 'starting') return
  if (outcome.ok) {
    task.phase = 'running'
    task.driverDownSince = null
    task.event = task.restarts > 0 ? 'restarted' : 'started'
  } else if (!isPoststop(task)) over(step, alloc, task, outcome.message, false)
  else if (outcome.code !== 'E_DRIVER_DOWN' || !waitsForDriver(step, task)) failedLast(step, alloc, task, outcome.message)
  step.state.ownStale = true
}

/** Others than poststop tasks end by themselves while a `shutdown_delay` lasts: no failure, they were to end. */
export function exitedLast(step: Step, alloc: Alloc, task: TaskRun, exit: TaskExit): void {
  if (isPoststop(task) && hasSucceeded(exit) && canFinish(task)) {
    if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
    over(step, alloc, task, doneWords(task, exit), false)
  } else if (task.phase === 'running') {
    if (isPoststop(task)) failedLast(step, alloc, task, wordsFor(exit))
    else over(step, alloc, task, wordsFor(exit), false)
  }
}

/** Whatever the mode of the restart policy: what is on its way out must come to an end. */
function failedLast(step: Step, alloc: Alloc, task: TaskRun, event: string): void {
  const { restart } = (alloc.leaving.has(task.id) ? (alloc.former ?? alloc.body) : alloc.body).group
  if (task.restarts >= restart.attempts) return giveUpLast(step, alloc, task, event)
  Object.assign(task, { event, failed: true, phase: 'pending', stopAt: null } satisfies Partial<TaskRun>)
  task.restarts += 1
  task.retryAt = step.now + restartDelay(restart, step.state.random)
  step.state.ownStale = true
}

/** As in Nomad, work whose poststop task failed has failed. A copy that was stopped, or had failed before, ends as it would have. */
export function giveUpLast(step: Step, alloc: Alloc, task: TaskRun, event: string): void {
  const reason = `task ${task.spec.name}: ${event}`
  note(step, `${alloc.slot}: ${reason}`, 'warn')
  if (!alloc.leaving.has(task.id) && alloc.ending?.state === 'complete') {
    noteVerdict(step.state, alloc, alloc.body.form, 'failed', reason)
    alloc.ending = { state: 'failed', reason }
    alloc.reason = reason
  }
  over(step, alloc, task, event, true)
}

function over(step: Step, alloc: Alloc, task: TaskRun, event: string, failed: boolean): void {
  Object.assign(task, { event, failed, phase: 'dead', retryAt: null, stopAt: null } satisfies Partial<TaskRun>)
  step.state.ownStale = true
  // An agent that restarts now is not to run it again.
  if (!leaves(step, alloc, task) || alloc.former !== null) persistBody(step, alloc)
}
