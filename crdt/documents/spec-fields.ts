// The scalar fields of a job, a group and a task, in Nomad's words. Fields that are maps (environment, metadata, ports, volumes,
// constraints …) are in `spec-maps.ts`. The order here is the order in which faults are reported.

import { type ArtifactSpec, type TemplateSpec, changeModes } from '../given-files.ts'
import {
  type CheckSpec,
  type GroupSpec,
  type JobSpec,
  type TaskSpec,
  checkMethods,
  checkTypes,
  driverNames,
  healthChecks,
  isRunOnce,
  jobTypes,
  lifecycleHooks,
  migrateDefaults,
  payloadRules,
  progressDeadlineMs,
} from '../spec.ts'
import {
  artifactDefaults,
  checkDefaults,
  configDefaults,
  disconnectDefaults,
  groupDefaults,
  jobDefaults,
  periodicDefaults,
  logDefaults,
  networkDefaults,
  policyDefaults,
  resourceDefaults,
  taskDefaults,
  templateDefaults,
  updateDefaults,
} from './defaults.ts'
import { type DeviceAsk, deviceLimits } from '../devices.ts'
import { type Field, durationField, flagField, intField, listField, textField } from './field.ts'
import { modelLimits } from './model-limits.ts'

/** Signals that make sense as a request to end. */
export const killSignals = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGWINCH',
  'SIGABRT',
  'SIGALRM',
  'SIGCONT',
  'SIGKILL',
] as const

/** Those after which a program can go on. */
const changeSignals: readonly string[] = killSignals.filter((signal) => signal !== 'SIGKILL')

export const jobFields: readonly Field<JobSpec>[] = [
  textField('job', (job) => job.name, { required: true }),
  textField('namespace', (job) => job.namespace, { fallback: jobDefaults.namespace }),
  textField('type', (job) => job.type, { fallback: jobDefaults.type, choices: jobTypes }),
  textField('pool', (job) => job.pool, { fallback: jobDefaults.pool }),
  intField('priority', (job) => job.priority, { fallback: jobDefaults.priority, min: 1, max: 100 }),
  intField('rerun', (job) => job.rerun ?? 0, { fallback: 0 }),
  // Their block is there where `crons` is.
  listField('periodic/crons', ({ periodic }) => periodic?.crons),
  textField('periodic/time_zone', ({ periodic }) => periodic?.timeZone, { fallback: periodicDefaults.timeZone }),
  flagField('periodic/prohibit_overlap', ({ periodic }) => periodic?.prohibitOverlap === true, {
    fallback: periodicDefaults.prohibitOverlap,
  }),
  flagField('periodic/enabled', ({ periodic }) => periodic?.enabled !== false, { fallback: periodicDefaults.enabled }),
  textField('periodic/missed', ({ periodic }) => periodic?.missed, { fallback: periodicDefaults.missed, choices: ['skip', 'last'] }),
  durationField('periodic/horizon', ({ periodic }) => periodic?.horizonMs ?? null, {
    fallback: periodicDefaults.horizonMs,
    min: modelLimits.horizonMsMin,
    max: modelLimits.horizonMsMax,
  }),
  textField('periodic/without_time', ({ periodic }) => periodic?.withoutTime, {
    fallback: periodicDefaults.withoutTime,
    choices: ['hold', 'run'],
  }),
  intField('periodic/since', ({ periodic }) => periodic?.since ?? null, {
    fallback: periodicDefaults.since,
    max: modelLimits.civilSecondsMax,
  }),
  intField('periodic/forced', ({ periodic }) => periodic?.forced ?? null, {
    fallback: periodicDefaults.forced,
    max: modelLimits.civilSecondsMax,
  }),
  // No fallback: that a job has the block at all matters.
  textField('parameterized/payload', (job) => job.parameterized?.payload, { choices: payloadRules }),
  textField('dispatched/parent', (job) => job.dispatched?.parent),
  textField('dispatched/order', (job) => job.dispatched?.order),
]

const countField: Field<GroupSpec> = intField('count', (group) => group.count, { fallback: groupDefaults.count, max: modelLimits.countMax })

/** Their defaults depend on the type of the job. */
const policyFields = ({ restart, reschedule }: ReturnType<typeof policyDefaults>): readonly Field<GroupSpec>[] => [
  intField('restart/attempts', (group) => group.restart.attempts, { fallback: restart.attempts, max: 10_000 }),
  durationField('restart/interval', (group) => group.restart.intervalMs, { fallback: restart.intervalMs, min: 5000 }),
  durationField('restart/delay', (group) => group.restart.delayMs, { fallback: restart.delayMs }),
  textField('restart/mode', (group) => group.restart.mode, { fallback: restart.mode, choices: ['fail', 'delay'] }),
  flagField('reschedule/unlimited', (group) => group.reschedule.unlimited, { fallback: reschedule.unlimited }),
  intField('reschedule/attempts', (group) => group.reschedule.attempts, { fallback: reschedule.attempts, max: 10_000 }),
  durationField('reschedule/interval', (group) => group.reschedule.intervalMs, { fallback: reschedule.intervalMs }),
  durationField('reschedule/delay', (group) => group.reschedule.delayMs, { fallback: reschedule.delayMs, min: 5000 }),
  textField('reschedule/delay_function', (group) => group.reschedule.delayFunction, {
    fallback: reschedule.delayFunction,
    choices: ['constant', 'exponential', 'fibonacci'],
  }),
  durationField('reschedule/max_delay', (group) => group.reschedule.maxDelayMs, { fallback: reschedule.maxDelayMs }),
]

