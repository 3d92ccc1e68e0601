// Random specifications that validate, for the round trip through a job file: every optional field there or not, texts that YAML
// would like to read as something else.

import fc from 'fast-check'

import { updateDefaults } from '../../crdt/documents/defaults.ts'
import { checkSpec } from '../../crdt/documents/job-rules.ts'
import { compareText } from '../../crdt/ids.ts'
import type { ArtifactSpec, TemplateSpec } from '../../crdt/given-files.ts'
import {
  type Affinity,
  type CheckSpec,
  type Constraint,
  type DisconnectPolicy,
  type GroupSpec,
  type JobSpec,
  type Spread,
  type TaskConfig,
  type TaskSpec,
  type UpdatePolicy,
  isPerNode,
  isRunOnce,
  jobTypes,
} from '../../crdt/spec.ts'

const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,6}[a-z0-9])?$/)
const key = fc.stringMatching(/^[A-Za-z0-9_./%-]{1,8}$/).filter((one) => one !== '__proto__')
const text = fc.oneof(
  fc.constantFrom('yes', 'null', '1.10', '0x10', '010', '1e3', '- a', 'a: b', '#x', '*a', '&a', '"', '~', ' pad ', '<<'),
  fc.stringMatching(/^[ -~]{1,12}$/),
)
const passable = fc.oneof(text, fc.constant(''), fc.constant('two\nlines\n'), fc.constant('ä → ☃'))
const ms = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max })
const sorted = (entries: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).sort(([a], [b]) => compareText(a, b)))
const texts = fc.dictionary(key, passable, { maxKeys: 3, noNullPrototype: true }).map(sorted)
const attribute = fc.constantFrom('${attr.cpu.arch}', '${label.disk}', '${node.pool}')

const constraint: fc.Arbitrary<Constraint> = fc.oneof(
  plain<Constraint>({ attribute, operator: fc.constantFrom('=', '>=', 'set_contains'), value: text }),
  plain<Constraint>({ attribute, operator: fc.constant('is_set'), value: fc.constant('') }),
  plain<Constraint>({ attribute, operator: fc.constant('regexp'), value: fc.constantFrom('^a(b|c)+$', '\\d{1,3}', ' # ') }),
)
const affinity: fc.Arbitrary<Affinity> = plain({
  attribute,
  operator: fc.constantFrom('=', '<'),
  value: text,
  weight: fc.integer({ min: 1, max: 100 }),
})
const scope = plain({ constraints: fc.array(constraint, { maxLength: 2 }), affinities: fc.array(affinity, { maxLength: 2 }), meta: texts })

const spread: fc.Arbitrary<Spread> = plain({
  attribute,
  weight: fc.integer({ min: 1, max: 100 }),
  targets: fc
    .uniqueArray(plain({ value: key, percent: fc.integer({ min: 0, max: 50 }) }), { maxLength: 2, selector: (one) => one.value })
    .map((all) => all.sort((a, b) => compareText(a.value, b.value))),
})

const disconnect: fc.Arbitrary<DisconnectPolicy> = plain<DisconnectPolicy>({
  replace: fc.boolean(),
  replaceAfterMs: ms(0, 100_000),
  lostAfterMs: ms(0, 1_000_000_000),
  lostAfterExplicit: fc.boolean(),
  stopOnClientAfterMs: fc.option(ms(0, 1_000_000)),
  reconcile: fc.constantFrom('best_score', 'keep_original', 'keep_replacement', 'longest_running'),
  partition: fc.constantFrom('half', 'any'),
}).map((policy) => (policy.lostAfterExplicit ? policy : { ...policy, lostAfterMs: 604_800_000 }))

const config = fc.record(
  {
    command: text,
    args: fc.array(passable, { maxLength: 3 }),
    workDir: fc.constant('/tmp'),
    volumes: fc.constant([]),
    privileged: fc.constant(false),
    readOnlyRoot: fc.constant(false),
  },
  { requiredKeys: ['command', 'args', 'volumes', 'privileged', 'readOnlyRoot'], noNullPrototype: true },
) as fc.Arbitrary<TaskConfig>

