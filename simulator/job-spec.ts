// A small complete job for simulated boards: one group `g` with one task, Nomad's defaults, and health after one second so that a
// roll-out does not take minutes of virtual time.

import { configDefaults, groupDefaults, policyDefaults, resourceDefaults, updateDefaults } from '../crdt/documents/defaults.ts'
import { type GroupSpec, type JobSpec, type JobType, isRunOnce } from '../crdt/spec.ts'
import { sampleGroup, sampleJob, sampleTask } from './sample-job.ts'

export interface JobOptions {
  readonly name?: string
  readonly type?: JobType
  readonly count?: number
  readonly command?: string
  readonly group?: Partial<GroupSpec>
  readonly priority?: number
  readonly cpuMhz?: number
  readonly pool?: string
}

export function jobSpec(options: JobOptions = {}): JobSpec {
  const {
    name = 'web',
    type = 'service',
    pool = 'default',
    priority = 50,
    count = groupDefaults.count,
    cpuMhz = resourceDefaults.cpuMhz,
  } = options
  const task = sampleTask({
    config: { ...configDefaults, command: options.command ?? '/bin/app' },
    resources: { ...resourceDefaults, cpuMhz },
  })
  const update = isRunOnce({ type }) ? updateDefaults : { ...updateDefaults, minHealthyMs: 1_000 }
  return sampleJob({
    name,
    type,
    pool,
    priority,
    groups: [sampleGroup({ name: 'g', count, ...policyDefaults({ type }), update, tasks: [task], ...options.group })],
  })
}
