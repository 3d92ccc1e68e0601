// A small complete job for simulated boards: one group `g` with one task, Nomad's defaults, and health after one second so that a
// roll-out does not take minutes of virtual time.

import {
  disconnectDefaults,
  groupDefaults,
  logDefaults,
  networkDefaults,
  rescheduleDefaults,
  resourceDefaults,
  restartDefaults,
  taskDefaults,
  updateDefaults,
} from '../crdt/documents/defaults.ts'
import type { GroupSpec, JobSpec } from '../crdt/spec.ts'

export interface JobOptions {
  readonly name?: string
  readonly count?: number
  readonly command?: string
  readonly group?: Partial<GroupSpec>
  readonly priority?: number
  readonly cpuMhz?: number
  readonly pool?: string
}

export function jobSpec(options: JobOptions = {}): JobSpec {
  return {
    namespace: 'default',
    name: options.name ?? 'web',
    type: 'service',
    pool: options.pool ?? 'default',
    priority: options.priority ?? 50,
    constraints: [],
    affinities: [],
    meta: {},
    groups: [
      {
        name: 'g',
        count: options.count ?? groupDefaults.count,
        constraints: [],
        affinities: [],
        spread: [],
        restart: restartDefaults,
        reschedule: rescheduleDefaults,
        update: { ...updateDefaults, minHealthyMs: 1_000 },
        disconnect: disconnectDefaults,
        network: networkDefaults,
        diskMib: groupDefaults.diskMib,
        meta: {},
        tasks: [
          {
            name: 'app',
            driver: 'raw_exec',
            config: { command: options.command ?? '/bin/app', args: [], volumes: [], privileged: false, readOnlyRoot: false },
            env: {},
            constraints: [],
            affinities: [],
            resources: { ...resourceDefaults, cpuMhz: options.cpuMhz ?? resourceDefaults.cpuMhz },
            killTimeoutMs: taskDefaults.killTimeoutMs,
            killSignal: taskDefaults.killSignal,
            logs: logDefaults,
            meta: {},
          },
        ],
        ...options.group,
      },
    ],
  }
}
