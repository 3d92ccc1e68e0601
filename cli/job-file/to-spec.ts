// From a file's data to the complete `JobSpec`, with every default filled in. The data has passed the schema, or what did not
// has been taken out: so this never refuses, and whatever is absent or of another shape becomes the default.

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
import { compareText } from '../../crdt/ids.ts'
import type { ArtifactSpec, TemplateSpec } from '../../crdt/given-files.ts'
import {
  type Affinity,
  type CheckSpec,
  type Constraint,
  type DisconnectPolicy,
  type GroupSpec,
  type JobSpec,
  type JobType,
  type NetworkSpec,
  type ParameterizedSpec,
  type PeriodicSpec,
  type ReschedulePolicy,
  type Spread,
  type TaskConfig,
  type TaskLifecycle,
  type TaskSpec,
  type UpdatePolicy,
  migrateDefaults,
  migrateSaid,
  progressDeadlineMs,
} from '../../crdt/spec.ts'
import { operatorOf } from './operators.ts'
import type { Reader } from './reader.ts'

/** `pool` is the one that the operator's context names; the file's own word goes first. */
export function toSpec(file: Reader, pool: string = jobDefaults.pool): JobSpec {
  const type = file.word<JobType>('type', jobDefaults.type)
  const variables = file.texts('variables')
  return {
    namespace: file.word('namespace', jobDefaults.namespace),
    name: file.word('job', ''),
    type,
    pool: file.word('pool', pool),
    priority: file.integer('priority', jobDefaults.priority),
    ...placement(file),
    meta: file.texts('meta'),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(file.has('periodic') ? { periodic: toPeriodic(file.block('periodic')) } : {}),
    ...(file.has('parameterized') && { parameterized: toParameterized(file.block('parameterized')) }),
    groups: file.named('groups').map(([name, group]) => toGroup(name, group, policyDefaults({ type }))),
  }
}

/** `cron` is a list of one. When it was ordered is not the file's to say. */
function toPeriodic(block: Reader): PeriodicSpec {
  const defaults = periodicDefaults
  return {
    crons: [...(block.has('cron') ? [block.word('cron', '')] : []), ...(block.textList('crons') ?? [])],
    timeZone: block.word('time_zone', defaults.timeZone),
    prohibitOverlap: block.flag('prohibit_overlap', defaults.prohibitOverlap),
    enabled: block.flag('enabled', defaults.enabled),
    missed: block.word('missed', defaults.missed),
    horizonMs: block.duration('horizon', defaults.horizonMs),
    withoutTime: block.word('without_time', defaults.withoutTime),
    since: defaults.since,
    forced: defaults.forced,
  }
}

function toParameterized(block: Reader): ParameterizedSpec {
  return {
    payload: block.word('payload', parameterizedDefaults.payload),
    metaRequired: (block.textList('meta_required') ?? []).toSorted(compareText),
    metaOptional: (block.textList('meta_optional') ?? []).toSorted(compareText),
  }
}

function toGroup(name: string, group: Reader, defaults: Pick<GroupSpec, 'restart' | 'reschedule'>): GroupSpec {
  const restart = group.block('restart')
  return {
    name,
    count: group.integer('count', groupDefaults.count),
    ...placement(group),
    spread: group.list('spread').map(toSpread),
    restart: {
      attempts: restart.integer('attempts', defaults.restart.attempts),
      intervalMs: restart.duration('interval', defaults.restart.intervalMs),
      delayMs: restart.duration('delay', defaults.restart.delayMs),
      mode: restart.word('mode', defaults.restart.mode),
    },
    reschedule: toReschedule(group.block('reschedule'), defaults.reschedule),
    update: toUpdate(group.block('update')),
    ...toMigrate(group.block('migrate')),
    disconnect: toDisconnect(group.block('disconnect')),
    network: toNetwork(group.block('network')),
    diskMib: group.size('disk', groupDefaults.diskMib),
    ...toDelay(group),
    meta: group.texts('meta'),
    tasks: group.named('tasks').map(([taskName, task]) => toTask(taskName, task)),
  }
}

