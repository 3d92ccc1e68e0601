// Tasks that are stopped to start again, and why: an operator's wish, other ports, a check, a file that has changed. What comes once they have stopped is
// `lifecycle.ts`'s business.

import type { Effect } from '../effect.ts'
import type { Step } from '../state.ts'
import { type Alloc, type TaskRun, carriesCopy } from './alloc.ts'

/** An operator asked for a restart: all tasks stop and start again; the restart policy does not count it. */
export function restartAll(step: Step, alloc: Alloc, wish: number): void {
  alloc.restartSeen = wish
  step.state.ownStale = true
  if (alloc.state !== 'running' && alloc.state !== 'starting') return
  beginsAnew(alloc)
  alloc.state = 'starting'
  for (const task of alloc.body.tasks.values()) stopToStartAgain(step, task)
}

/** A file of it reads otherwise now: as an operator's restart, of this task alone. */
export function restartForTemplate(step: Step, alloc: Alloc, task: TaskRun): void {
  beginsAnew(alloc)
  if (alloc.state === 'running' && carriesCopy(task)) alloc.state = 'starting'
  step.state.ownStale = true
  stopToStartAgain(step, task)
}

/** What it has shown so far does not count for its health. */
function beginsAnew(alloc: Alloc): void {
  alloc.healthy = false
  alloc.runningSince = null
  alloc.formStartedAt = null
}

/** `check_restart`: the task is stopped as if it had failed, and the restart policy says what comes then. */
export function restartForCheck(step: Step, alloc: Alloc, task: TaskRun, why: string): void {
  if (task.phase !== 'running' || alloc.ending !== null) return
  task.phase = 'stopping'
  task.unfit = why
  alloc.healthy = false
  alloc.runningSince = null
  // As while it waits to be started again: no copy that runs may be stopped for this one meanwhile.
  if (alloc.state === 'running' && carriesCopy(task)) alloc.state = 'starting'
  step.state.ownStale = true
  step.out.push(stopEffect(task))
}

export function stopToStartAgain(step: Step, task: TaskRun): void {
  if (task.phase !== 'running' && task.phase !== 'starting') return
  task.phase = 'stopping'
  task.again = true
  step.out.push(stopEffect(task))
}

export function stopEffect(task: TaskRun): Effect {
  return { kind: 'stop', task: task.id, driver: task.spec.driver, signal: task.spec.killSignal, timeoutMs: task.spec.killTimeoutMs }
}
