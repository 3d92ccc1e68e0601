// The way back: a specification → a job file's data, in the file's own words and units. Fields that have their default are left
// out, as an author would write it; `complete` writes everything, for field-by-field comparison. Reading the result again gives
// the same specification.

import {
  affinityDefaults,
  checkDefaults,
  configDefaults,
  constraintDefaults,
  deviceDefaults,
  disconnectDefaults,
  groupDefaults,
  jobDefaults,
  logDefaults,
  networkDefaults,
  parameterizedDefaults,
  periodicDefaults,
  policyDefaults,
  resourceDefaults,
  spreadDefaults,
  taskDefaults,
  artifactDefaults,
  templateDefaults,
  updateDefaults,
} from '../../crdt/documents/defaults.ts'
import type { DeviceAsk } from '../../crdt/devices.ts'
import type { ArtifactSpec, TemplateSpec } from '../../crdt/given-files.ts'
import {
  type Affinity,
  type CheckSpec,
  type Constraint,
  type DisconnectPolicy,
  type GroupSpec,
  type JobSpec,
  type NetworkSpec,
  type ParameterizedSpec,
  type PeriodicSpec,
  type PortSpec,
  type Spread,
  type TaskConfig,
  type TaskSpec,
  migrateDefaults,
  progressDeadlineMs,
} from '../../crdt/spec.ts'
import { formatClock, formatDuration, formatSize } from './units.ts'

type Data = Readonly<Record<string, unknown>>
/** Key, value as in the specification, default, and how the file writes it. */
type Entry = readonly [key: string, value: unknown, fallback?: unknown, write?: (value: never) => unknown]

export interface FromSpecOptions {
  /** Also fields that have their default. */
  readonly complete: boolean
}

export function fromSpec(spec: JobSpec, options: FromSpecOptions = { complete: false }): Data {
  const pick = picker(options)
  return {
    job: spec.name,
    ...pick([
      ['namespace', spec.namespace, jobDefaults.namespace],
      ['type', spec.type, jobDefaults.type],
      ['pool', spec.pool, options.complete ? undefined : null],
      ['priority', spec.priority, jobDefaults.priority],
      ['variables', spec.variables],
      ['periodic', spec.periodic && periodicData(spec.periodic, pick)],
    ]),
    ...placement(spec, pick),
    ...(spec.parameterized && { parameterized: parameterizedData(spec.parameterized, pick) }),
    groups: Object.fromEntries(spec.groups.map((group) => [group.name, groupData(group, policyDefaults(spec), pick)])),
  }
}

function parameterizedData({ payload, metaRequired, metaOptional }: ParameterizedSpec, pick: Pick): Data {
  return pick([
    ['payload', payload, parameterizedDefaults.payload],
    ['meta_required', metaRequired, []],
    ['meta_optional', metaOptional, []],
  ])
}

type Pick = (entries: readonly Entry[]) => Data

function picker({ complete }: FromSpecOptions): Pick {
  return (entries) => {
    const data: Record<string, unknown> = {}
    for (const [key, value, fallback, write] of entries) {
      if (value === undefined || value === null || (!complete && same(value, fallback))) continue
      const written = write === undefined ? value : write(value as never)
      if (!complete && isEmpty(written)) continue
      data[key] = written
    }
    return data
  }
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && JSON.stringify(a) === JSON.stringify(b))
}

/** An empty block says nothing; an empty list may (`entrypoint: []`). */
function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function periodicData({ crons, ...block }: PeriodicSpec, pick: Pick): Data {
  const defaults = periodicDefaults
  return pick([
    ['cron', crons.length === 1 ? crons[0] : undefined],
    ['crons', crons.length === 1 ? undefined : crons],
    ['time_zone', block.timeZone, defaults.timeZone],
    ['prohibit_overlap', block.prohibitOverlap, defaults.prohibitOverlap],
    ['enabled', block.enabled, defaults.enabled],
    ['missed', block.missed, defaults.missed],
    ['horizon', block.horizonMs, defaults.horizonMs, formatDuration],
    ['without_time', block.withoutTime, defaults.withoutTime],
  ])
}

