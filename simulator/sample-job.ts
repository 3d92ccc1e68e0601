// A complete, valid specification for simulated boards, tests and benches, made of the defaults, and small changes to it.

import * as defaults from '../crdt/documents/defaults.ts'
import type { GroupSpec, JobSpec, TaskSpec } from '../crdt/spec.ts'

export function sampleTask(changes: Partial<TaskSpec> = {}): TaskSpec {
  return {
    name: 'app',
    driver: 'raw_exec',
    config: { ...defaults.configDefaults, command: '/bin/sleep', args: ['1000'] },
    env: {},
    constraints: [],
    affinities: [],
    resources: defaults.resourceDefaults,
    ...defaults.taskDefaults,
    logs: defaults.logDefaults,
    meta: {},
    ...changes,
  }
}

export function sampleGroup(changes: Partial<GroupSpec> = {}): GroupSpec {
  return {
    name: 'web',
    count: 2,
    constraints: [],
    affinities: [],
    spread: [],
    restart: defaults.restartDefaults,
    reschedule: defaults.rescheduleDefaults,
    update: defaults.updateDefaults,
    disconnect: defaults.disconnectDefaults,
    network: defaults.networkDefaults,
    diskMib: defaults.groupDefaults.diskMib,
    meta: {},
    tasks: [sampleTask()],
    ...changes,
  }
}

export function sampleJob(changes: Partial<JobSpec> = {}): JobSpec {
  return {
    namespace: 'default',
    name: 'shop',
    type: 'service',
    pool: 'default',
    priority: 50,
    constraints: [],
    affinities: [],
    meta: {},
    groups: [sampleGroup()],
    ...changes,
  }
}

/** A job of one group of one task. */
export function jobWith(group: Partial<GroupSpec>, task: Partial<TaskSpec> = {}): JobSpec {
  return sampleJob({ groups: [sampleGroup({ tasks: [sampleTask(task)], ...group })] })
}