/** Of groups and of tasks. */
const shutdownDelayField: Field<Pick<GroupSpec, 'shutdownDelayMs'>> = durationField('shutdown_delay', (one) => one.shutdownDelayMs ?? 0, {
  fallback: 0,
  max: modelLimits.shutdownDelayMsMax,
})

const otherGroupFields: readonly Field<GroupSpec>[] = [
  intField('update/max_parallel', (group) => group.update.maxParallel, {
    fallback: updateDefaults.maxParallel,
    min: 1,
    max: modelLimits.countMax,
  }),
  durationField('update/min_healthy_time', (group) => group.update.minHealthyMs, { fallback: updateDefaults.minHealthyMs }),
  durationField('update/healthy_deadline', (group) => group.update.healthyDeadlineMs, { fallback: updateDefaults.healthyDeadlineMs }),
  durationField('update/progress_deadline', (group) => group.update.progressDeadlineMs ?? progressDeadlineMs, {
    fallback: progressDeadlineMs,
  }),
  intField('update/canary', (group) => group.update.canary ?? 0, { fallback: 0, max: modelLimits.countMax }),
  flagField('update/auto_promote', (group) => group.update.autoPromote === true, { fallback: false }),
  flagField('update/auto_revert', (group) => group.update.autoRevert === true, { fallback: false }),
  intField('migrate/max_parallel', ({ migrate = migrateDefaults }) => migrate.maxParallel, {
    fallback: migrateDefaults.maxParallel,
    min: 1,
    max: modelLimits.countMax,
  }),
  textField('migrate/health_check', ({ migrate = migrateDefaults }) => migrate.healthCheck, {
    fallback: migrateDefaults.healthCheck,
    choices: healthChecks,
  }),
  // No fallback: what is not said is what the update block says.
  durationField('migrate/min_healthy_time', ({ migrate }) => migrate?.minHealthyMs ?? null, {}),
  durationField('migrate/healthy_deadline', ({ migrate }) => migrate?.healthyDeadlineMs ?? null, {}),
  flagField('disconnect/replace', (group) => group.disconnect.replace, { fallback: disconnectDefaults.replace }),
  durationField('disconnect/replace_after', (group) => group.disconnect.replaceAfterMs, { fallback: disconnectDefaults.replaceAfterMs }),
  // No fallback: whether it was said at all matters (with replace = false only an explicit value leads to a replacement).
  durationField('disconnect/lost_after', ({ disconnect: d }) => (isLostAfterSaid(d) ? d.lostAfterMs : null), {}),
  durationField('disconnect/stop_on_client_after', (group) => group.disconnect.stopOnClientAfterMs, {}),
  textField('disconnect/reconcile', (group) => group.disconnect.reconcile, {
    fallback: disconnectDefaults.reconcile,
    choices: ['best_score', 'keep_original', 'keep_replacement', 'longest_running'],
  }),
  textField('disconnect/partition', (group) => group.disconnect.partition, {
    fallback: disconnectDefaults.partition,
    choices: ['half', 'any'],
  }),
  textField('network/mode', (group) => group.network.mode, { fallback: networkDefaults.mode, choices: ['host', 'bridge'], restarts: true }),
  intField('disk', (group) => group.diskMib, {
    fallback: groupDefaults.diskMib,
    min: 10,
    max: modelLimits.mibMax,
    unit: 'MiB',
    restarts: true,
  }),
  shutdownDelayField,
]

const fieldsOfServices = [countField, ...policyFields(policyDefaults({ type: 'service' })), ...otherGroupFields]
const fieldsOfRunOnce = [countField, ...policyFields(policyDefaults({ type: 'batch' })), ...otherGroupFields]

/** The fields of a group; with the defaults that they have in such a job. */
export function groupFields(job: Pick<JobSpec, 'type'>): readonly Field<GroupSpec>[] {
  return isRunOnce(job) ? fieldsOfRunOnce : fieldsOfServices
}