function groupData(group: GroupSpec, defaults: ReturnType<typeof policyDefaults>, pick: Pick): Data {
  const { restart, reschedule, update, migrate = migrateDefaults } = group
  return {
    ...pick([['count', group.count, groupDefaults.count]]),
    ...placement(group, pick),
    ...pick([
      ['spread', group.spread.map((one) => spreadData(one, pick)), []],
      ['network', networkData(group.network, pick), {}],
      ['disk', group.diskMib, groupDefaults.diskMib, formatSize],
      ['shutdown_delay', group.shutdownDelayMs ?? 0, 0, formatDuration],
      [
        'restart',
        pick([
          ['attempts', restart.attempts, defaults.restart.attempts],
          ['interval', restart.intervalMs, defaults.restart.intervalMs, formatDuration],
          ['delay', restart.delayMs, defaults.restart.delayMs, formatDuration],
          ['mode', restart.mode, defaults.restart.mode],
        ]),
      ],
      [
        'reschedule',
        pick([
          ['unlimited', reschedule.unlimited, defaults.reschedule.unlimited],
          ['attempts', reschedule.attempts, defaults.reschedule.attempts],
          ['interval', reschedule.intervalMs, defaults.reschedule.intervalMs, formatDuration],
          ['delay', reschedule.delayMs, defaults.reschedule.delayMs, formatDuration],
          ['delay_function', reschedule.delayFunction, defaults.reschedule.delayFunction],
          ['max_delay', reschedule.maxDelayMs, defaults.reschedule.maxDelayMs, formatDuration],
        ]),
      ],
      [
        'update',
        pick([
          ['max_parallel', update.maxParallel, updateDefaults.maxParallel],
          ['min_healthy_time', update.minHealthyMs, updateDefaults.minHealthyMs, formatDuration],
          ['healthy_deadline', update.healthyDeadlineMs, updateDefaults.healthyDeadlineMs, formatDuration],
          ['progress_deadline', update.progressDeadlineMs ?? progressDeadlineMs, progressDeadlineMs, formatDuration],
          ['canary', update.canary ?? 0, 0],
          ['auto_promote', update.autoPromote === true, false],
          ['auto_revert', update.autoRevert === true, false],
        ]),
      ],
      [
        'migrate',
        pick([
          ['max_parallel', migrate.maxParallel, migrateDefaults.maxParallel],
          ['health_check', migrate.healthCheck, migrateDefaults.healthCheck],
          ['min_healthy_time', migrate.minHealthyMs, undefined, formatDuration],
          ['healthy_deadline', migrate.healthyDeadlineMs, undefined, formatDuration],
        ]),
      ],
      ['disconnect', disconnectData(group.disconnect, pick)],
    ]),
    tasks: Object.fromEntries(group.tasks.map((task) => [task.name, taskData(task, pick)])),
  }
}

function taskData(task: TaskSpec, pick: Pick): Data {
  return {
    driver: task.driver,
    ...pick([
      ['config', configData(task.config, pick)],
      ['env', task.env, {}],
    ]),
    ...placement(task, pick),
    ...pick([
      [
        'resources',
        pick([
          ['cpu', task.resources.cpuMhz, resourceDefaults.cpuMhz, formatClock],
          ['memory', task.resources.memoryMib, resourceDefaults.memoryMib, formatSize],
          ['devices', task.devices?.map((ask) => deviceData(ask, pick))],
        ]),
      ],
      ['kill_timeout', task.killTimeoutMs, taskDefaults.killTimeoutMs, formatDuration],
      ['kill_signal', task.killSignal, taskDefaults.killSignal],
      ['shutdown_delay', task.shutdownDelayMs ?? 0, 0, formatDuration],
      [
        'lifecycle',
        task.lifecycle &&
          pick([
            ['hook', task.lifecycle.hook],
            ['sidecar', task.lifecycle.sidecar, false],
          ]),
      ],
      ['leader', task.leader === true, false],
      [
        'logs',
        pick([
          ['max_files', task.logs.maxFiles, logDefaults.maxFiles],
          ['max_file_size', task.logs.maxFileSizeMib, logDefaults.maxFileSizeMib, formatSize],
        ]),
      ],
      ['dispatch_payload', task.dispatchPayloadFile && { file: task.dispatchPayloadFile }],
      ['templates', task.templates?.map((template) => templateData(template, pick))],
      ['artifacts', task.artifacts?.map((artifact) => artifactData(artifact, pick))],
      ['checks', task.checks && Object.fromEntries(task.checks.map((check) => [check.name, checkData(check, pick)]))],
    ]),
  }
}

function deviceData({ name, count, constraints }: DeviceAsk, pick: Pick): Data {
  return {
    name,
    ...pick([
      ['count', count, deviceDefaults.count],
      ['constraints', constraints.map((one) => constraintData(one, pick)), []],
    ]),
  }
}