/** Without a port: which there are is the group's to say. */
const check: fc.Arbitrary<CheckSpec> = plain<CheckSpec>({
  name,
  type: fc.constant('exec'),
  headers: fc.constant({}),
  command: text,
  args: fc.array(passable, { maxLength: 2 }),
  intervalMs: ms(1_000, 3_000),
  timeoutMs: ms(100, 1_000),
  successBeforePassing: fc.integer({ min: 0, max: 1 }),
  failuresBeforeCritical: fc.integer({ min: 0, max: 9 }),
  onUpdate: fc.constantFrom('require_healthy', 'ignore'),
  checkRestart: plain({ limit: fc.integer({ min: 0, max: 9 }), graceMs: ms(0, 90_000) }),
})

const checks = fc
  .uniqueArray(check, { maxLength: 2, selector: (one) => one.name })
  .map((all) => (all.length === 0 ? {} : { checks: all.sort((a, b) => compareText(a.name, b.name)) }))

const template: fc.Arbitrary<TemplateSpec> = fc.oneof(
  plain<TemplateSpec>({
    destination: fc.constantFrom('a', 'b.conf', 'c/d.conf'),
    data: passable,
    perms: fc.constantFrom('0644', '600', '0400'),
    changeMode: fc.constantFrom('restart', 'noop'),
    splayMs: ms(0, 3_600_000),
  }),
  plain<TemplateSpec>({
    destination: fc.constantFrom('a', 'b.conf', 'c/d.conf'),
    data: passable,
    perms: fc.constant('0644'),
    changeMode: fc.constant('signal'),
    changeSignal: fc.constantFrom('SIGHUP', 'SIGUSR1'),
    splayMs: ms(0, 10_000),
  }),
)

const templates = fc
  .uniqueArray(template, { maxLength: 2, selector: (one) => one.destination })
  .map((all) => (all.length === 0 ? {} : { templates: all.sort((a, b) => compareText(a.destination, b.destination)) }))

const artifact = plain<ArtifactSpec>({
  destination: fc.constantFrom('bin/app', 'bin/b', 'e'),
  source: fc.constantFrom('https://files.example/app', 'http://${label.mirror}/app', '${label.mirror}/app'),
  checksum: fc.constantFrom('0', 'a').map((digit) => `sha256:${digit.repeat(64)}`),
  perms: fc.constantFrom('0755', '0644'),
})

const artifacts = fc
  .uniqueArray(artifact, { maxLength: 2, selector: (one) => one.destination })
  .map((all) => (all.length === 0 ? {} : { artifacts: all.sort((a, b) => compareText(a.destination, b.destination)) }))

const variables = fc
  .dictionary(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,5}$/), passable, { maxKeys: 3, noNullPrototype: true })
  .map((all) => (Object.keys(all).length === 0 ? {} : { variables: sorted(all) }))

const task: fc.Arbitrary<TaskSpec> = fc
  .tuple(
    checks,
    templates,
    artifacts,
    scope,
    plain<Omit<TaskSpec, keyof Scope>>({
      name,
      driver: fc.constantFrom('raw_exec', 'exec'),
      config,
      env: texts,
      resources: plain({ cpuMhz: fc.integer({ min: 1, max: 9000 }), memoryMib: fc.integer({ min: 6, max: 9000 }) }),
      killTimeoutMs: ms(0, 3_600_000),
      killSignal: fc.constantFrom('SIGTERM', 'SIGINT'),
      logs: plain({ maxFiles: fc.integer({ min: 1, max: 3 }), maxFileSizeMib: fc.integer({ min: 1, max: 3 }) }),
    }),
  )
  .map(([checked, made, fetched, placed, rest]) => ({ ...rest, ...placed, ...checked, ...made, ...fetched }))

type Scope = Pick<TaskSpec, 'constraints' | 'affinities' | 'meta'>

/** Deadlines that are longer than any healthy_deadline here. */
const withRevert = (update: UpdatePolicy): fc.Arbitrary<UpdatePolicy> =>
  fc.constantFrom(
    update,
    { ...update, progressDeadlineMs: 0, autoRevert: true },
    { ...update, progressDeadlineMs: 1_000_000 },
    { ...update, progressDeadlineMs: 1_000_000, autoRevert: true },
    { ...update, canary: 2 },
    { ...update, canary: 1, autoPromote: true, autoRevert: true, progressDeadlineMs: 0 },
  )

