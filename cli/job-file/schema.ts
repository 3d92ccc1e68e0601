// What a job file may say: every key, its shape and what is allowed there. This page is the reference of the format. It checks
// shapes only; what values mean together (a docker task needs an image, deadlines in order) is checked by
// `crdt/documents/job-rules.ts`, which guards the documents too. All keys are optional unless `required` says otherwise.

import { isName, nameRule } from '../../crdt/ids.ts'
import { deviceLimits, deviceNameRule } from '../../crdt/devices.ts'
import { modelLimits } from '../../crdt/documents/model-limits.ts'
import { changeModes } from '../../crdt/given-files.ts'
import {
  checkMethods,
  checkTypes,
  constraintOperators,
  driverNames,
  healthChecks,
  jobTypes,
  lifecycleHooks,
  payloadRules,
} from '../../crdt/spec.ts'
import { operatorAliases } from './operators.ts'
import {
  type Rule,
  block,
  clock,
  duration,
  flag,
  integer,
  listOf,
  mapOf,
  name,
  oneOf,
  optional,
  size,
  text,
  timeZone,
  words,
} from './rules.ts'

const portMax = 65_535

function shape(required: Readonly<Record<string, Rule>>, others: Readonly<Record<string, Rule>>): Rule {
  const rest = Object.entries(others).map(([key, rule]) => [key, optional(rule)] as const)
  return block({ ...required, ...Object.fromEntries(rest) })
}

const named = (rule: Rule, what: string): Rule => mapOf(rule, what, isName, `a name: ${nameRule}`)
const texts = (what: string): Rule => mapOf(text(), what, (key) => key !== '', 'a name that is not empty')

/** Nomad's other words, too; the remark names them, so that a message shows each operator once. */
const operator = (): Rule => {
  const aliases = Object.entries(operatorAliases).map(([alias, word]) => `${alias} for ${word}`)
  return { ...oneOf(constraintOperators, `; or ${aliases.join(', ')}`), values: [...constraintOperators, ...Object.keys(operatorAliases)] }
}

const constraint = (what = 'an attribute such as ${attr.cpu.arch} or ${label.disk}'): Rule =>
  shape({}, { attribute: words(what), operator: operator(), value: text() })

const affinity = (): Rule =>
  shape(
    { attribute: words('an attribute such as ${attr.cpu.arch} or ${label.disk}') },
    { operator: operator(), value: text(), weight: integer(-100, 100) },
  )

const placement = (): Record<string, Rule> => ({
  constraints: listOf(constraint(), 'constraints: { attribute, operator, value }'),
  affinities: listOf(affinity(), 'affinities: { attribute, operator, value, weight }'),
  meta: texts('names to texts'),
})

const spread = (): Rule =>
  shape(
    { attribute: words('an attribute such as ${label.rack}') },
    { weight: integer(1, 100), targets: mapOf(integer(0, 100), 'values to percents', (key) => key !== '', 'a value that is not empty') },
  )

const restart = (): Rule =>
  shape({}, { attempts: integer(0, 1_000_000), interval: duration(), delay: duration(), mode: oneOf(['fail', 'delay']) })

const reschedule = (): Rule =>
  shape(
    {},
    {
      unlimited: flag(),
      attempts: integer(0, 1_000_000),
      interval: duration(),
      delay: duration(),
      delay_function: oneOf(['constant', 'exponential', 'fibonacci']),
      max_delay: duration(),
    },
  )

const update = (): Rule =>
  shape(
    {},
    {
      max_parallel: integer(0, modelLimits.countMax),
      min_healthy_time: duration(),
      healthy_deadline: duration(),
      progress_deadline: duration(),
      canary: integer(0, modelLimits.countMax),
      auto_promote: flag(),
      auto_revert: flag(),
    },
  )

const migrate = (): Rule =>
  shape(
    {},
    {
      max_parallel: integer(0, modelLimits.countMax),
      health_check: oneOf(healthChecks),
      min_healthy_time: duration(),
      healthy_deadline: duration(),
    },
  )

const disconnect = (): Rule =>
  shape(
    {},
    {
      replace: flag(),
      replace_after: duration(),
      lost_after: duration(),
      stop_on_client_after: duration(),
      reconcile: oneOf(['best_score', 'keep_original', 'keep_replacement', 'longest_running']),
      partition: oneOf(['half', 'any'], ' (majority comes with a later version)'),
    },
  )

const port = (): Rule => shape({}, { static: integer(1, portMax), to: integer(1, portMax) })

const network = (): Rule => shape({}, { mode: oneOf(['host', 'bridge']), ports: named(port(), 'labels to ports: { static, to }') })

