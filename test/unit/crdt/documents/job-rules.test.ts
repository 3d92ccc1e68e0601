import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as defaults from '../../../../crdt/documents/defaults.ts'
import { checkSpec, faultText } from '../../../../crdt/documents/job-rules.ts'
import type { GroupSpec, JobSpec, TaskConfig, TaskSpec } from '../../../../crdt/spec.ts'
import { jobWith, sampleGroup, sampleJob, sampleTask } from '../../../../simulator/sample-job.ts'
import { template } from '../../../support/templates.ts'

const group = (changes: Partial<GroupSpec>): JobSpec => jobWith(changes)
const task = (changes: Partial<TaskSpec>): JobSpec => jobWith({}, changes)
const rawExec = (changes: Partial<TaskConfig>): JobSpec => task({ config: { ...defaults.configDefaults, command: 'x', ...changes } })
const exec = (changes: Partial<TaskConfig>, more: Partial<TaskSpec> = {}): JobSpec =>
  task({ driver: 'exec', config: { ...defaults.configDefaults, command: 'x', ...changes }, ...more })
const docker = (changes: Partial<TaskConfig>, more: Partial<TaskSpec> = {}): JobSpec =>
  task({ driver: 'docker', config: { ...defaults.configDefaults, image: 'nginx:1.29', ...changes }, ...more })
const ports = (mode: 'host' | 'bridge', ...list: GroupSpec['network']['ports']): JobSpec => group({ network: { mode, ports: list } })
const rule = (attribute: string, operator: string, value: string): never => ({ attribute, operator, value }) as never

const app = 'groups/web/tasks/app'

