// Rules for one group, beyond the ranges of its fields: what its blocks mean together.

import { type GroupSpec, type HealthRule, type JobSpec, isPerNode, isRunOnce, migrateOf, progressDeadlineMs } from '../spec.ts'
import { updateDefaults } from './defaults.ts'
import { durationText, shown } from './fault.ts'
import { checkLifecycles } from './lifecycle-rules.ts'
import { modelLimits } from './model-limits.ts'
import { checkPlacement, checkSpreads } from './placement-rules.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, checkName, checkUnique, fault, inside } from './rule-report.ts'
import { groupFields } from './spec-fields.ts'
import { checkTask } from './task-rules.ts'

const portMax = 65_535
/** As Nomad: shorter ones cannot be told from no interval at all. */
const rescheduleIntervalMsMin = 15_000

export function checkGroup(report: RuleReport, group: GroupSpec, job: JobSpec): void {
  checkName(report, '', group.name)
  checkFields(report, groupFields(job), group)
  checkPlacement(report, 'group', group)
  checkSpreads(report, group.spread)
  checkEntries(report, 'meta', group.meta)
  if (isPerNode(job)) checkPerNode(report, group, job)
  if (isRunOnce(job)) checkRunOnce(report, group, job)
  checkRestart(report, group)
  checkReschedule(report, group)
  checkHealth(report, 'update', group.update)
  checkCanary(report, group)
  if (group.migrate !== undefined) checkMigrate(report, group, job)
  checkAutoRevert(report, group)
  checkNetwork(report, group)
  checkCount(report, 'tasks', group.tasks.length, 1, modelLimits.tasksMax)
  checkUnique(
    report,
    'task',
    group.tasks.map((task) => task.name),
    (name) => `tasks/${name}`,
  )
  checkLifecycles(report, group)
  for (const task of group.tasks) checkTask(inside(report, 'tasks', task.name), task, group)
}

/** As in Nomad: each node that suits has one copy, so there is nothing to prefer, to spread or to count. */
function checkPerNode(report: RuleReport, group: GroupSpec, { type }: JobSpec): void {
  if (group.count > 1) fault(report, 'count', String(group.count), `0 or 1 in a ${type} job: one copy on each node that suits`)
  for (const key of ['affinities', 'spread'] as const)
    if (group[key].length > 0) fault(report, key, String(group[key].length), `none in a ${type} job: every node that suits has a copy`)
  if (group.disconnect.stopOnClientAfterMs !== null)
    fault(
      report,
      'disconnect/stop_on_client_after',
      durationText(group.disconnect.stopOnClientAfterMs),
      `nothing in a ${type} job: nobody else takes its place`,
    )
  // One board whose copy fails would take the version back on all of them.
  if (group.update.autoRevert === true)
    fault(report, 'update/auto_revert', 'true', `nothing in a ${type} job: each board is a slot of its own`)
  // Nomad takes it for a part of the nodes, in per cent; a slot that is a node's has no room for a second copy.
  if (group.update.canary !== undefined)
    fault(report, 'update/canary', String(group.update.canary), `0 in a ${type} job: a copy cannot run beside the one of its own node`)
  for (const task of group.tasks)
    if (task.affinities.length > 0)
      fault(inside(report, 'tasks', task.name), 'affinities', String(task.affinities.length), `none in a ${type} job`)
}

/** As in Nomad: what ends by itself is not rolled out; copies that run take on a new version at once. */
function checkRunOnce(report: RuleReport, { update }: GroupSpec, { type }: JobSpec): void {
  const isSaid = (Object.keys(updateDefaults) as (keyof typeof update)[]).some((key) => update[key] !== updateDefaults[key])
  const isAdded = [update.canary, update.autoPromote, update.autoRevert, update.progressDeadlineMs].some((one) => one !== undefined)
  if (isSaid || isAdded) fault(report, 'update', 'an update block', `none in a ${type} job: its copies end by themselves`)
}

function checkRestart(report: RuleReport, { restart }: GroupSpec): void {
  const { attempts, delayMs, intervalMs, mode } = restart
  if (attempts * delayMs > intervalMs) {
    fault(report, 'restart/interval', durationText(intervalMs), `at least ${attempts} attempts × ${durationText(delayMs)} of delay`)
  }
  if (attempts === 0 && mode === 'delay') fault(report, 'restart/mode', 'delay with 0 attempts', 'fail, or attempts above 0')
}