export const taskFields: readonly Field<TaskSpec>[] = [
  textField('driver', (task) => task.driver, { required: true, choices: driverNames, restarts: true }),
  textField('config/user', (task) => task.config.user, { restarts: true, max: modelLimits.wordBytesMax }),
  textField('config/image', (task) => task.config.image, { restarts: true, max: modelLimits.imageBytesMax }),
  textField('config/command', (task) => task.config.command, { restarts: true }),
  listField('config/args', (task) => task.config.args, { fallback: '[]', restarts: true }),
  listField('config/entrypoint', (task) => task.config.entrypoint, { restarts: true }),
  textField('config/work_dir', (task) => task.config.workDir, { restarts: true }),
  flagField('config/privileged', (task) => task.config.privileged, { fallback: configDefaults.privileged, restarts: true }),
  flagField('config/read_only_root', (task) => task.config.readOnlyRoot, { fallback: configDefaults.readOnlyRoot, restarts: true }),
  intField('resources/cpu', (task) => task.resources.cpuMhz, {
    fallback: resourceDefaults.cpuMhz,
    min: 1,
    max: modelLimits.mhzMax,
    unit: 'MHz',
    restarts: true,
  }),
  intField('resources/memory', (task) => task.resources.memoryMib, {
    fallback: resourceDefaults.memoryMib,
    min: 1,
    max: modelLimits.mibMax,
    unit: 'MiB',
    restarts: true,
  }),
  durationField('kill_timeout', (task) => task.killTimeoutMs, { fallback: taskDefaults.killTimeoutMs, max: modelLimits.killTimeoutMsMax }),
  textField('dispatch_payload/file', (task) => task.dispatchPayloadFile, { restarts: true, max: modelLimits.filePathBytesMax }),
  textField('kill_signal', (task) => task.killSignal, { fallback: taskDefaults.killSignal, choices: killSignals }),
  shutdownDelayField,
  textField('lifecycle/hook', (task) => task.lifecycle?.hook, { choices: lifecycleHooks, restarts: true }),
  flagField('lifecycle/sidecar', (task) => task.lifecycle?.sidecar === true, { fallback: false, restarts: true }),
  flagField('leader', (task) => task.leader === true, { fallback: false }),
  intField('logs/max_files', (task) => task.logs.maxFiles, { fallback: logDefaults.maxFiles, min: 1, max: 1000 }),
  intField('logs/max_file_size', (task) => task.logs.maxFileSizeMib, {
    fallback: logDefaults.maxFileSizeMib,
    min: 1,
    max: 100_000,
    unit: 'MiB',
  }),
]

/** Its constraints are no scalars, and written beside it: they are part of the form, too, since they say which devices the task has. */
export const deviceFields: readonly Field<DeviceAsk>[] = [
  // No fallback: some register has to say that the request is there.
  intField('count', (ask) => ask.count, { required: true, min: 1, max: deviceLimits.countMax, restarts: true }),
]

/** Of none a change takes a restart: the task does not notice who asks it. */
export const checkFields: readonly Field<CheckSpec>[] = [
  textField('type', (check) => check.type, { required: true, choices: checkTypes }),
  textField('port', (check) => check.port),
  textField('path', (check) => check.path),
  textField('method', (check) => check.method, { choices: checkMethods }),
  textField('body', (check) => check.body),
  textField('command', (check) => check.command),
  listField('args', (check) => check.args, { fallback: '[]' }),
  durationField('interval', (check) => check.intervalMs, {
    required: true,
    min: modelLimits.checkIntervalMsMin,
    max: modelLimits.checkIntervalMsMax,
  }),
  durationField('timeout', (check) => check.timeoutMs, {
    required: true,
    min: modelLimits.checkTimeoutMsMin,
    max: modelLimits.checkTimeoutMsMax,
  }),
  intField('success_before_passing', (check) => check.successBeforePassing, {
    fallback: checkDefaults.successBeforePassing,
    max: modelLimits.checkCountMax,
  }),
  intField('failures_before_critical', (check) => check.failuresBeforeCritical, {
    fallback: checkDefaults.failuresBeforeCritical,
    max: modelLimits.checkCountMax,
  }),
  textField('on_update', (check) => check.onUpdate, { fallback: checkDefaults.onUpdate, choices: ['require_healthy', 'ignore'] }),
  intField('check_restart/limit', (check) => check.checkRestart.limit, {
    fallback: checkDefaults.checkRestart.limit,
    max: modelLimits.checkCountMax,
  }),
  durationField('check_restart/grace', (check) => check.checkRestart.graceMs, { fallback: checkDefaults.checkRestart.graceMs }),
]

/** What it says is no line of text, and is written beside these. Another text is another program; how its task is told is not. */
export const templateFields: readonly Field<TemplateSpec>[] = [
  textField('perms', (template) => template.perms, { fallback: templateDefaults.perms, restarts: true }),
  textField('change_mode', (template) => template.changeMode, { fallback: templateDefaults.changeMode, choices: changeModes }),
  textField('change_signal', (template) => template.changeSignal, { choices: changeSignals }),
  durationField('splay', (template) => template.splayMs, { fallback: templateDefaults.splayMs, max: modelLimits.splayMsMax }),
]

/** Also another address is another form, though the file is the same: a misspelt one may have failed its form. */
export const artifactFields: readonly Field<ArtifactSpec>[] = [
  textField('source', (artifact) => artifact.source, { required: true, max: modelLimits.artifactSourceBytesMax, restarts: true }),
  textField('checksum', (artifact) => artifact.checksum, { required: true, restarts: true }),
  textField('perms', (artifact) => artifact.perms, { fallback: artifactDefaults.perms, restarts: true }),
]

function isLostAfterSaid(policy: GroupSpec['disconnect']): boolean {
  return policy.lostAfterExplicit || policy.lostAfterMs !== disconnectDefaults.lostAfterMs
}
