// Rules for the order in which a group's tasks run: what would leave a copy without anything to run, or would never come about.

import { type GroupSpec, type TaskSpec, isMain, isMomentary } from '../spec.ts'
import { encodePart } from './path-part.ts'
import { type RuleReport, fault, inside } from './rule-report.ts'

export function checkLifecycles(report: RuleReport, { tasks }: GroupSpec): void {
  const names = (wanted: readonly TaskSpec[]): string => wanted.map((task) => task.name).join(', ')
  if (tasks.length > 0 && !tasks.some(isMain))
    fault(report, 'tasks', `${names(tasks)}, each with a lifecycle`, 'at least one task without: a main task')
  const [leader, ...others] = tasks.filter((task) => task.leader === true)
  if (leader !== undefined && others.length > 0)
    fault(report, `tasks/${encodePart(leader.name)}/leader`, `true, as for ${names(others)}`, 'one leader in a group')
  for (const task of tasks) checkLifecycle(inside(report, 'tasks', task.name), task)
}

function checkLifecycle(report: RuleReport, task: TaskSpec): void {
  const { lifecycle, leader, checks = [] } = task
  if (lifecycle === undefined) return
  const { hook, sidecar } = lifecycle
  if (hook === 'poststop' && sidecar) fault(report, 'lifecycle/sidecar', 'true', 'false for poststop: nothing is left to run beside')
  if (leader === true) fault(report, 'leader', `true in a ${hook} task`, 'the leader is a main task, without lifecycle')
  if (isMomentary(task) && checks.length > 0)
    fault(report, 'checks', String(checks.length), `none in a ${hook} task that is no sidecar: it is not asked, it ends`)
}
