// Registers as a complete specification: defaults filled in, lists in a fixed order. Total: whatever the registers hold, it gives a
// specification and the list of everything that was wrong with them. Only kinds and shapes are judged here; what values mean is
// judged by `job-rules.ts`. Registers that this version does not know are faults: running a job without a part of what its author
// wrote would be running another job.

import { compareText } from '../ids.ts'
import type { DeviceAsk } from '../devices.ts'
import type { Registers } from '../registers.ts'
import type { ArtifactSpec, TemplateSpec } from '../given-files.ts'
import {
  type Affinity,
  type CheckSpec,
  type Constraint,
  type GroupSpec,
  type JobSpec,
  type MigratePolicy,
  type PeriodicSpec,
  type PortSpec,
  type Spread,
  type TaskConfig,
  type TaskLifecycle,
  type TaskSpec,
  migrateSaid,
  progressDeadlineMs,
} from '../spec.ts'
import { disconnectDefaults, spreadDefaults } from './defaults.ts'
import { readDispatch } from './dispatch-codec.ts'
import { type Fault, shown } from './fault.ts'
import { type Block, type FieldValues, readFields } from './field-reader.ts'
import { decodePart, isCanonicalPart } from './path-part.ts'
import { readAffinity, readConstraint } from './placement-codec.ts'
import { type RegisterTree, type Value, child, leftOver, namesOf, registerTree, take } from './register-tree.ts'
import { artifactFields, checkFields, deviceFields, groupFields, jobFields, taskFields, templateFields } from './spec-fields.ts'
import { containerPath } from './spec-writer.ts'

export function readSpec(registers: Registers): { readonly spec: JobSpec; readonly faults: readonly Fault[] } {
  const tree = registerTree(registers, 'spec')
  const faults: Fault[] = []
  const spec = readJob({ tree, at: '', faults })
  for (const path of leftOver(tree))
    faults.push({ path, found: 'an unknown field', allowed: 'fields of this version; it needs a newer agent' })
  return { spec, faults }
}

function readJob(block: Block): JobSpec {
  const values = readFields(block, jobFields)
  const type = values.text('type') as JobSpec['type']
  const rerun = values.int('rerun')
  const variables = readEntries(block, 'variables')
  return {
    namespace: values.text('namespace'),
    name: values.text('job'),
    type,
    pool: values.text('pool'),
    priority: values.int('priority'),
    ...readScope(block),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
    ...(rerun === 0 ? {} : { rerun }),
    ...readPeriodic(values),
    ...readDispatch(values, readEntries(block, 'parameterized/meta'), readEntries(block, 'dispatched/payload')),
    groups: namesOf(child(block.tree, 'groups')).map((name) => readGroup(name, type, below(block, 'groups', name))),
  }
}

function readPeriodic(values: FieldValues): Pick<JobSpec, 'periodic'> {
  const crons = values.list('periodic/crons')
  if (crons === undefined) return {}
  return {
    periodic: {
      crons,
      timeZone: values.text('periodic/time_zone'),
      prohibitOverlap: values.flag('periodic/prohibit_overlap'),
      enabled: values.flag('periodic/enabled'),
      missed: values.text('periodic/missed') as PeriodicSpec['missed'],
      horizonMs: values.int('periodic/horizon'),
      withoutTime: values.text('periodic/without_time') as PeriodicSpec['withoutTime'],
      since: values.int('periodic/since'),
      forced: values.int('periodic/forced'),
    },
  }
}

function below(block: Block, ...parts: readonly string[]): Block {
  return { tree: child(block.tree, ...parts), at: `${block.at}${parts.join('/')}/`, faults: block.faults }
}

function readGroup(name: string, type: JobSpec['type'], block: Block): GroupSpec {
  const values = readFields(block, groupFields({ type }))
  return {
    name,
    count: values.int('count'),
    ...readScope(block),
    spread: readSpreads(block),
    ...readPolicies(values),
    network: { mode: values.text('network/mode') as GroupSpec['network']['mode'], ports: readPorts(block) },
    diskMib: values.int('disk'),
    ...readDelay(values),
    tasks: namesOf(child(block.tree, 'tasks')).map((task) => readTask(task, below(block, 'tasks', task))),
  }
}

