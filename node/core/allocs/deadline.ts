// When an allocation wants to be looked at again.

import { coreLimits } from '../limits.ts'
import type { Alloc } from './alloc.ts'
import { healthRuleOf, healthyAt } from './checks.ts'
import { dueTasks } from './stages.ts'
import { templateDeadline } from './templates.ts'
import { windingDeadline } from './winding.ts'

/** The earliest time at which `drive` has something to do. */
export function allocDeadline(alloc: Alloc): number {
  let at = Number.MAX_SAFE_INTEGER
  for (const task of alloc.leaving.values()) at = Math.min(at, windingDeadline(task))
  if (alloc.ending !== null) {
    for (const task of alloc.body.tasks.values()) at = Math.min(at, windingDeadline(task))
    return at
  }
  if (alloc.settleUntil !== null) at = alloc.settleUntil
  for (const body of [alloc.body, alloc.next]) {
    for (const task of body?.tasks.values() ?? []) if (task.retryAt !== null) at = Math.min(at, task.retryAt)
  }
  for (const task of alloc.body.tasks.values()) at = Math.min(at, templateDeadline(task))
  // While something else is waited for first nobody asks for them.
  if (alloc.devicesAwaitedSince !== null && dueTasks(alloc).length > 0)
    at = Math.min(at, alloc.devicesAwaitedSince + coreLimits.deviceWaitMsMax)
  if (alloc.roomAwaitedSince !== null) at = Math.min(at, alloc.roomAwaitedSince + coreLimits.roomWaitMsMax)
  if (!alloc.healthy) {
    at = Math.min(at, healthyAt(alloc) ?? at)
    if (alloc.formStartedAt !== null && !alloc.body.runsOnce)
      at = Math.min(at, alloc.formStartedAt + healthRuleOf(alloc.body).healthyDeadlineMs)
  }
  return at
}
