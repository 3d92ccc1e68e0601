// Jobs with checks for simulated boards, and what becomes of them.

import { checkDefaults, networkDefaults, rescheduleDefaults, restartDefaults, updateDefaults } from '../../crdt/documents/defaults.ts'
import type { CheckSpec, GroupSpec, TaskSpec } from '../../crdt/spec.ts'
import { jobSpec } from './world.ts'

export function check(wishes: Partial<CheckSpec> = {}): CheckSpec {
  return { name: 'ready', type: 'http', port: 'http', ...checkDefaults, intervalMs: 2_000, timeoutMs: 1_000, ...wishes }
}

/** A group with a port whose only task has these checks. Nothing is tried again elsewhere soon, nor restarted. */
export function checkedGroup(
  checks: readonly CheckSpec[],
  wishes: Partial<GroupSpec> & { readonly command?: string } = {},
): Partial<GroupSpec> {
  const { command = '/bin/app', ...group } = wishes
  const [app] = jobSpec({ command }).groups[0]!.tasks
  const task: TaskSpec = { ...app!, ...(checks.length === 0 ? {} : { checks }) }
  return {
    network: { ...networkDefaults, ports: [{ label: 'http', static: null, to: null }] },
    update: { ...updateDefaults, minHealthyMs: 3_000, healthyDeadlineMs: 20_000 },
    restart: { ...restartDefaults, attempts: 0 },
    reschedule: { ...rescheduleDefaults, delayMs: 3_600_000, maxDelayMs: 3_600_000 },
    ...group,
    tasks: [task],
  }
}
