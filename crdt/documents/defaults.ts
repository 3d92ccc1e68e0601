// What a job gets when it does not say otherwise. Nomad's values, but for `disconnect.replace_after`, `lost_after` and `partition`,
// which are shoal's own (DESIGN section 6). They never change: a register that is absent means the default, so another default in a
// newer agent would silently change jobs that exist. A new behaviour gets a new field.

import type { ArtifactSpec, TemplateSpec } from '../given-files.ts'
import type {
  CheckSpec,
  DisconnectPolicy,
  GroupSpec,
  JobSpec,
  NetworkSpec,
  ParameterizedSpec,
  PeriodicSpec,
  ReschedulePolicy,
  RestartPolicy,
  TaskConfig,
  TaskSpec,
  UpdatePolicy,
} from '../spec.ts'
import { isRunOnce } from '../spec.ts'

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

export const jobDefaults: Pick<JobSpec, 'namespace' | 'type' | 'pool' | 'priority'> = Object.freeze({
  namespace: 'default',
  type: 'service',
  pool: 'default',
  priority: 50,
})

export const periodicDefaults: Omit<PeriodicSpec, 'crons'> = Object.freeze({
  timeZone: 'UTC',
  prohibitOverlap: false,
  enabled: true,
  missed: 'last',
  horizonMs: dayMs,
  withoutTime: 'hold',
  since: 0,
  forced: 0,
})

export const parameterizedDefaults: ParameterizedSpec = Object.freeze({
  payload: 'optional',
  metaRequired: Object.freeze([]),
  metaOptional: Object.freeze([]),
})

export const groupDefaults = Object.freeze({ count: 1, diskMib: 300 } as const)

export const taskDefaults: Pick<TaskSpec, 'killTimeoutMs' | 'killSignal'> = Object.freeze({
  killTimeoutMs: 5 * secondMs,
  killSignal: 'SIGTERM',
})

export const resourceDefaults: TaskSpec['resources'] = Object.freeze({ cpuMhz: 100, memoryMib: 300 })

export const logDefaults: TaskSpec['logs'] = Object.freeze({ maxFiles: 10, maxFileSizeMib: 10 })

export const configDefaults: TaskConfig = Object.freeze({
  args: Object.freeze([]),
  volumes: Object.freeze([]),
  privileged: false,
  readOnlyRoot: false,
})

export const checkDefaults: Pick<
  CheckSpec,
  'headers' | 'args' | 'successBeforePassing' | 'failuresBeforeCritical' | 'onUpdate' | 'checkRestart'
> = Object.freeze({
  headers: Object.freeze({}),
  args: Object.freeze([]),
  successBeforePassing: 0,
  failuresBeforeCritical: 0,
  onUpdate: 'require_healthy',
  checkRestart: Object.freeze({ limit: 0, graceMs: secondMs }),
})

export const templateDefaults: Pick<TemplateSpec, 'perms' | 'changeMode' | 'splayMs'> = Object.freeze({
  perms: '0644',
  changeMode: 'restart',
  splayMs: 5 * secondMs,
})

export const deviceDefaults = Object.freeze({ count: 1 } as const)

/** Mostly a program. */
export const artifactDefaults: Pick<ArtifactSpec, 'perms'> = Object.freeze({ perms: '0755' })

export const affinityDefaults = Object.freeze({ operator: '=', weight: 50 } as const)

export const constraintDefaults = Object.freeze({ operator: '=' } as const)

export const spreadDefaults = Object.freeze({ weight: 50 } as const)

export const restartDefaults: RestartPolicy = Object.freeze({
  attempts: 2,
  intervalMs: 30 * minuteMs,
  delayMs: 15 * secondMs,
  mode: 'fail',
})

export const rescheduleDefaults: ReschedulePolicy = Object.freeze({
  unlimited: true,
  attempts: 0,
  intervalMs: 0,
  delayMs: 30 * secondMs,
  delayFunction: 'exponential',
  maxDelayMs: hourMs,
})

const restartOnceDefaults: RestartPolicy = Object.freeze({ ...restartDefaults, attempts: 3, intervalMs: dayMs })

const rescheduleOnceDefaults: ReschedulePolicy = Object.freeze({
  ...rescheduleDefaults,
  unlimited: false,
  attempts: 1,
  intervalMs: dayMs,
  delayMs: 5 * secondMs,
  delayFunction: 'constant',
})

/** What work that ends does after a failure is not what a service does. */
export function policyDefaults(job: Pick<JobSpec, 'type'>): Pick<GroupSpec, 'restart' | 'reschedule'> {
  return isRunOnce(job)
    ? { restart: restartOnceDefaults, reschedule: rescheduleOnceDefaults }
    : { restart: restartDefaults, reschedule: rescheduleDefaults }
}

export const updateDefaults: UpdatePolicy = Object.freeze({ maxParallel: 1, minHealthyMs: 10 * secondMs, healthyDeadlineMs: 5 * minuteMs })

export const disconnectDefaults: DisconnectPolicy = Object.freeze({
  replace: true,
  replaceAfterMs: 60 * secondMs,
  lostAfterMs: 7 * dayMs,
  lostAfterExplicit: false,
  stopOnClientAfterMs: null,
  reconcile: 'best_score',
  partition: 'half',
})

export const networkDefaults: NetworkSpec = Object.freeze({ mode: 'host', ports: Object.freeze([]) })