const config = (): Rule =>
  shape(
    {},
    {
      image: words('the name of an image, such as nginx:1.29'),
      command: words('a program'),
      args: listOf(text(), 'texts'),
      entrypoint: listOf(text(), 'texts'),
      work_dir: words('a folder'),
      user: text('a user name or number'),
      volumes: listOf(words('host-path-or-volume:container-path[:ro]'), 'volumes: host-path-or-volume:container-path[:ro]'),
      privileged: flag(),
      read_only_root: flag(),
    },
  )

const checkShape = (): Rule =>
  shape(
    { type: oneOf(checkTypes, ' (Nomad’s script is exec)'), interval: duration(), timeout: duration() },
    {
      port: words('the label of a port'),
      path: words('a path that begins with /'),
      method: oneOf(checkMethods),
      header: texts('names to texts'),
      body: text('one line of text'),
      command: words('a program'),
      args: listOf(text(), 'texts'),
      success_before_passing: integer(0, modelLimits.checkCountMax),
      failures_before_critical: integer(0, modelLimits.checkCountMax),
      on_update: oneOf(['require_healthy', 'ignore']),
      check_restart: shape({}, { limit: integer(0, modelLimits.checkCountMax), grace: duration() }),
    },
  )

const template = (): Rule =>
  shape(
    { data: text(), destination: words('a path below the task’s folder') },
    {
      perms: text('three octal digits, such as 0644'),
      change_mode: oneOf(changeModes),
      change_signal: words('a signal such as SIGHUP'),
      splay: duration(),
    },
  )

const device = (): Rule =>
  shape(
    { name: words(deviceNameRule) },
    {
      count: integer(1, deviceLimits.countMax),
      constraints: listOf(constraint('an attribute such as ${device.attr.serial}'), 'constraints: { attribute, operator, value }'),
    },
  )

const artifact = (): Rule =>
  shape(
    {
      source: words('an address that begins with https:// or http://'),
      checksum: words('sha256: and 64 hexadecimal digits, as sha256sum prints them'),
      destination: words('a path below the task’s folder'),
    },
    { perms: text('three octal digits, such as 0755') },
  )

const task = (): Rule =>
  shape(
    { driver: oneOf(driverNames) },
    {
      config: config(),
      env: texts('names to texts'),
      ...placement(),
      resources: shape(
        {},
        { cpu: clock(), memory: size(), devices: listOf(device(), 'requests for devices: { name, count, constraints }') },
      ),
      kill_timeout: duration(),
      kill_signal: words('a signal such as SIGTERM'),
      shutdown_delay: duration(),
      lifecycle: shape({ hook: oneOf(lifecycleHooks, ' (main tasks have no lifecycle block)') }, { sidecar: flag() }),
      leader: flag(),
      logs: shape({}, { max_files: integer(1, 1000), max_file_size: size() }),
      dispatch_payload: shape({ file: words('the name of a file') }, {}),
      templates: listOf(template(), 'templates: { data, destination, change_mode }'),
      artifacts: listOf(artifact(), 'artifacts: { source, checksum, destination }'),
      checks: named(checkShape(), 'names to checks'),
    },
  )

const parameterized = (): Rule =>
  shape(
    {},
    {
      payload: oneOf(payloadRules),
      meta_required: listOf(text(), 'names of metadata that a dispatch must give'),
      meta_optional: listOf(text(), 'names of metadata that a dispatch may give'),
    },
  )

const group = (): Rule =>
  shape(
    { tasks: named(task(), 'names to tasks') },
    {
      count: integer(0, modelLimits.countMax),
      ...placement(),
      spread: listOf(spread(), 'spreads: { attribute, weight, targets }'),
      restart: restart(),
      reschedule: reschedule(),
      update: update(),
      migrate: migrate(),
      disconnect: disconnect(),
      network: network(),
      disk: size(),
      shutdown_delay: duration(),
    },
  )

const cron = (): Rule => words('a cron pattern such as 0 3 * * *, or with seconds 0 0 3 * * *')

const periodic = (): Rule =>
  shape(
    {},
    {
      cron: cron(),
      crons: listOf(cron(), 'cron patterns'),
      time_zone: timeZone(),
      prohibit_overlap: flag(),
      enabled: flag(),
      missed: oneOf(['skip', 'last']),
      horizon: duration(),
      without_time: oneOf(['hold', 'run']),
    },
  )

export const jobSchema = (): Rule =>
  shape(
    { job: name('the job’s name'), groups: named(group(), 'names to groups') },
    {
      namespace: name('a namespace'),
      type: oneOf(jobTypes),
      pool: name('the name of a pool'),
      priority: integer(1, 100),
      variables: texts('names to texts'),
      periodic: periodic(),
      ...placement(),
      parameterized: parameterized(),
    },
  )
