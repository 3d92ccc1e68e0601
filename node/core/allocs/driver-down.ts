// An engine that does not answer.

import { coreLimits } from '../limits.ts'
import { type Step, writeOwnSoon } from '../state.ts'
import type { TaskRun } from './alloc.ts'

/**
 * At boot the engine often comes after the agent. For a while that is waited for and counts as no failure of the task; the wait goes
 * through `prepare` again, which is harmless.
 */
export function waitsForDriver(step: Step, task: TaskRun): boolean {
  task.driverDownSince ??= step.now
  if (step.now - task.driverDownSince >= coreLimits.driverDownMsMax) return false
  task.phase = 'pending'
  task.retryAt = step.now + coreLimits.driverRetryMs
  writeOwnSoon(step)
  return true
}
