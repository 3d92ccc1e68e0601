// A job's specification as everyone but its authors sees it: complete (defaults filled in), plain, frozen data.
// Words, meanings and defaults are Nomad's unless a comment says otherwise. Durations are ms, memory and disk MiB, cpu MHz.

import type { DeviceAsk } from './devices.ts'
import type { ArtifactSpec, TemplateSpec } from './given-files.ts'

/**
 * `system`: one copy on each node that suits. `batch`: copies that end by themselves, and are then complete. `sysbatch`: both, one copy on
 * each node that suits until it is complete there.
 */
export const jobTypes = ['service', 'batch', 'system', 'sysbatch'] as const
export type JobType = (typeof jobTypes)[number]

/** Whether the job's slots belong to nodes instead of being numbered. */
export function isPerNode({ type }: Pick<JobSpec, 'type'>): boolean {
  return type === 'system' || type === 'sysbatch'
}

/** Whether a copy that ended well is complete, and never run again at its form. */
export function isRunOnce({ type }: Pick<JobSpec, 'type'>): boolean {
  return type === 'batch' || type === 'sysbatch'
}

export type Scope = 'job' | 'group' | 'task'

/** docker: a container. raw_exec: a plain process of the board. exec: one with limits of its own, as a user that is not root. */
export const driverNames = ['docker', 'raw_exec', 'exec'] as const
export type DriverName = (typeof driverNames)[number]

export interface JobSpec {
  readonly namespace: string
  readonly name: string
  readonly type: JobType
  /** The pool whose nodes run the job and hold its document. */
  readonly pool: string
  /** 1..100, higher first; default 50. */
  readonly priority: number
  readonly constraints: readonly Constraint[]
  readonly affinities: readonly Affinity[]
  readonly meta: Readonly<Record<string, string>>
  /** Texts that tasks may name as `${var.NAME}`: no part of the form, a change of one restarts nothing by itself. Absent: none. */
  readonly variables?: Readonly<Record<string, string>>
  /** How often operators have said that complete copies are to run again: part of the form of jobs that run once. Absent: never. */
  readonly rerun?: number
  /** Of a job that runs once: when it does so anew. Absent: it has no times. */
  readonly periodic?: PeriodicSpec
  /** The job runs nothing itself: each dispatch makes a job like it (docs/adr/0028). */
  readonly parameterized?: ParameterizedSpec
  /** The job was made by a dispatch. */
  readonly dispatched?: DispatchedSpec
  /** Sorted by name. */
  readonly groups: readonly GroupSpec[]
}

/** When a job runs. Due times are civil times of its zone, in seconds, and name its runs (docs/adr/0027). */
export interface PeriodicSpec {
  /** A due time of any of them is one of the job. */
  readonly crons: readonly string[]
  readonly timeZone: string
  /** A run that is due while an earlier one still runs is left out. */
  readonly prohibitOverlap: boolean
  readonly enabled: boolean
  /** Of due times that nobody could keep: none is made up for, or the last one. */
  readonly missed: 'skip' | 'last'
  /** Nothing of a run begins later than so long after its due time. */
  readonly horizonMs: number
  /** On a board that does not know the time: begin nothing, or count on from the newest time that its documents tell of. */
  readonly withoutTime: 'hold' | 'run'
  /** Due times up to this one are not the job's: it was ordered then, or its times were changed. */
  readonly since: number
  /** A run that an operator asked for, at that time; 0: none. */
  readonly forced: number
}

export const payloadRules = ['optional', 'required', 'forbidden'] as const

export interface ParameterizedSpec {
  readonly payload: (typeof payloadRules)[number]
  /** Metadata that a dispatch must and may give; sorted, none in both. */
  readonly metaRequired: readonly string[]
  readonly metaOptional: readonly string[]
}

export interface DispatchedSpec {
  /** Name of the job that was dispatched, in the same namespace. */
  readonly parent: string
  /** Hash of all that the dispatch said: what two sides said differently under one name is never mixed. */
  readonly order: string
  /** Base64. Absent: none was given. */
  readonly payload?: string
}