function readPolicies(values: FieldValues): Pick<GroupSpec, 'restart' | 'reschedule' | 'update' | 'migrate' | 'disconnect'> {
  const lostAfterMs = values.optionalInt('disconnect/lost_after')
  const progressMs = values.int('update/progress_deadline')
  const canary = values.int('update/canary')
  return {
    restart: {
      attempts: values.int('restart/attempts'),
      intervalMs: values.int('restart/interval'),
      delayMs: values.int('restart/delay'),
      mode: values.text('restart/mode') as GroupSpec['restart']['mode'],
    },
    reschedule: {
      unlimited: values.flag('reschedule/unlimited'),
      attempts: values.int('reschedule/attempts'),
      intervalMs: values.int('reschedule/interval'),
      delayMs: values.int('reschedule/delay'),
      delayFunction: values.text('reschedule/delay_function') as GroupSpec['reschedule']['delayFunction'],
      maxDelayMs: values.int('reschedule/max_delay'),
    },
    update: {
      maxParallel: values.int('update/max_parallel'),
      minHealthyMs: values.int('update/min_healthy_time'),
      healthyDeadlineMs: values.int('update/healthy_deadline'),
      ...(progressMs === progressDeadlineMs ? {} : { progressDeadlineMs: progressMs }),
      ...(canary === 0 ? {} : { canary }),
      ...(values.flag('update/auto_promote') ? { autoPromote: true } : {}),
      ...(values.flag('update/auto_revert') ? { autoRevert: true } : {}),
    },
    ...readMigrate(values),
    disconnect: {
      replace: values.flag('disconnect/replace'),
      replaceAfterMs: values.int('disconnect/replace_after'),
      lostAfterMs: lostAfterMs ?? disconnectDefaults.lostAfterMs,
      lostAfterExplicit: lostAfterMs !== null,
      stopOnClientAfterMs: values.optionalInt('disconnect/stop_on_client_after'),
      reconcile: values.text('disconnect/reconcile') as GroupSpec['disconnect']['reconcile'],
      partition: values.text('disconnect/partition') as GroupSpec['disconnect']['partition'],
    },
  }
}

function readMigrate(values: FieldValues): Pick<GroupSpec, 'migrate'> {
  const minHealthyMs = values.optionalInt('migrate/min_healthy_time')
  const healthyDeadlineMs = values.optionalInt('migrate/healthy_deadline')
  return migrateSaid({
    maxParallel: values.int('migrate/max_parallel'),
    healthCheck: values.text('migrate/health_check') as MigratePolicy['healthCheck'],
    ...(minHealthyMs === null ? {} : { minHealthyMs }),
    ...(healthyDeadlineMs === null ? {} : { healthyDeadlineMs }),
  })
}

function readTask(name: string, block: Block): TaskSpec {
  const values = readFields(block, taskFields)
  const dispatchPayloadFile = values.optionalText('dispatch_payload/file')
  const templates = readTemplates(block)
  const devices = readDeviceAsks(block)
  const artifacts = readArtifacts(block)
  const checks = namesOf(child(block.tree, 'checks')).map((check) => readCheck(check, below(block, 'checks', check)))
  return {
    name,
    driver: values.text('driver') as TaskSpec['driver'],
    config: readConfig(block, values),
    env: readEntries(block, 'env'),
    ...readScope(block),
    resources: { cpuMhz: values.int('resources/cpu'), memoryMib: values.int('resources/memory') },
    killTimeoutMs: values.int('kill_timeout'),
    killSignal: values.text('kill_signal'),
    ...readDelay(values),
    ...readLifecycle(block, values),
    ...(values.flag('leader') ? { leader: true } : {}),
    logs: { maxFiles: values.int('logs/max_files'), maxFileSizeMib: values.int('logs/max_file_size') },
    ...(dispatchPayloadFile === undefined ? {} : { dispatchPayloadFile }),
    ...(templates.length === 0 ? {} : { templates }),
    ...(devices.length === 0 ? {} : { devices }),
    ...(artifacts.length === 0 ? {} : { artifacts }),
    ...(checks.length === 0 ? {} : { checks }),
  }
}

