// The job that benches run: a sleeping shell, so that what is measured is shoal.

import { disconnectDefaults } from '../../crdt/documents/defaults.ts'
import type { DisconnectPolicy, JobSpec } from '../../crdt/spec.ts'
import { sampleGroup, sampleJob, sampleTask } from '../../simulator/sample-job.ts'

export function sleeper(name: string, count: number, disconnect: Partial<DisconnectPolicy> = {}, spreadOut = false): JobSpec {
  const task = sampleTask({ resources: { cpuMhz: 1, memoryMib: 1 }, killTimeoutMs: 2_000, logs: { maxFiles: 1, maxFileSizeMib: 1 } })
  const group = sampleGroup({
    name: 'g',
    count,
    constraints: spreadOut ? [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] : [],
    update: { maxParallel: 1, minHealthyMs: 0, healthyDeadlineMs: 60_000 },
    disconnect: { ...disconnectDefaults, ...disconnect },
    diskMib: 10,
    tasks: [task],
  })
  return sampleJob({ name, groups: [group] })
}
