// The whitelist of registers, one table for each kind of document: the gate asks it about every write before anything is merged.
// Strict about paths, kinds and sizes, silent about meaning (a priority of 500 is a matter for `job-rules.ts`).
//
// Agents of different versions live together for weeks, so there are two doors for what this version does not know yet, both
// bounded in shape and size: below `spec/` in a job (kept and passed on; the specification then does not validate here, it "needs a
// newer agent", and the newest one that does stays in force), and below `x/` in any document (kept, passed on and ignored).
// So whoever reads one of these, such as `x/paused` of a job, must bear any value there.
// A newer agent may write a new field of a node, ops or fleet document only below `x/` until no older agent is left.

import { type DocKind, isName, nameRule } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { claimStates } from '../view.ts'
import { jobDefaults } from './defaults.ts'
import { metaRules } from './dispatch-codec.ts'
import { type Field, gateCheck } from './field.ts'
import { admissionModes, tokenModes } from './fleet.ts'
import { modelLimits } from './model-limits.ts'
import { findPath, isBoundedPath, pathTable } from './path-table.ts'
import { artifactFields, checkFields, deviceFields, groupFields, jobFields, taskFields, templateFields } from './spec-fields.ts'
import { type ValueCheck, anyScalar, flag, integer, line, matching, oneOf, text } from './value-kind.ts'

type Patterns = readonly (readonly [string, ValueCheck])[]

const poolName: ValueCheck = (value) => (typeof value === 'string' && isName(value) ? null : `expected the name of a pool (${nameRule})`)
const word = line(modelLimits.wordBytesMax)
const words = line(modelLimits.lineBytesMax)
const value = text(modelLimits.valueBytesMax)
const count = integer(0)
const form = matching(/^[0-9a-f]{16}$/, '16 hex digits')
const version = matching(/^[0-9]{1,15}\.[0-9]{1,15}\.[0-9a-f]{16}$/, 'a version: epoch.count.hash')
// So that signing, display and Date agree on it; the year 9999.
const wallMs = integer(0, 253_402_300_799_999)

function fieldsBelow<T>(prefix: string, fields: readonly Field<T>[]): Patterns {
  return fields.map((one) => [prefix + one.register, gateCheck(one)] as const)
}

function rulesBelow(prefix: string): Patterns {
  return [
    [`${prefix}constraints/:hash`, value],
    [`${prefix}affinities/:hash`, value],
    [`${prefix}meta/:key`, value],
  ]
}

const group = 'spec/groups/:name/'
const task = `${group}tasks/:name/`
const slot = ':name/:name/:name/:place/'

/** An admin's word about what a revoked key wrote; another number each time, since a change is what says how far it goes. */
const wordTable: Patterns = [['vouch/:peer', integer(1)]]

const jobTable: Patterns = [
  ['state/desired', oneOf('run', 'stopped', 'removed')],
  ['state/by', word],
  ['state/note', words],
  ...wordTable,
  ['release/:peer', integer(1)],
  ['wish/:name/:place/restart', count],
  ['wish/:name/:place/stop_generation', count],
  ...fieldsBelow('spec/', jobFields),
  ...rulesBelow('spec/'),
  ['spec/variables/:key', value],
  ['spec/parameterized/meta/:key', oneOf(...metaRules)],
  ['spec/dispatched/payload/:index', text(modelLimits.payloadPartBytesMax)],
  ...fieldsBelow(group, groupFields(jobDefaults)),
  ...rulesBelow(group),
  [`${group}spread/:key/weight`, integer()],
  [`${group}spread/:key/targets/:key`, integer()],
  [`${group}network/ports/:name/static`, integer()],
  [`${group}network/ports/:name/to`, integer()],
  ...fieldsBelow(task, taskFields),
  ...rulesBelow(task),
  [`${task}env/:key`, value],
  [`${task}config/volumes/:key`, words],
  [`${task}templates/:key/data`, text(modelLimits.templateBytesMax)],
  ...fieldsBelow(`${task}templates/:key/`, templateFields),
  ...fieldsBelow(`${task}resources/devices/:key/`, deviceFields),
  [`${task}resources/devices/:key/constraints/:hash`, value],
  ...fieldsBelow(`${task}artifacts/:key/`, artifactFields),
  ...fieldsBelow(`${task}checks/:name/`, checkFields),
  [`${task}checks/:name/header/:key`, value],
]