function readDelay(values: FieldValues): { shutdownDelayMs?: number } {
  const shutdownDelayMs = values.int('shutdown_delay')
  return shutdownDelayMs === 0 ? {} : { shutdownDelayMs }
}

function readLifecycle(block: Block, values: FieldValues): Pick<TaskSpec, 'lifecycle'> {
  const hook = values.optionalText('lifecycle/hook') as TaskLifecycle['hook'] | undefined
  const sidecar = values.flag('lifecycle/sidecar')
  if (hook !== undefined) return { lifecycle: { hook, sidecar } }
  // One side of a cut may have made a main task of what the other made a sidecar.
  if (sidecar) report(block, 'lifecycle/sidecar', true, 'a hook beside it: prestart or poststart')
  return {}
}

function readTemplates(block: Block): readonly TemplateSpec[] {
  return namesOf(child(block.tree, 'templates'))
    .filter(isCanonicalPart)
    .map((part) => readTemplate(decodePart(part), below(block, 'templates', part)))
    .sort((a, b) => compareText(a.destination, b.destination))
}

function readDeviceAsks(block: Block): readonly DeviceAsk[] {
  return namesOf(child(block.tree, 'resources', 'devices'))
    .filter(isCanonicalPart)
    .map((part) => {
      const ask = below(block, 'resources', 'devices', part)
      const constraints = readRules(ask, 'constraints', readConstraint).sort(byRule)
      return { name: decodePart(part), count: readFields(ask, deviceFields).int('count'), constraints }
    })
    .sort((a, b) => compareText(a.name, b.name))
}

function readArtifacts(block: Block): readonly ArtifactSpec[] {
  return namesOf(child(block.tree, 'artifacts'))
    .filter(isCanonicalPart)
    .map((part) => {
      const values = readFields(below(block, 'artifacts', part), artifactFields)
      return {
        destination: decodePart(part),
        source: values.text('source'),
        checksum: values.text('checksum'),
        perms: values.text('perms'),
      }
    })
    .sort((a, b) => compareText(a.destination, b.destination))
}

function readTemplate(destination: string, block: Block): TemplateSpec {
  const data = take(block.tree, 'data')
  // One side of a cut may have taken it away while the other changed when the task is told.
  if (typeof data !== 'string')
    block.faults.push({ path: `${block.at}data`, found: data === undefined ? 'nothing' : shown(data), allowed: 'text' })
  const values = readFields(block, templateFields)
  const changeSignal = values.optionalText('change_signal')
  return {
    destination,
    data: typeof data === 'string' ? data : '',
    perms: values.text('perms'),
    changeMode: values.text('change_mode') as TemplateSpec['changeMode'],
    ...(changeSignal === undefined ? {} : { changeSignal }),
    splayMs: values.int('splay'),
  }
}

function readCheck(name: string, block: Block): CheckSpec {
  const values = readFields(block, checkFields)
  const said = <K extends 'port' | 'path' | 'method' | 'body' | 'command'>(key: K): Pick<CheckSpec, K> => {
    const value = values.optionalText(key)
    return (value === undefined ? {} : { [key]: value }) as Pick<CheckSpec, K>
  }
  return {
    name,
    type: values.text('type') as CheckSpec['type'],
    ...said('port'),
    ...said('path'),
    ...said('method'),
    headers: readEntries(block, 'header'),
    ...said('body'),
    ...said('command'),
    args: values.list('args') ?? [],
    intervalMs: values.int('interval'),
    timeoutMs: values.int('timeout'),
    successBeforePassing: values.int('success_before_passing'),
    failuresBeforeCritical: values.int('failures_before_critical'),
    onUpdate: values.text('on_update') as CheckSpec['onUpdate'],
    checkRestart: { limit: values.int('check_restart/limit'), graceMs: values.int('check_restart/grace') },
  }
}