export interface GroupSpec {
  readonly name: string
  readonly count: number
  readonly constraints: readonly Constraint[]
  readonly affinities: readonly Affinity[]
  readonly spread: readonly Spread[]
  readonly restart: RestartPolicy
  readonly reschedule: ReschedulePolicy
  readonly update: UpdatePolicy
  /** Absent: as `migrateOf` says, so that specifications from before read as they did. */
  readonly migrate?: MigratePolicy
  readonly disconnect: DisconnectPolicy
  readonly network: NetworkSpec
  /** Ephemeral disk, MiB; default 300. */
  readonly diskMib: number
  readonly meta: Readonly<Record<string, string>>
  /** How long a copy on its way out is left alone before its first task is told to end. Absent: not at all. */
  readonly shutdownDelayMs?: number
  /** Sorted by name. */
  readonly tasks: readonly TaskSpec[]
}

export interface TaskSpec {
  readonly name: string
  readonly driver: DriverName
  readonly config: TaskConfig
  readonly env: Readonly<Record<string, string>>
  readonly constraints: readonly Constraint[]
  readonly affinities: readonly Affinity[]
  readonly resources: { readonly cpuMhz: number; readonly memoryMib: number }
  readonly killTimeoutMs: number
  /** `SIGTERM`, `SIGINT` … */
  readonly killSignal: string
  /** How long it runs on once its turn to end has come, before the signal. Absent: not at all. */
  readonly shutdownDelayMs?: number
  /** When it runs. Absent: it is a main task. */
  readonly lifecycle?: TaskLifecycle
  /** When it has ended, the others are stopped. */
  readonly leader?: true
  readonly logs: { readonly maxFiles: number; readonly maxFileSizeMib: number }
  readonly meta: Readonly<Record<string, string>>
  /** File in the task's folder that the payload of a dispatch is written to; absent: the task does not see it. */
  readonly dispatchPayloadFile?: string
  /** Sorted by destination. Absent: none, so that specifications from before read as they did. */
  readonly templates?: readonly TemplateSpec[]
  /** Sorted by destination. Absent: none, so that specifications from before read as they did. */
  readonly artifacts?: readonly ArtifactSpec[]
  /** Sorted by name. Absent: none, so that specifications from before read as they did. */
  readonly devices?: readonly DeviceAsk[]
  /** Sorted by name. Absent: none, so that specifications from before read as they did. */
  readonly checks?: readonly CheckSpec[]
}

/** It has a folder of its own, `SHOAL_TASK_DIR`, since it is given something there. */
export function hasTaskDir({
  dispatchPayloadFile,
  templates,
  artifacts,
}: Pick<TaskSpec, 'dispatchPayloadFile' | 'templates' | 'artifacts'>): boolean {
  return dispatchPayloadFile !== undefined || templates !== undefined || artifacts !== undefined
}

export const lifecycleHooks = ['prestart', 'poststart', 'poststop'] as const

/**
 * prestart: before the main tasks, which wait until it has ended well. poststart: once they run. poststop: after everything else has ended.
 * `sidecar`: it does not end by itself, but runs beside the main tasks from then on.
 */
export interface TaskLifecycle {
  readonly hook: (typeof lifecycleHooks)[number]
  readonly sidecar: boolean
}

export function isMain({ lifecycle }: Pick<TaskSpec, 'lifecycle'>): boolean {
  return lifecycle === undefined
}

/** It has a moment in its copy's life and is over then. */
export function isMomentary({ lifecycle }: Pick<TaskSpec, 'lifecycle'>): boolean {
  return lifecycle?.sidecar === false
}

/** The most that a copy's tasks take at a time: momentary prestart tasks are over before the main ones start, poststop tasks come after them. */
export function resourcesAtOnce(tasks: readonly TaskSpec[]): TaskSpec['resources'] {
  const sum = (what: 'cpuMhz' | 'memoryMib', part: ReturnType<typeof partOf>): number =>
    tasks.reduce((all, task) => (partOf(task) === part ? all + task.resources[what] : all), 0)
  const most = (what: 'cpuMhz' | 'memoryMib'): number =>
    Math.max(sum(what, 'beside') + Math.max(sum(what, 'before'), sum(what, 'main')), sum(what, 'after'))
  return { cpuMhz: most('cpuMhz'), memoryMib: most('memoryMib') }
}