const claimTable: Patterns = [
  ['alloc', form],
  ['generation', integer(1)],
  ['version', version],
  ['form', form],
  ['state', oneOf(...claimStates)],
  ['healthy', flag],
  ['reason', words],
  ['started_at', wallMs],
  ['restarts', count],
  ['restart_seen', count],
  ['port/:name', integer(1, 65_535)],
  ['cpu_mhz', count],
  ['memory_mib', count],
  ['disk_mib', count],
  ['task/:name/state', oneOf('pending', 'running', 'dead')],
  ['task/:name/restarts', count],
  ['task/:name/event', words],
  ['task/:name/failed', flag],
  ['over/:peer', integer(1)],
  ['lost/:peer', integer(1)],
]

const verdictTable: Patterns = [
  ['verdict', oneOf('healthy', 'failed')],
  ['reason', words],
  ['failures', count],
  ['generation', count],
]

const nodeTable: Patterns = [
  ['name', word],
  ['pool', word],
  ['left', flag],
  ['agent_version', word],
  ['plan_version', count],
  ['capacity/cpu_mhz', integer(0, modelLimits.mhzMax)],
  ['capacity/memory_mib', integer(0, modelLimits.mibMax)],
  ['capacity/disk_mib', integer(0, modelLimits.mibMax)],
  ['attr/:key', words],
  ['label/:key', words],
  ['driver/:key/healthy', flag],
  ['driver/:key/reason', words],
  ['image/:key', flag],
  ['dynamic_ports/first', integer(1, 65_535)],
  ['dynamic_ports/last', integer(1, 65_535)],
  ['addresses', text(modelLimits.listBytesMax)],
  ['receipt/fleet', word],
  ['receipt/job/:name/:name', word],
  ['receipt/ops/:peer', word],
  ...claimTable.map(([path, check]) => [`claim/${slot}${path}`, check] as const),
  ...verdictTable.map(([path, check]) => [`verdict/${slot}:hash/${path}`, check] as const),
]

const opsTable: Patterns = [
  ['admitted', poolName],
  ['evicted', flag],
  ['draining', flag],
  ['drain_ignores_system', flag],
  ['eligible', flag],
  ['weight', integer(-100, 100)],
  ['label/:key', words],
  ['by', word],
  ['note', words],
  ...wordTable,
]

const fleetTable: Patterns = [
  ['name', word],
  ['plan_version', integer(1)],
  ['operator/:peer/role', oneOf('admin', 'operator', 'viewer')],
  ['operator/:peer/name', word],
  ['operator/:peer/pools/:key', flag],
  ['operator/:peer/jobs/:key', flag],
  ['operator/:peer/until_ms', wallMs],
  ['recovery/:peer', integer(1, 1)],
  ['admission', oneOf(...admissionModes)],
  ['token/:peer/pool', poolName],
  ['token/:peer/mode', oneOf(...tokenModes)],
  ['token/:peer/count', integer(1)],
  ['token/:peer/until_ms', wallMs],
  ['token/:peer/name', word],
  ['revoked/:peer', integer(1)],
  ['kept/:sha256', integer(1)],
]

const tables = {
  job: pathTable(jobTable),
  node: pathTable(nodeTable),
  ops: pathTable(opsTable),
  fleet: pathTable(fleetTable),
} as const

/** null = fine, else words for the refusal. Never throws. */
export function checkRegister(kind: DocKind, path: string, value: Scalar): string | null {
  if (!isBoundedPath(path)) return `'${path.slice(0, 80)}' is not a well-formed path`
  const check = findPath(tables[kind], path) ?? openDoor(kind, path)
  if (check === null) return `a ${kind} document has no register '${path}'`
  const fault = value === null ? null : check(value)
  return fault === null ? null : `${path}: ${fault}`
}

function openDoor(kind: DocKind, path: string): ValueCheck | null {
  return path.startsWith('x/') || (kind === 'job' && path.startsWith('spec/')) ? anyScalar : null
}