function toUpdate(block: Reader): UpdatePolicy {
  const deadlineMs = block.duration('progress_deadline', progressDeadlineMs)
  const canary = block.integer('canary', 0)
  return {
    maxParallel: block.integer('max_parallel', updateDefaults.maxParallel),
    minHealthyMs: block.duration('min_healthy_time', updateDefaults.minHealthyMs),
    healthyDeadlineMs: block.duration('healthy_deadline', updateDefaults.healthyDeadlineMs),
    ...(deadlineMs === progressDeadlineMs ? {} : { progressDeadlineMs: deadlineMs }),
    ...(canary === 0 ? {} : { canary }),
    ...(block.flag('auto_promote', false) ? { autoPromote: true } : {}),
    ...(block.flag('auto_revert', false) ? { autoRevert: true } : {}),
  }
}

function toMigrate(block: Reader): Pick<GroupSpec, 'migrate'> {
  return migrateSaid({
    maxParallel: block.integer('max_parallel', migrateDefaults.maxParallel),
    healthCheck: block.word('health_check', migrateDefaults.healthCheck),
    ...(block.has('min_healthy_time') && { minHealthyMs: block.duration('min_healthy_time', 0) }),
    ...(block.has('healthy_deadline') && { healthyDeadlineMs: block.duration('healthy_deadline', 0) }),
  })
}

function toTask(name: string, task: Reader): TaskSpec {
  const checks = task.named('checks').map(([check, block]) => toCheck(check, block))
  const resources = task.block('resources')
  const logs = task.block('logs')
  const payload = task.block('dispatch_payload')
  const templates = task.list('templates').map(toTemplate)
  const devices = resources.list('devices').map(toDeviceAsk)
  const artifacts = task.list('artifacts').map(toArtifact)
  return {
    name,
    driver: task.word<TaskSpec['driver']>('driver', 'docker'),
    config: toConfig(task.block('config')),
    env: task.texts('env'),
    ...placement(task),
    resources: {
      cpuMhz: resources.clock('cpu', resourceDefaults.cpuMhz),
      memoryMib: resources.size('memory', resourceDefaults.memoryMib),
    },
    killTimeoutMs: task.duration('kill_timeout', taskDefaults.killTimeoutMs),
    killSignal: task.word('kill_signal', taskDefaults.killSignal),
    ...toDelay(task),
    ...(task.has('lifecycle') && { lifecycle: toLifecycle(task.block('lifecycle')) }),
    ...(task.flag('leader', false) ? { leader: true } : {}),
    logs: {
      maxFiles: logs.integer('max_files', logDefaults.maxFiles),
      maxFileSizeMib: logs.size('max_file_size', logDefaults.maxFileSizeMib),
    },
    meta: task.texts('meta'),
    ...(payload.has('file') && { dispatchPayloadFile: payload.word('file', '') }),
    ...(templates.length === 0 ? {} : { templates }),
    ...(devices.length === 0 ? {} : { devices }),
    ...(artifacts.length === 0 ? {} : { artifacts }),
    ...(checks.length === 0 ? {} : { checks }),
  }
}

function toDelay(block: Reader): { shutdownDelayMs?: number } {
  const shutdownDelayMs = block.duration('shutdown_delay', 0)
  return shutdownDelayMs === 0 ? {} : { shutdownDelayMs }
}

function toLifecycle(block: Reader): TaskLifecycle {
  return { hook: block.word('hook', 'prestart'), sidecar: block.flag('sidecar', false) }
}

function toTemplate(template: Reader): TemplateSpec {
  return {
    destination: template.word('destination', ''),
    data: template.text('data', ''),
    perms: template.text('perms', templateDefaults.perms),
    changeMode: template.word('change_mode', templateDefaults.changeMode),
    ...(template.has('change_signal') && { changeSignal: template.word('change_signal', '') }),
    splayMs: template.duration('splay', templateDefaults.splayMs),
  }
}

function toDeviceAsk(ask: Reader): DeviceAsk {
  return {
    name: ask.word('name', ''),
    count: ask.integer('count', deviceDefaults.count),
    constraints: ask.list('constraints').map(toConstraint),
  }
}

function toArtifact(artifact: Reader): ArtifactSpec {
  return {
    destination: artifact.word('destination', ''),
    source: artifact.word('source', ''),
    checksum: artifact.word('checksum', ''),
    perms: artifact.text('perms', artifactDefaults.perms),
  }
}