// Specification, where the fault is, what is found, what is allowed.
const faulty: Record<string, readonly [JobSpec, string, RegExp, RegExp]> = {
  name: [sampleJob({ name: 'Shop' }), 'job', /"Shop"/, /a to z/],
  namespace: [sampleJob({ namespace: '' }), 'namespace', /""/, /./],
  pool: [sampleJob({ pool: 'a b' }), 'pool', /"a b"/, /a to z/],
  priority: [sampleJob({ priority: 101 }), 'priority', /101/, /1 to 100/],
  'priority with a fraction': [sampleJob({ priority: 1.5 }), 'priority', /1.5/, /1 to 100/],
  type: [sampleJob({ type: 'cron' as 'service' }), 'type', /"cron"/, /service, batch, system, sysbatch/],
  'update of a batch job': [
    { ...group({ update: { ...defaults.updateDefaults, maxParallel: 2 } }), type: 'batch' },
    'groups/web/update',
    /an update block/,
    /none in a batch job/,
  ],
  'progress deadline of a batch job': [
    { ...group({ update: { ...defaults.updateDefaults, progressDeadlineMs: 0 } }), type: 'batch' },
    'groups/web/update',
    /an update block/,
    /none in a batch job/,
  ],
  'auto_revert of a system job': [
    { ...group({ count: 1, update: { ...defaults.updateDefaults, autoRevert: true } }), type: 'system' },
    'groups/web/update/auto_revert',
    /true/,
    /nothing in a system job/,
  ],
  'a deadline that the first try may outlast': [
    group({ update: { ...defaults.updateDefaults, healthyDeadlineMs: 600_000, autoRevert: true } }),
    'groups/web/update/progress_deadline',
    /10m/,
    /0, or more than healthy_deadline, 10m/,
  ],
  'count of a sysbatch job': [{ ...group({ count: 2 }), type: 'sysbatch' }, 'groups/web/count', /2/, /0 or 1 in a sysbatch job/],
  'count of a system job': [{ ...group({ count: 2 }), type: 'system' }, 'groups/web/count', /2/, /0 or 1 in a system job/],
  'affinities of a system job': [
    { ...jobWith({ count: 1 }), type: 'system', affinities: [{ attribute: '${label.a}', operator: '=', value: 'x', weight: 1 }] },
    'affinities',
    /1/,
    /none in a system job/,
  ],
  'affinities of a task of a system job': [
    { ...jobWith({ count: 1 }, { affinities: [{ attribute: '${label.a}', operator: '=', value: 'x', weight: 1 }] }), type: 'system' },
    `${app}/affinities`,
    /1/,
    /none in a system job/,
  ],
  'spread of a system job': [
    { ...group({ count: 1, spread: [{ attribute: '${label.a}', weight: 50, targets: [] }] }), type: 'system' },
    'groups/web/spread',
    /1/,
    /none in a system job/,
  ],
  'stop_on_client_after of a system job': [
    { ...group({ count: 1, disconnect: { ...defaults.disconnectDefaults, stopOnClientAfterMs: 60_000 } }), type: 'system' },
    'groups/web/disconnect/stop_on_client_after',
    /1m/,
    /nothing in a system job/,
  ],
  'no group': [sampleJob({ groups: [] }), 'groups', /none/, /1 to 64/],
  'a group twice': [sampleJob({ groups: [sampleGroup(), sampleGroup()] }), 'groups/web', /a second time/, /once/],
  'meta key': [sampleJob({ meta: { 'a b': '1' } }), 'meta/a b', /the key "a b"/, /without spaces/],
  count: [group({ count: 50_001 }), 'groups/web/count', /50001/, /0 to 50000/],
  'negative count': [group({ count: -1 }), 'groups/web/count', /-1/, /0 to 50000/],
  'no task': [group({ tasks: [] }), 'groups/web/tasks', /none/, /1 to 32/],
  'a task twice': [group({ tasks: [sampleTask(), sampleTask()] }), app, /a second time/, /once/],
  'restart interval': [
    group({ restart: { ...defaults.restartDefaults, attempts: 0, intervalMs: 4999 } }),
    'groups/web/restart/interval',
    /4999ms/,
    /5s to/,
  ],
  'restarts that do not fit': [
    group({ restart: { ...defaults.restartDefaults, attempts: 3, intervalMs: 30_000 } }),
    'groups/web/restart/interval',
    /30s/,
    /3 attempts × 15s/,
  ],
  'restart mode delay without attempts': [
    group({ restart: { ...defaults.restartDefaults, attempts: 0, mode: 'delay' } }),
    'groups/web/restart/mode',
    /0 attempts/,
    /fail/,
  ],
  'reschedule delay': [
    group({ reschedule: { ...defaults.rescheduleDefaults, delayMs: 1000 } }),
    'groups/web/reschedule/delay',
    /1s/,
    /5s to/,
  ],
  'reschedule attempts beside unlimited': [
    group({ reschedule: { ...defaults.rescheduleDefaults, attempts: 2 } }),
    'groups/web/reschedule/attempts',
    /unlimited: true/,
    /unlimited: false/,
  ],
  'reschedule interval': [
    group({ reschedule: { ...defaults.rescheduleDefaults, unlimited: false, attempts: 2 } }),
    'groups/web/reschedule/interval',
    /0s/,
    /15s/,
  ],
  'reschedule max_delay': [
    group({ reschedule: { ...defaults.rescheduleDefaults, maxDelayMs: 1000 } }),
    'groups/web/reschedule/max_delay',
    /1s/,
    /30s/,
  ],
  max_parallel: [group({ update: { ...defaults.updateDefaults, maxParallel: 0 } }), 'groups/web/update/max_parallel', /0/, /1 to/],
  'update deadlines': [
    group({ update: { ...defaults.updateDefaults, minHealthyMs: 300_000 } }),
    'groups/web/update/min_healthy_time',
    /5m/,
    /less than healthy_deadline, 5m/,
  ],
  'partition majority': [
    group({ disconnect: { ...defaults.disconnectDefaults, partition: 'majority' as 'half' } }),
    'groups/web/disconnect/partition',
    /"majority"/,
    /half, any \(majority comes with a later version/,
  ],
  'negative replace_after': [
    group({ disconnect: { ...defaults.disconnectDefaults, replaceAfterMs: -1 } }),
    'groups/web/disconnect/replace_after',
    /-1ms/,
    /0s to/,
  ],
  'spread sum': [
    group({
      spread: [
        {
          attribute: '${label.rack}',
          weight: 50,
          targets: [
            { value: 'a', percent: 60 },
            { value: 'b', percent: 41 },
          ],
        },
      ],
    }),
    'groups/web/spread/0/targets',
    /101 percent/,
    /at most 100/,
  ],
  'spread weight': [
    group({ spread: [{ attribute: '${label.rack}', weight: 0, targets: [] }] }),
    'groups/web/spread/0/weight',
    /0/,
    /1 to 100/,
  ],
  bridge: [ports('bridge'), 'groups/web/network/mode', /not docker: app/, /host/],
  'static port range': [
    ports('host', { label: 'http', static: 65_536, to: null }),
    'groups/web/network/ports/http/static',
    /65536/,
    /1 to 65535/,
  ],
  'static port twice': [
    ports('host', { label: 'a', static: 80, to: null }, { label: 'b', static: 80, to: null }),
    'groups/web/network/ports/b/static',
    /also asked for by port a/,
    /once/,
  ],
  'to in host mode': [ports('host', { label: 'a', static: null, to: 80 }), 'groups/web/network/ports/a/to', /80/, /bridge/],
  'port label': [ports('host', { label: 'A_b', static: null, to: null }), 'groups/web/network/ports/A_b', /A_b/, /a to z/],
  disk: [jobWith({ diskMib: 9 }, { logs: { maxFiles: 1, maxFileSizeMib: 1 } }), 'groups/web/disk', /9 MiB/, /10 MiB to/],
  'constraint operator': [
    group({ constraints: [rule('${attr.a}', '~', 'x')] }),
    'groups/web/constraints/0/operator',
    /"~"/,
    /set_contains/,
  ],
  'constraint attribute': [
    group({ constraints: [rule('cpu.arch', '=', 'x')] }),
    'groups/web/constraints/0/attribute',
    /cpu\.arch/,
    /\$\{attr/,
  ],
  'constraint pattern': [
    group({ constraints: [rule('${attr.a}', 'regexp', 'a**')] }),
    'groups/web/constraints/0/value',
    /"a\*\*"/,
    /RE2.*invalid nested repetition/,
  ],
  'constraint pattern too long': [
    group({ constraints: [rule('${attr.a}', 'regexp', 'a'.repeat(257))] }),
    'groups/web/constraints/0/value',
    /"aaa/,
    /at most 256 characters/,
  ],
  'constraint pattern from another attribute': [
    group({ constraints: [rule('${attr.a}', 'regexp', '${attr.b}')] }),
    'groups/web/constraints/0/value',
    /attr\.b/,
    /not another attribute/,
  ],
  'affinity pattern': [
    group({ affinities: [{ attribute: '${attr.a}', operator: 'regexp', value: '[', weight: 1 }] }),
    'groups/web/affinities/0/value',
    /"\["/,
    /RE2/,
  ],
  'distinct_property of a task': [
    task({ constraints: [rule('${label.rack}', 'distinct_property', '')] }),
    `${app}/constraints/0/operator`,
    /distinct_property/,
    /in a job or a group/,
  ],
  'distinct_property without an attribute': [
    group({ constraints: [rule('', 'distinct_property', '2')] }),
    'groups/web/constraints/0/attribute',
    /""/,
    /attr/,
  ],
  'distinct_property of none': [
    group({ constraints: [rule('${label.rack}', 'distinct_property', '0')] }),
    'groups/web/constraints/0/value',
    /"0"/,
    /1 to 50000/,
  ],
  'distinct_property as an affinity': [
    group({ affinities: [{ attribute: '${label.rack}', operator: 'distinct_property', value: '1', weight: 1 }] }),
    'groups/web/affinities/0/operator',
    /distinct_property/,
    /set_contains_any$/,
  ],
  'constraint versions': [
    group({ constraints: [rule('${attr.a}', 'version', '^1.2')] }),
    'groups/web/constraints/0/value',
    /"\^1\.2"/,
    /~> 1\.4\.2/,
  ],
  'pessimistic semver': [
    group({ constraints: [rule('${attr.a}', 'semver', '~> 1.2.0')] }),
    'groups/web/constraints/0/value',
    /"~> 1\.2\.0"/,
    />= 1\.2\.0/,
  ],
  'constraint value': [group({ constraints: [rule('${attr.a}', '=', '')] }), 'groups/web/constraints/0/value', /""/, /not empty/],
  'is_set with a value': [group({ constraints: [rule('${attr.a}', 'is_set', 'x')] }), 'groups/web/constraints/0/value', /"x"/, /is_set/],
  'distinct_hosts in a task': [
    task({ constraints: [rule('', 'distinct_hosts', '')] }),
    `${app}/constraints/0/operator`,
    /distinct_hosts/,
    /job or a group/,
  ],
  'affinity operator': [
    group({ affinities: [{ ...(rule('${attr.a}', 'is_set', 'x') as object), weight: 50 } as never] }),
    'groups/web/affinities/0/operator',
    /is_set/,
    /=/,
  ],
  'affinity weight': [
    group({ affinities: [{ attribute: '${attr.a}', operator: '=', value: 'x', weight: 0 }] }),
    'groups/web/affinities/0/weight',
    /0/,
    /not 0/,
  ],
  driver: [task({ driver: 'podman' as 'docker' }), `${app}/driver`, /"podman"/, /docker, raw_exec, exec$/],
  'docker without image': [
    task({ driver: 'docker', config: defaults.configDefaults }),
    `${app}/config/image`,
    /nothing/,
    /docker needs one/,
  ],
  'image with a space': [docker({ image: 'a b' }), `${app}/config/image`, /"a b"/, /without spaces/],
  'empty entrypoint': [docker({ entrypoint: [] }), `${app}/config/entrypoint`, /empty list/, /program/],
  'relative work_dir': [docker({ workDir: 'srv' }), `${app}/config/work_dir`, /"srv"/, /absolute/],
  volume: [docker({ volumes: ['data'] }), `${app}/config/volumes/0`, /"data"/, /container-path/],
  'volume twice': [docker({ volumes: ['a:/data', 'b:/data'] }), `${app}/config/volumes/1`, /a second time/, /once/],
  'docker memory': [docker({}, { resources: { cpuMhz: 100, memoryMib: 5 } }), `${app}/resources/memory`, /5 MiB/, /6 MiB/],
  'raw_exec without command': [task({ config: defaults.configDefaults }), `${app}/config/command`, /nothing/, /raw_exec needs one/],
  'raw_exec with image': [rawExec({ image: 'nginx' }), `${app}/config/image`, /nginx/, /nothing with raw_exec/],
  'raw_exec with volumes': [rawExec({ volumes: ['a:/b'] }), `${app}/config/volumes`, /volumes/, /nothing with raw_exec/],
  'raw_exec privileged': [rawExec({ privileged: true }), `${app}/config/privileged`, /true/, /nothing with raw_exec/],
  'raw_exec with a read-only root': [rawExec({ readOnlyRoot: true }), `${app}/config/read_only_root`, /true/, /nothing with raw_exec/],
  'raw_exec with entrypoint': [rawExec({ entrypoint: ['a'] }), `${app}/config/entrypoint`, /entrypoint/, /nothing with raw_exec/],
  'exec without command': [task({ driver: 'exec', config: defaults.configDefaults }), `${app}/config/command`, /nothing/, /exec needs one/],
  'exec with image': [exec({ image: 'nginx' }), `${app}/config/image`, /nginx/, /nothing with exec/],
  'exec with volumes': [exec({ volumes: ['a:/b'] }), `${app}/config/volumes`, /volumes/, /nothing with exec/],
  'exec memory': [exec({}, { resources: { cpuMhz: 100, memoryMib: 5 } }), `${app}/resources/memory`, /5 MiB/, /6 MiB with exec/],
  'exec that cannot reach its folder': [
    exec({ workDir: '/srv' }, { templates: [template({})] }),
    `${app}/templates`,
    /templates/,
    /nothing with exec and config.work_dir/,
  ],
  'NUL in an argument': [rawExec({ args: ['a\0b'] }), `${app}/config/args`, /./, /NUL/],
  'env name': [task({ env: { 'A=B': 'x' } }), `${app}/env/A=B`, /A=B/, /without spaces and '='/],
  'reserved env name': [task({ env: { SHOAL_X: 'x' } }), `${app}/env/SHOAL_X`, /SHOAL_X/, /do not begin with SHOAL_/],
  'long env value': [task({ env: { A: 'x'.repeat(4097) } }), `${app}/env/A`, /4097 bytes/, /4096/],
  'no cpu': [task({ resources: { cpuMhz: 0, memoryMib: 10 } }), `${app}/resources/cpu`, /0 MHz/, /1 MHz to/],
  'no memory': [task({ resources: { cpuMhz: 1, memoryMib: 0 } }), `${app}/resources/memory`, /0 MiB/, /1 MiB to/],
  'kill signal': [task({ killSignal: 'SIGFOO' }), `${app}/kill_signal`, /SIGFOO/, /SIGTERM/],
  'kill timeout': [task({ killTimeoutMs: 3_600_001 }), `${app}/kill_timeout`, /3600001ms/, /0s to 1h/],
  'logs beyond the disk': [task({ logs: { maxFiles: 10, maxFileSizeMib: 31 } }), `${app}/logs`, /10 files of 31 MiB/, /300 MiB/],
}

for (const [name, [spec, path, found, allowed]] of Object.entries(faulty)) {
  test(`one fault: ${name}`, () => {
    const faults = checkSpec(spec)
    assert.deepEqual(
      faults.map((fault) => fault.path),
      [path],
      faults.map(faultText).join('\n'),
    )
    assert.match(faults[0]?.found ?? '', found)
    assert.match(faults[0]?.allowed ?? '', allowed)
  })
}

test('what people do every day is allowed', () => {
  const fine: readonly JobSpec[] = [
    sampleJob(),
    group({ count: 0 }),
    group({
      constraints: [rule('${attr.cpu.arch}', '=', 'arm64'), rule('', 'distinct_hosts', 'true'), rule('${label.ssd}', 'is_set', '')],
    }),
    group({ disconnect: { ...defaults.disconnectDefaults, lostAfterMs: 0, lostAfterExplicit: true, stopOnClientAfterMs: 0 } }),
    docker({ volumes: ['/srv/data:/data:ro', 'cache:/cache'], user: '1000', readOnlyRoot: true, entrypoint: ['/init'] }),
    rawExec({ user: 'www-data' }),
    exec({ user: 'www-data', workDir: '/srv' }),
    task({ env: { 'spring.port': '80', 'A/B%': 'line\nbreak', EMPTY: '' } }),
    jobWith(
      {
        network: {
          mode: 'bridge',
          ports: [
            { label: 'http', static: null, to: 80 },
            { label: 'tls', static: 443, to: null },
          ],
        },
      },
      { driver: 'docker', config: { ...defaults.configDefaults, image: 'nginx' } },
    ),
  ]
  for (const spec of fine) assert.deepEqual(checkSpec(spec), [])
})

test('every fault is reported at once', () => {
  const spec = sampleJob({
    priority: 0,
    groups: [sampleGroup({ count: -1, tasks: [sampleTask({ killSignal: 'X', config: defaults.configDefaults })] })],
  })
  assert.deepEqual(
    checkSpec(spec).map((fault) => fault.path),
    ['priority', 'groups/web/count', `${app}/kill_signal`, `${app}/config/command`],
  )
})

test('a specification that no gate would take is refused before it is signed', () => {
  const key = '/'.repeat(120)
  const faults = checkSpec(task({ env: { [key]: 'x' } }))
  assert.equal(faults.length, 1)
  assert.match(faults[0]?.path ?? '', /^groups\/web\/tasks\/app\/env\/%2F/)
  const many = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`K${i}`, 'x']))
  const groups = Array.from({ length: 9 }, (_, i) => sampleGroup({ name: `g${i}`, meta: many }))
  assert.match(checkSpec(sampleJob({ groups })).map(faultText).join(), /at most 2000 in one job/)
})

test('a job from before progress_deadline stays valid however long its healthy_deadline is; 0 is after the first failure', () => {
  const late = { ...defaults.updateDefaults, healthyDeadlineMs: 3_600_000 }
  assert.deepEqual(checkSpec(group({ update: late })), [])
  assert.deepEqual(checkSpec(group({ update: { ...late, autoRevert: true, progressDeadlineMs: 0 } })), [])
  assert.deepEqual(checkSpec(group({ update: { ...late, autoRevert: true, progressDeadlineMs: 3_600_001 } })), [])
})