function partOf({ lifecycle }: TaskSpec): 'before' | 'main' | 'beside' | 'after' {
  if (lifecycle?.hook === 'poststop') return 'after'
  if (lifecycle?.hook !== 'prestart') return 'main'
  return lifecycle.sidecar ? 'beside' : 'before'
}

export const checkTypes = ['http', 'tcp', 'exec'] as const
export const checkMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What the node asks a running task now and then. One shape for all types; which fields a type has is checked in `documents/check-rules.ts`. */
export interface CheckSpec {
  readonly name: string
  readonly type: (typeof checkTypes)[number]
  /** http, tcp: label of one of the group's ports. */
  readonly port?: string
  /** http: absent `/`. */
  readonly path?: string
  /** http: absent `GET`. */
  readonly method?: (typeof checkMethods)[number]
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** exec: a program, in the task's container or environment. */
  readonly command?: string
  readonly args: readonly string[]
  readonly intervalMs: number
  readonly timeoutMs: number
  /** So many successes in a row make it pass; 0 is as good as 1, as for failures. */
  readonly successBeforePassing: number
  readonly failuresBeforeCritical: number
  /** `ignore`: shown, and may restart the task, but the copy's health does not ask for it. */
  readonly onUpdate: 'require_healthy' | 'ignore'
  /** After so many failures in a row (0: never), later than so long after the task began to run. */
  readonly checkRestart: { readonly limit: number; readonly graceMs: number }
}

/** One shape for all drivers; which fields a driver allows is checked in `documents/task-rules.ts`. */
export interface TaskConfig {
  /** docker only */
  readonly image?: string
  /** raw_exec, exec: the program (required). docker: replaces the image's CMD. */
  readonly command?: string
  readonly args: readonly string[]
  /** docker: replaces the image's ENTRYPOINT. */
  readonly entrypoint?: readonly string[]
  readonly workDir?: string
  readonly user?: string
  /** docker: `host-path-or-volume-name:container-path[:ro]` */
  readonly volumes: readonly string[]
  readonly privileged: boolean
  readonly readOnlyRoot: boolean
}

export interface Constraint {
  /** `${attr.cpu.arch}`, `${meta.rack}`, `${node.unique.name}`, `${node.unique.id}`, `${node.pool}`, `${label.x}` */
  readonly attribute: string
  readonly operator: ConstraintOperator
  readonly value: string
}

export const constraintOperators = [
  '=',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'regexp',
  'version',
  'semver',
  'set_contains',
  'set_contains_any',
  'is_set',
  'is_not_set',
  'distinct_hosts',
  'distinct_property',
] as const
export type ConstraintOperator = (typeof constraintOperators)[number]

export interface Affinity {
  readonly attribute: string
  readonly operator: ConstraintOperator
  readonly value: string
  /** −100..100, not 0; default 50. */
  readonly weight: number
}

export interface Spread {
  readonly attribute: string
  /** 1..100; default 50. */
  readonly weight: number
  /** Sorted by value; empty = even. Percents sum to at most 100. */
  readonly targets: readonly { readonly value: string; readonly percent: number }[]
}

/** Local to the node. Default 2 attempts in 30 m, delay 15 s, mode fail; of jobs that run once 3 in 24 h. */
export interface RestartPolicy {
  readonly attempts: number
  readonly intervalMs: number
  readonly delayMs: number
  readonly mode: 'fail' | 'delay'
}

/** Elsewhere, once the node gave up. Default unlimited, exponential 30 s up to 1 h; of jobs that run once 1 in 24 h, after 5 s. */
export interface ReschedulePolicy {
  readonly unlimited: boolean
  readonly attempts: number
  readonly intervalMs: number
  readonly delayMs: number
  readonly delayFunction: 'constant' | 'exponential' | 'fibonacci'
  readonly maxDelayMs: number
}

