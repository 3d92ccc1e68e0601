// Rules for the checks of one task: what each type needs and what it cannot do, and whether a copy could ever be healthy with them.

import { type CheckSpec, type GroupSpec, type HealthRule, migrateOf } from '../spec.ts'
import { durationText, shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { encodePart } from './path-part.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, checkName, checkUnique, fault, inside } from './rule-report.ts'
import { checkFields as fields } from './spec-fields.ts'
import { hasControls } from './text-size.ts'

export function checkChecks(report: RuleReport, checks: readonly CheckSpec[], group: GroupSpec): void {
  checkCount(report, 'checks', checks.length, 0, modelLimits.checksMax)
  checkUnique(
    report,
    'check',
    checks.map((check) => check.name),
    (name) => `checks/${name}`,
  )
  for (const check of checks) {
    const at = inside(report, 'checks', check.name)
    checkName(at, '', check.name)
    checkFields(at, fields, check)
    checkHeaders(at, check.headers)
    checkType(at, check, group)
    checkTimes(at, check, group)
  }
}

/** What a type would ignore is refused, so that nobody believes in a path that nobody asks for. */
function checkType(report: RuleReport, check: CheckSpec, { network }: GroupSpec): void {
  const { type, port, path, method, body, command, args, headers } = check
  const isExec = type === 'exec'
  if (isExec && command === undefined) fault(report, 'command', 'nothing', 'a program: an exec check runs one')
  const labels = network.ports.map(({ label }) => label)
  const allowed = labels.length === 0 ? 'the label of a port: declare one in network.ports of the group' : labels.join(', ')
  if (!isExec && (port === undefined || !labels.includes(port)))
    fault(report, 'port', port === undefined ? 'nothing' : shown(port), allowed)
  if (path !== undefined && !/^\/[!-~]*$/.test(path)) fault(report, 'path', shown(path), 'a path that begins with /, without spaces')
  const ofOthers: readonly (readonly [field: string, isOthers: boolean, found: string | undefined])[] = [
    ['port', isExec, port],
    ['path', type !== 'http', path],
    ['method', type !== 'http', method],
    ['body', type !== 'http', body],
    ['header', type !== 'http', Object.keys(headers)[0]],
    ['command', !isExec, command],
    ['args', !isExec, args[0]],
  ]
  for (const [field, isOthers, found] of ofOthers)
    if (isOthers && found !== undefined) fault(report, field, shown(found), `nothing in a check of type ${type}`)
}

function checkHeaders(report: RuleReport, headers: Readonly<Record<string, string>>): void {
  checkEntries(report, 'header', headers)
  for (const [name, value] of Object.entries(headers)) {
    const at = `header/${encodePart(name)}`
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) fault(report, at, `the name ${shown(name)}`, 'the name of an HTTP header')
    else if (hasControls(value)) fault(report, at, shown(value), 'one line of text')
    else if (/[^\t\u0020-\u00ff]/.test(value)) fault(report, at, shown(value), 'text of one byte a letter (Latin-1), as HTTP sends it')
  }
}

function checkTimes(report: RuleReport, check: CheckSpec, group: GroupSpec): void {
  const { intervalMs, timeoutMs } = check
  if (timeoutMs > intervalMs)
    fault(
      report,
      'timeout',
      durationText(timeoutMs),
      `no more than the interval, ${durationText(intervalMs)}: a check never overlaps itself`,
    )
  if (check.onUpdate !== 'require_healthy') return
  checkSoonEnough(report, check, group.update, 'healthy_deadline')
  if (group.migrate?.healthCheck === 'checks') checkSoonEnough(report, check, migrateOf(group), 'healthy_deadline of migrate')
}

function checkSoonEnough(
  report: RuleReport,
  { intervalMs, successBeforePassing }: CheckSpec,
  { minHealthyMs, healthyDeadlineMs }: Pick<HealthRule, 'minHealthyMs' | 'healthyDeadlineMs'>,
  deadline: string,
): void {
  if (Math.max(0, successBeforePassing - 1) * intervalMs + minHealthyMs < healthyDeadlineMs) return
  fault(
    report,
    'success_before_passing',
    `${successBeforePassing} at intervals of ${durationText(intervalMs)}`,
    `so few that a copy can be healthy within ${deadline}, ${durationText(healthyDeadlineMs)}; or on_update: ignore`,
  )
}
