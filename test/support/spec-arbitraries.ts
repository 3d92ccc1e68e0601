// Random specifications for property tests: any values that the registers can hold, not only sensible ones, in the fixed order in
// which reading gives them back.

import fc from 'fast-check'

import { compareText } from '../../crdt/ids.ts'
import { byContainerPath, byRule } from '../../crdt/documents/spec-reader.ts'
import { containerPath } from '../../crdt/documents/spec-writer.ts'
import { type ArtifactSpec, type TemplateSpec, changeModes } from '../../crdt/given-files.ts'
import {
  type Affinity,
  type CheckSpec,
  type Constraint,
  type GroupSpec,
  type JobSpec,
  type MigratePolicy,
  type PeriodicSpec,
  type Spread,
  type TaskConfig,
  type TaskLifecycle,
  type TaskSpec,
  driverNames,
  checkMethods,
  checkTypes,
  constraintOperators,
  jobTypes,
  lifecycleHooks,
  migrateSaid,
  payloadRules,
  progressDeadlineMs,
} from '../../crdt/spec.ts'

// Plain objects, as reading makes them; strict equality looks at prototypes.
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })

const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/)
const key = fc.oneof(
  fc.stringMatching(/^[A-Za-z%/. _]{1,12}$/),
  fc.constantFrom('__proto__', 'constructor', 'toString', '%2F', '%25/', '1', '10'),
)
const text = fc.string({ maxLength: 20, unit: 'grapheme' })
const count = fc.integer({ min: 0, max: 1_000_000 })
const number = fc.integer({ min: -200, max: 70_000 })
const entries = fc.dictionary(key, text, { maxKeys: 4, noNullPrototype: true })
const operator = fc.constantFrom(...constraintOperators)

const sortedBy = <T>(list: fc.Arbitrary<T[]>, order: (a: T, b: T) => number): fc.Arbitrary<T[]> => list.map((all) => all.sort(order))
const byName = (a: { name: string }, b: { name: string }): number => compareText(a.name, b.name)
const ruleKey = (rule: Constraint): string => JSON.stringify([rule.attribute, rule.operator, rule.value])

const constraint: fc.Arbitrary<Constraint> = record({ attribute: text, operator, value: text })
const affinity: fc.Arbitrary<Affinity> = record({ attribute: text, operator, value: text, weight: number })
const scope = record({
  constraints: sortedBy(fc.uniqueArray(constraint, { maxLength: 3, selector: ruleKey }), byRule),
  affinities: sortedBy(fc.uniqueArray(affinity, { maxLength: 3, selector: ruleKey }), byRule),
  meta: entries,
})

const spread: fc.Arbitrary<Spread> = record({
  attribute: key,
  weight: number,
  targets: sortedBy(fc.uniqueArray(record({ value: key, percent: number }), { maxLength: 3, selector: (one) => one.value }), (a, b) =>
    compareText(a.value, b.value),
  ),
})

const config: fc.Arbitrary<TaskConfig> = fc.record(
  {
    image: text,
    command: text,
    args: fc.array(text, { maxLength: 3 }),
    entrypoint: fc.array(text, { maxLength: 3 }),
    workDir: text,
    user: text,
    volumes: sortedBy(
      fc.uniqueArray(
        fc.tuple(name, key).map(([a, b]) => `${a}:/${b}`),
        { maxLength: 3, selector: containerPath },
      ),
      byContainerPath,
    ),
    privileged: fc.boolean(),
    readOnlyRoot: fc.boolean(),
  },
  { requiredKeys: ['args', 'volumes', 'privileged', 'readOnlyRoot'], noNullPrototype: true },
)