export interface UpdatePolicy {
  /** Default 1. */
  readonly maxParallel: number
  /** Default 10 s: healthy = all tasks running for so long. */
  readonly minHealthyMs: number
  /** Default 5 m: a copy at a new form that is not healthy by then failed. */
  readonly healthyDeadlineMs: number
  /** So many copies of a new form run beside the old ones until it is promoted. Absent: 0. */
  readonly canary?: number
  /** It is promoted once all canaries have been healthy, without an operator's word. */
  readonly autoPromote?: true
  /** When the group's form has failed, the job goes back to its newest version that has not. Absent: it does not. */
  readonly autoRevert?: true
  /**
   * With `autoRevert`: a slot whose next try at a new form would be due so long after its first failure has given the form up; 0: after
   * the first. Absent: 10 m.
   */
  readonly progressDeadlineMs?: number
}

/** Not written out in a specification that does not say it, so that those from before read as they did. */
export const progressDeadlineMs = 600_000

/** What a copy must have shown before it counts as healthy, and by when. */
export interface HealthRule {
  /** `task_states`: that its tasks run; `checks`: that their checks pass, too. */
  readonly healthCheck: (typeof healthChecks)[number]
  readonly minHealthyMs: number
  readonly healthyDeadlineMs: number
}

export const healthChecks = ['checks', 'task_states'] as const

/** How copies of a service leave nodes that drain. */
export interface MigratePolicy {
  /** Default 1: so many copies of the group are on their way at once, whatever nodes drain. */
  readonly maxParallel: number
  /** Default checks. */
  readonly healthCheck: HealthRule['healthCheck']
  /** Absent: what the update block says. */
  readonly minHealthyMs?: number
  readonly healthyDeadlineMs?: number
}

export const migrateDefaults: MigratePolicy = Object.freeze({ maxParallel: 1, healthCheck: 'checks' })

/** As a specification holds it: nothing, where it says nothing but the defaults. */
export function migrateSaid(policy: MigratePolicy): Pick<GroupSpec, 'migrate'> {
  const { maxParallel, healthCheck, minHealthyMs, healthyDeadlineMs } = policy
  const isDefault = maxParallel === migrateDefaults.maxParallel && healthCheck === migrateDefaults.healthCheck
  return isDefault && minHealthyMs === undefined && healthyDeadlineMs === undefined ? {} : { migrate: policy }
}

/** Whoever says nothing of it has copies that move judged as all others: a copy that is slow to start is slow there, too. */
export function migrateOf({ migrate = migrateDefaults, update }: Pick<GroupSpec, 'migrate' | 'update'>): MigratePolicy & HealthRule {
  const { minHealthyMs, healthyDeadlineMs } = update
  return { minHealthyMs, healthyDeadlineMs, ...migrate }
}

export interface DisconnectPolicy {
  /** Default true. */
  readonly replace: boolean
  /** Default 60 s (shoal's own word). */
  readonly replaceAfterMs: number
  /** Default 7 d. `explicit` is false when the default applies: with replace=false only an explicit value leads to a replacement. */
  readonly lostAfterMs: number
  readonly lostAfterExplicit: boolean
  /** null: never. */
  readonly stopOnClientAfterMs: number | null
  readonly reconcile: 'best_score' | 'keep_original' | 'keep_replacement' | 'longest_running'
  /** Default half (shoal's own word). */
  readonly partition: 'half' | 'any'
}

export interface NetworkSpec {
  /** host: tasks see the board's network. bridge: docker only, ports are mapped. */
  readonly mode: 'host' | 'bridge'
  /** Sorted by label. */
  readonly ports: readonly PortSpec[]
}

export interface PortSpec {
  readonly label: string
  /** A port that the board must have free; null: dynamic, chosen by the node that claims. */
  readonly static: number | null
  /** Port inside the container (bridge mode); null: the same as outside. */
  readonly to: number | null
}