function toCheck(name: string, check: Reader): CheckSpec {
  const restart = check.block('check_restart')
  return {
    name,
    type: check.word<CheckSpec['type']>('type', 'tcp'),
    ...(check.has('port') && { port: check.word('port', '') }),
    ...(check.has('path') && { path: check.word('path', '') }),
    ...(check.has('method') && { method: check.word('method', 'GET') }),
    headers: check.texts('header'),
    ...(check.has('body') && { body: check.text('body', '') }),
    ...(check.has('command') && { command: check.word('command', '') }),
    args: check.textList('args') ?? checkDefaults.args,
    intervalMs: check.duration('interval', 0),
    timeoutMs: check.duration('timeout', 0),
    successBeforePassing: check.integer('success_before_passing', checkDefaults.successBeforePassing),
    failuresBeforeCritical: check.integer('failures_before_critical', checkDefaults.failuresBeforeCritical),
    onUpdate: check.word('on_update', checkDefaults.onUpdate),
    checkRestart: {
      limit: restart.integer('limit', checkDefaults.checkRestart.limit),
      graceMs: restart.duration('grace', checkDefaults.checkRestart.graceMs),
    },
  }
}

function toConfig(config: Reader): TaskConfig {
  return {
    ...(config.has('image') && { image: config.word('image', '') }),
    ...(config.has('command') && { command: config.word('command', '') }),
    args: config.textList('args') ?? configDefaults.args,
    ...(config.has('entrypoint') && { entrypoint: config.textList('entrypoint') ?? [] }),
    ...(config.has('work_dir') && { workDir: config.word('work_dir', '') }),
    ...(config.has('user') && { user: config.text('user', '') }),
    volumes: config.textList('volumes') ?? configDefaults.volumes,
    privileged: config.flag('privileged', configDefaults.privileged),
    readOnlyRoot: config.flag('read_only_root', configDefaults.readOnlyRoot),
  }
}

function toReschedule(block: Reader, defaults: ReschedulePolicy): ReschedulePolicy {
  const unlimited = block.flag('unlimited', defaults.unlimited)
  return {
    unlimited,
    // Who says only that there is no limit does not mean the number that some types of job have.
    attempts: block.integer('attempts', unlimited ? 0 : defaults.attempts),
    intervalMs: block.duration('interval', defaults.intervalMs),
    delayMs: block.duration('delay', defaults.delayMs),
    delayFunction: block.word('delay_function', defaults.delayFunction),
    maxDelayMs: block.duration('max_delay', defaults.maxDelayMs),
  }
}

function toDisconnect(block: Reader): DisconnectPolicy {
  const selfStop = block.has('stop_on_client_after')
  return {
    replace: block.flag('replace', disconnectDefaults.replace),
    replaceAfterMs: block.duration('replace_after', disconnectDefaults.replaceAfterMs),
    lostAfterMs: block.duration('lost_after', disconnectDefaults.lostAfterMs),
    lostAfterExplicit: block.has('lost_after'),
    stopOnClientAfterMs: selfStop ? block.duration('stop_on_client_after', 0) : disconnectDefaults.stopOnClientAfterMs,
    reconcile: block.word('reconcile', disconnectDefaults.reconcile),
    partition: block.word('partition', disconnectDefaults.partition),
  }
}

function toNetwork(block: Reader): NetworkSpec {
  return {
    mode: block.word('mode', networkDefaults.mode),
    ports: block.named('ports').map(([label, port]) => ({
      label,
      static: port.has('static') ? port.integer('static', 0) : null,
      to: port.has('to') ? port.integer('to', 0) : null,
    })),
  }
}

function toConstraint(one: Reader): Constraint {
  return {
    attribute: one.word('attribute', ''),
    operator: operatorOf(one.word('operator', constraintDefaults.operator)),
    value: one.text('value', ''),
  }
}

function placement(scope: Reader): { constraints: Constraint[]; affinities: Affinity[] } {
  return {
    constraints: scope.list('constraints').map(toConstraint),
    affinities: scope.list('affinities').map((one) => ({ ...toConstraint(one), weight: one.integer('weight', affinityDefaults.weight) })),
  }
}

function toSpread(one: Reader): Spread {
  const targets = Object.entries(one.numbers('targets')).map(([value, percent]) => ({ value, percent }))
  return {
    attribute: one.word('attribute', ''),
    weight: one.integer('weight', spreadDefaults.weight),
    targets: targets.toSorted((a, b) => compareText(a.value, b.value)),
  }
}