const check = fc.record(
  {
    name,
    type: fc.constantFrom(...checkTypes),
    port: text,
    path: text,
    method: fc.constantFrom(...checkMethods),
    headers: entries,
    body: text,
    command: text,
    args: fc.array(text, { maxLength: 3 }),
    intervalMs: count,
    timeoutMs: count,
    successBeforePassing: count,
    failuresBeforeCritical: count,
    onUpdate: fc.constantFrom('require_healthy', 'ignore'),
    checkRestart: record({ limit: count, graceMs: count }),
  },
  {
    requiredKeys: [
      'name',
      'type',
      'headers',
      'args',
      'intervalMs',
      'timeoutMs',
      'successBeforePassing',
      'failuresBeforeCritical',
      'onUpdate',
      'checkRestart',
    ],
    noNullPrototype: true,
  },
) as fc.Arbitrary<CheckSpec>

const template = fc.record(
  { destination: key, data: text, perms: text, changeMode: fc.constantFrom(...changeModes), changeSignal: text, splayMs: count },
  { requiredKeys: ['destination', 'data', 'perms', 'changeMode', 'splayMs'], noNullPrototype: true },
) as fc.Arbitrary<TemplateSpec>
const templates = sortedBy(fc.uniqueArray(template, { maxLength: 2, selector: (one) => one.destination }), (a, b) =>
  compareText(a.destination, b.destination),
).map((all) => (all.length === 0 ? {} : { templates: all }))
const artifact = record<ArtifactSpec>({ destination: key, source: text, checksum: text, perms: text })
const artifacts = sortedBy(fc.uniqueArray(artifact, { maxLength: 2, selector: (one) => one.destination }), (a, b) =>
  compareText(a.destination, b.destination),
).map((all) => (all.length === 0 ? {} : { artifacts: all }))
const variables = entries.map((all) => (Object.keys(all).length === 0 ? {} : { variables: all }))

const device = record({ name: key, count, constraints: sortedBy(fc.uniqueArray(constraint, { maxLength: 2, selector: ruleKey }), byRule) })
const devices = sortedBy(fc.uniqueArray(device, { maxLength: 2, selector: (one) => one.name }), byName).map((all) =>
  all.length === 0 ? {} : { devices: all },
)

const delay = fc.record({ shutdownDelayMs: fc.integer({ min: 1, max: 1_000_000 }) }, { requiredKeys: [], noNullPrototype: true })
const lifecycle: fc.Arbitrary<TaskLifecycle> = record({ hook: fc.constantFrom(...lifecycleHooks), sidecar: fc.boolean() })

const task: fc.Arbitrary<TaskSpec> = fc
  .tuple(
    scope,
    record({
      name,
      driver: fc.constantFrom(...driverNames),
      config,
      env: entries,
      resources: record({ cpuMhz: count, memoryMib: count }),
      killTimeoutMs: count,
      killSignal: text,
      logs: record({ maxFiles: count, maxFileSizeMib: count }),
    }),
    sortedBy(fc.uniqueArray(check, { maxLength: 2, selector: (one) => one.name }), byName),
    delay,
    fc.record({ lifecycle, leader: fc.constant(true as const) }, { requiredKeys: [], noNullPrototype: true }),
    fc.oneof(
      fc.constant({}),
      text.map((dispatchPayloadFile) => ({ dispatchPayloadFile })),
    ),
    templates,
    devices,
    artifacts,
  )
  .map(([a, b, checks, ...others]) => Object.assign({ ...a, ...b, ...(checks.length === 0 ? {} : { checks }) }, ...others) as TaskSpec)

const disconnect: fc.Arbitrary<GroupSpec['disconnect']> = record({
  replace: fc.boolean(),
  replaceAfterMs: count,
  lostAfterMs: fc.option(count),
  stopOnClientAfterMs: fc.option(count),
  reconcile: fc.constantFrom('best_score', 'keep_original', 'keep_replacement', 'longest_running'),
  partition: fc.constantFrom('half', 'any'),
}).map((one) => ({ ...one, lostAfterMs: one.lostAfterMs ?? 604_800_000, lostAfterExplicit: one.lostAfterMs !== null }))