function readConfig(block: Block, values: FieldValues): TaskConfig {
  const image = values.optionalText('config/image')
  const command = values.optionalText('config/command')
  const entrypoint = values.list('config/entrypoint')
  const workDir = values.optionalText('config/work_dir')
  const user = values.optionalText('config/user')
  return {
    ...(image === undefined ? {} : { image }),
    ...(command === undefined ? {} : { command }),
    args: values.list('config/args') ?? [],
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(workDir === undefined ? {} : { workDir }),
    ...(user === undefined ? {} : { user }),
    volumes: Object.values(readEntries(block, 'config/volumes')).sort(byContainerPath),
    privileged: values.flag('config/privileged'),
    readOnlyRoot: values.flag('config/read_only_root'),
  }
}

export function byContainerPath(a: string, b: string): number {
  return compareText(containerPath(a), containerPath(b)) || compareText(a, b)
}

function readScope(block: Block): {
  constraints: readonly Constraint[]
  affinities: readonly Affinity[]
  meta: Readonly<Record<string, string>>
} {
  return {
    constraints: readRules(block, 'constraints', readConstraint).sort(byRule),
    affinities: readRules(block, 'affinities', readAffinity).sort(byRule),
    meta: readEntries(block, 'meta'),
  }
}

/** A total order on the rules of one scope, so that equal documents give equal specifications. */
export function byRule(a: Constraint, b: Constraint): number {
  return compareText(a.attribute, b.attribute) || compareText(a.operator, b.operator) || compareText(a.value, b.value)
}

function readRules<T>(block: Block, name: string, read: (value: Value) => T | null): T[] {
  const tree = child(block.tree, name)
  return namesOf(tree).flatMap((id) => {
    const value = take(tree, id)
    const rule = value === undefined ? null : read(value)
    if (value !== undefined && rule === null)
      report(block, `${name}/${id}`, value, 'what this version understands; it may need a newer agent')
    return rule === null ? [] : [rule]
  })
}

/** A map from keys that people chose to texts. Spellings of keys that no agent writes are left over, as unknown. */
function readEntries(block: Block, name: string): Readonly<Record<string, string>> {
  const tree = child(block.tree, ...name.split('/'))
  const entries = namesOf(tree).flatMap((part): [string, string][] => {
    const value = isCanonicalPart(part) ? take(tree, part) : undefined
    if (typeof value === 'string') return [[decodePart(part), value]]
    if (value !== undefined) report(block, `${name}/${part}`, value, 'text')
    return []
  })
  // fromEntries defines own properties whatever the key, `__proto__` too.
  return Object.fromEntries(entries)
}

function readSpreads(block: Block): readonly Spread[] {
  return namesOf(child(block.tree, 'spread'))
    .filter(isCanonicalPart)
    .map((part) => {
      const tree = child(block.tree, 'spread', part)
      const targets = namesOf(child(tree, 'targets'))
        .filter(isCanonicalPart)
        .map((value) => ({
          value: decodePart(value),
          percent: readNumber(block, tree, `targets/${value}`, `spread/${part}/targets/${value}`) ?? 0,
        }))
      const weight = readNumber(block, tree, 'weight', `spread/${part}/weight`) ?? spreadDefaults.weight
      return { attribute: decodePart(part), weight, targets: targets.sort((a, b) => compareText(a.value, b.value)) }
    })
    .sort((a, b) => compareText(a.attribute, b.attribute))
}

function readPorts(block: Block): readonly PortSpec[] {
  return namesOf(child(block.tree, 'network', 'ports')).map((label) => {
    const tree = child(block.tree, 'network', 'ports', label)
    const fixed = readNumber(block, tree, 'static', `network/ports/${label}/static`)
    const to = readNumber(block, tree, 'to', `network/ports/${label}/to`)
    return { label, static: fixed === 0 ? null : (fixed ?? null), to: to ?? null }
  })
}

function readNumber(block: Block, tree: RegisterTree | undefined, path: string, faultPath: string): number | undefined {
  const value = take(tree, path)
  if (value === undefined) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  report(block, faultPath, value, 'a whole number')
  return undefined
}

function report(block: Block, path: string, value: Value, allowed: string): void {
  block.faults.push({ path: block.at + path, found: shown(value), allowed })
}