function templateData(template: TemplateSpec, pick: Pick): Data {
  return {
    destination: template.destination,
    ...pick([
      ['data', template.data],
      ['perms', template.perms, templateDefaults.perms],
      ['change_mode', template.changeMode, templateDefaults.changeMode],
      ['change_signal', template.changeSignal],
      ['splay', template.splayMs, templateDefaults.splayMs, formatDuration],
    ]),
  }
}

function artifactData({ source, checksum, destination, perms }: ArtifactSpec, pick: Pick): Data {
  return { source, checksum, destination, ...pick([['perms', perms, artifactDefaults.perms]]) }
}

function checkData(check: CheckSpec, pick: Pick): Data {
  const { checkRestart } = check
  return pick([
    ['type', check.type],
    ['port', check.port],
    ['path', check.path],
    ['method', check.method],
    ['header', check.headers, checkDefaults.headers],
    ['body', check.body],
    ['command', check.command],
    ['args', check.args, checkDefaults.args],
    ['interval', check.intervalMs, undefined, formatDuration],
    ['timeout', check.timeoutMs, undefined, formatDuration],
    ['success_before_passing', check.successBeforePassing, checkDefaults.successBeforePassing],
    ['failures_before_critical', check.failuresBeforeCritical, checkDefaults.failuresBeforeCritical],
    ['on_update', check.onUpdate, checkDefaults.onUpdate],
    [
      'check_restart',
      pick([
        ['limit', checkRestart.limit, checkDefaults.checkRestart.limit],
        ['grace', checkRestart.graceMs, checkDefaults.checkRestart.graceMs, formatDuration],
      ]),
    ],
  ])
}

function configData(config: TaskConfig, pick: Pick): Data {
  return pick([
    ['image', config.image],
    ['command', config.command],
    ['args', config.args, configDefaults.args],
    ['entrypoint', config.entrypoint],
    ['work_dir', config.workDir],
    ['user', config.user],
    ['volumes', config.volumes, configDefaults.volumes],
    ['privileged', config.privileged, configDefaults.privileged],
    ['read_only_root', config.readOnlyRoot, configDefaults.readOnlyRoot],
  ])
}

function disconnectData(policy: DisconnectPolicy, pick: Pick): Data {
  return pick([
    ['replace', policy.replace, disconnectDefaults.replace],
    ['replace_after', policy.replaceAfterMs, disconnectDefaults.replaceAfterMs, formatDuration],
    // Saying it means something even when it says the default: see `lostAfterExplicit`.
    ['lost_after', policy.lostAfterExplicit ? policy.lostAfterMs : null, undefined, formatDuration],
    ['stop_on_client_after', policy.stopOnClientAfterMs, undefined, formatDuration],
    ['reconcile', policy.reconcile, disconnectDefaults.reconcile],
    ['partition', policy.partition, disconnectDefaults.partition],
  ])
}

function networkData(network: NetworkSpec, pick: Pick): Data {
  // A dynamic port is an empty map, which must not be left out.
  const ports = Object.fromEntries(
    network.ports.map((port: PortSpec) => [
      port.label,
      pick([
        ['static', port.static],
        ['to', port.to],
      ]),
    ]),
  )
  return pick([
    ['mode', network.mode, networkDefaults.mode],
    ['ports', ports, {}],
  ])
}

function spreadData(spread: Spread, pick: Pick): Data {
  const targets = Object.fromEntries(spread.targets.map(({ value, percent }) => [value, percent]))
  return {
    attribute: spread.attribute,
    ...pick([
      ['weight', spread.weight, spreadDefaults.weight],
      ['targets', targets, {}],
    ]),
  }
}

function constraintData(one: Constraint, pick: Pick): Data {
  return pick([
    ['attribute', one.attribute, ''],
    ['operator', one.operator, constraintDefaults.operator],
    ['value', one.value, ''],
  ])
}

function placement(
  scope: {
    readonly constraints: readonly Constraint[]
    readonly affinities: readonly Affinity[]
    readonly meta: Readonly<Record<string, string>>
  },
  pick: Pick,
): Data {
  const rule = (one: Constraint): Data => constraintData(one, pick)
  return pick([
    ['constraints', scope.constraints.map(rule), []],
    ['affinities', scope.affinities.map((one) => ({ ...rule(one), ...pick([['weight', one.weight, affinityDefaults.weight]]) })), []],
    ['meta', scope.meta, {}],
  ])
}
