// The job that benches run: a sleeping shell, so that what is measured is shoal.

import { disconnectDefaults, networkDefaults, rescheduleDefaults, restartDefaults } from '../../crdt/documents/defaults.ts'
import type { DisconnectPolicy, JobSpec } from '../../crdt/spec.ts'

export function sleeper(name: string, count: number, disconnect: Partial<DisconnectPolicy> = {}, spreadOut = false): JobSpec {
  return {
    namespace: 'default',
    name,
    type: 'service',
    pool: 'default',
    priority: 50,
    constraints: [],
    affinities: [],
    meta: {},
    groups: [
      {
        name: 'g',
        count,
        constraints: spreadOut ? [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] : [],
        affinities: [],
        spread: [],
        restart: restartDefaults,
        reschedule: rescheduleDefaults,
        update: { maxParallel: 1, minHealthyMs: 0, healthyDeadlineMs: 60_000 },
        disconnect: { ...disconnectDefaults, ...disconnect },
        network: networkDefaults,
        diskMib: 10,
        meta: {},
        tasks: [
          {
            name: 'app',
            driver: 'raw_exec',
            config: { command: '/bin/sleep', args: ['1000000'], volumes: [], privileged: false, readOnlyRoot: false },
            env: {},
            constraints: [],
            affinities: [],
            resources: { cpuMhz: 1, memoryMib: 1 },
            killTimeoutMs: 2_000,
            killSignal: 'SIGTERM',
            logs: { maxFiles: 1, maxFileSizeMib: 1 },
            meta: {},
          },
        ],
      },
    ],
  }
}