const group: fc.Arbitrary<GroupSpec> = fc
  .tuple(
    scope,
    plain<Omit<GroupSpec, keyof Scope>>({
      name,
      count: fc.integer({ min: 0, max: 50_000 }),
      spread: fc.uniqueArray(spread, { maxLength: 2, selector: (one) => one.attribute }),
      restart: plain<GroupSpec['restart']>({
        attempts: fc.integer({ min: 1, max: 5 }),
        intervalMs: ms(100_000, 10_000_000),
        delayMs: ms(0, 20_000),
        mode: fc.constantFrom('fail', 'delay'),
      }),
      reschedule: plain<GroupSpec['reschedule']>({
        unlimited: fc.constant(true),
        attempts: fc.constant(0),
        intervalMs: ms(0, 100_000),
        delayMs: ms(5000, 60_000),
        delayFunction: fc.constantFrom('constant', 'exponential', 'fibonacci'),
        maxDelayMs: ms(60_000, 7_200_000),
      }),
      update: plain({
        maxParallel: fc.integer({ min: 1, max: 9 }),
        minHealthyMs: ms(0, 9000),
        healthyDeadlineMs: ms(10_000, 900_000),
      }).chain(withRevert),
      disconnect,
      network: plain<GroupSpec['network']>({
        mode: fc.constant('host'),
        ports: fc
          .uniqueArray(plain({ label: name, static: fc.option(fc.integer({ min: 1, max: 65_535 })), to: fc.constant(null) }), {
            maxLength: 2,
            selector: (one) => one.label,
          })
          .map((all) => all.sort((a, b) => compareText(a.label, b.label))),
      }),
      diskMib: fc.integer({ min: 10, max: 9000 }),
      tasks: fc
        .uniqueArray(task, { minLength: 1, maxLength: 2, selector: (one) => one.name })
        .map((all) => all.sort((a, b) => compareText(a.name, b.name))),
    }),
  )
  .map(([placed, rest]) => ({ ...rest, ...placed }))

/** Without what has no meaning where every node that suits has a copy. */
function oneEach(spec: JobSpec): JobSpec {
  const groups = spec.groups.map((one) => ({
    ...one,
    count: Math.min(one.count, 1),
    affinities: [],
    spread: [],
    update: withoutRevert(one.update),
    disconnect: { ...one.disconnect, stopOnClientAfterMs: null },
    tasks: one.tasks.map((each) => ({ ...each, affinities: [] })),
  }))
  return { ...spec, affinities: [], groups }
}

function withoutRevert({ maxParallel, minHealthyMs, healthyDeadlineMs }: UpdatePolicy): UpdatePolicy {
  return { maxParallel, minHealthyMs, healthyDeadlineMs }
}

/** Without what has no meaning where copies end by themselves. */
function notRolledOut(spec: JobSpec): JobSpec {
  return { ...spec, groups: spec.groups.map((one) => ({ ...one, update: updateDefaults })) }
}

/** Where copies end by themselves: also as a job to dispatch, whose tasks may read the payload. */
const toDispatch = (spec: JobSpec): fc.Arbitrary<JobSpec> => {
  const groups = spec.groups.map((one) => ({ ...one, tasks: one.tasks.map((each) => ({ ...each, dispatchPayloadFile: 'in.json' })) }))
  return fc.constantFrom(
    spec,
    { ...spec, parameterized: { payload: 'optional', metaRequired: [], metaOptional: [] } },
    { ...spec, parameterized: { payload: 'forbidden', metaRequired: ['B', 'a'], metaOptional: [] } },
    { ...spec, groups, parameterized: { payload: 'required', metaRequired: [], metaOptional: ['C', 'b'] } },
  )
}

export const validSpec: fc.Arbitrary<JobSpec> = fc
  .tuple(
    scope,
    variables,
    plain<Omit<JobSpec, keyof Scope>>({
      namespace: name,
      name,
      type: fc.constantFrom(...jobTypes),
      pool: name,
      priority: fc.integer({ min: 1, max: 100 }),
      groups: fc
        .uniqueArray(group, { minLength: 1, maxLength: 2, selector: (one) => one.name })
        .map((all) => all.sort((a, b) => compareText(a.name, b.name))),
    }),
  )
  .map(([placed, varied, rest]) => ({ ...rest, ...placed, ...varied }))
  .map((spec) => (isPerNode(spec) ? oneEach(spec) : spec))
  .chain((spec) => (isRunOnce(spec) ? toDispatch(notRolledOut(spec)) : fc.constant(spec)))
  .filter((spec) => checkSpec(spec).length === 0)