function checkReschedule(report: RuleReport, { reschedule }: GroupSpec): void {
  const { attempts, delayMs, delayFunction, intervalMs, maxDelayMs, unlimited } = reschedule
  if (unlimited && attempts > 0)
    fault(report, 'reschedule/attempts', `${attempts} with unlimited: true`, 'attempts with unlimited: false, or neither')
  if (!unlimited && attempts > 0 && intervalMs < rescheduleIntervalMsMin) {
    fault(report, 'reschedule/interval', durationText(intervalMs), `at least ${durationText(rescheduleIntervalMsMin)} with attempts`)
  }
  if (delayFunction !== 'constant' && maxDelayMs < delayMs) {
    fault(report, 'reschedule/max_delay', durationText(maxDelayMs), `at least the delay, ${durationText(delayMs)}`)
  }
}

function checkHealth(report: RuleReport, block: string, rule: Pick<HealthRule, 'minHealthyMs' | 'healthyDeadlineMs'>): void {
  const { minHealthyMs, healthyDeadlineMs } = rule
  if (minHealthyMs < healthyDeadlineMs) return
  fault(report, `${block}/min_healthy_time`, durationText(minHealthyMs), `less than healthy_deadline, ${durationText(healthyDeadlineMs)}`)
}

/** As in Nomad: copies that end by themselves are waited for, and those of system jobs go nowhere. */
function checkMigrate(report: RuleReport, group: GroupSpec, { type }: JobSpec): void {
  if (type !== 'service') fault(report, 'migrate', 'a migrate block', `none in a ${type} job: no other node takes its copies over`)
  checkHealth(report, 'migrate', migrateOf(group))
}

function checkCanary(report: RuleReport, { update: { canary = 0, autoPromote } }: GroupSpec): void {
  if (autoPromote === true && canary === 0) fault(report, 'update/auto_promote', 'true without canaries', 'false, or update.canary above 0')
}

/** Only where it counts: a job from before, whose healthy_deadline is longer than a default that came later, stays valid. */
function checkAutoRevert(report: RuleReport, { update }: GroupSpec): void {
  const { autoRevert, healthyDeadlineMs, progressDeadlineMs: deadlineMs = progressDeadlineMs } = update
  if (autoRevert !== true || deadlineMs === 0 || deadlineMs > healthyDeadlineMs) return
  const allowed = `0, or more than healthy_deadline, ${durationText(healthyDeadlineMs)}`
  fault(report, 'update/progress_deadline', durationText(deadlineMs), allowed)
}

function checkNetwork(report: RuleReport, { network, tasks }: GroupSpec): void {
  const others = tasks.filter((task) => task.driver !== 'docker').map((task) => task.name)
  if (network.mode === 'bridge' && others.length > 0) {
    fault(report, 'network/mode', `bridge with tasks that are not docker: ${others.join(', ')}`, 'host, or docker tasks only')
  }
  checkCount(report, 'network/ports', network.ports.length, 0, modelLimits.portsMax)
  checkUnique(
    report,
    'port',
    network.ports.map((port) => port.label),
    (label) => `network/ports/${label}`,
  )
  const taken = new Map<number, string>()
  for (const port of network.ports) {
    const at = inside(report, 'network', 'ports', port.label)
    checkName(at, '', port.label)
    checkPort(at, 'static', port.static)
    checkPort(at, 'to', port.to)
    if (port.to !== null && network.mode === 'host')
      fault(at, 'to', String(port.to), 'nothing in host mode, where a port is the same inside; to needs mode bridge')
    const other = port.static === null ? undefined : taken.get(port.static)
    if (other !== undefined) fault(at, 'static', `${port.static}, also asked for by port ${other}`, 'each port once in a group')
    if (port.static !== null) taken.set(port.static, port.label)
  }
}

function checkPort(report: RuleReport, path: string, port: number | null): void {
  if (port === null) return
  if (!Number.isSafeInteger(port) || port < 1 || port > portMax) fault(report, path, shown(port), `1 to ${portMax}`)
}