const policies = record({
  restart: record({ attempts: count, intervalMs: count, delayMs: count, mode: fc.constantFrom('fail', 'delay') }),
  reschedule: record({
    unlimited: fc.boolean(),
    attempts: count,
    intervalMs: count,
    delayMs: count,
    maxDelayMs: count,
    delayFunction: fc.constantFrom('constant', 'exponential', 'fibonacci'),
  }),
  update: fc.record(
    {
      maxParallel: count,
      minHealthyMs: count,
      healthyDeadlineMs: count,
      progressDeadlineMs: count.filter((ms) => ms !== progressDeadlineMs),
      canary: count.filter((copies) => copies !== 0),
      autoPromote: fc.constant(true),
      autoRevert: fc.constant(true),
    },
    { requiredKeys: ['maxParallel', 'minHealthyMs', 'healthyDeadlineMs'], noNullPrototype: true },
  ),
  migrate: fc.record(
    {
      maxParallel: count,
      healthCheck: fc.constantFrom('checks', 'task_states'),
      minHealthyMs: count,
      healthyDeadlineMs: count,
    },
    { requiredKeys: ['maxParallel', 'healthCheck'], noNullPrototype: true },
  ),
  disconnect,
}).map(({ migrate, ...policies }) => ({ ...policies, ...migrateSaid(migrate as MigratePolicy) })) as fc.Arbitrary<
  Pick<GroupSpec, 'restart' | 'reschedule' | 'update' | 'migrate' | 'disconnect'>
>

const port = record({ label: name, static: fc.option(fc.integer({ min: 1, max: 65_535 })), to: fc.option(number) })

const group: fc.Arbitrary<GroupSpec> = fc
  .tuple(
    scope,
    policies,
    record({
      name,
      count,
      spread: sortedBy(fc.uniqueArray(spread, { maxLength: 2, selector: (one) => one.attribute }), (a, b) =>
        compareText(a.attribute, b.attribute),
      ),
      network: record({
        mode: fc.constantFrom('host', 'bridge'),
        ports: sortedBy(fc.uniqueArray(port, { maxLength: 3, selector: (one) => one.label }), (a, b) => compareText(a.label, b.label)),
      }),
      diskMib: count,
      tasks: sortedBy(fc.uniqueArray(task, { minLength: 1, maxLength: 2, selector: (one) => one.name }), byName),
    }),
    delay,
  )
  .map((parts) => Object.assign({}, ...parts) as GroupSpec)

const periodic: fc.Arbitrary<PeriodicSpec> = record({
  crons: fc.array(text, { maxLength: 3 }),
  timeZone: text,
  prohibitOverlap: fc.boolean(),
  enabled: fc.boolean(),
  missed: fc.constantFrom('skip', 'last'),
  horizonMs: count,
  withoutTime: fc.constantFrom('hold', 'run'),
  since: count,
  forced: count,
})

const parameterized = fc
  .tuple(fc.constantFrom(...payloadRules), fc.uniqueArray(key, { maxLength: 4 }), fc.nat(4))
  .map(([payload, keys, required]) => ({
    parameterized: {
      payload,
      metaRequired: keys.slice(0, required).sort(compareText),
      metaOptional: keys.slice(required).sort(compareText),
    },
  }))

/** Also one that takes several registers. */
const payload = fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.constant('QUJD'.repeat(5_000)))
const dispatched = fc
  .record({ parent: text, order: text, payload }, { requiredKeys: ['parent', 'order'], noNullPrototype: true })
  .map((one) => ({ dispatched: one }))

export const anySpec: fc.Arbitrary<JobSpec> = fc
  .tuple(
    scope,
    record({
      namespace: name,
      name,
      type: fc.constantFrom(...jobTypes),
      pool: name,
      priority: number,
      groups: sortedBy(fc.uniqueArray(group, { maxLength: 2, selector: (one) => one.name }), byName),
    }),
    fc.oneof(fc.constant({}), record({ periodic })),
    fc.oneof(fc.constant({}), parameterized),
    fc.oneof(fc.constant({}), dispatched),
    variables,
  )
  .map((parts) => Object.assign({}, ...parts) as JobSpec)
