// Rules for where copies may and should run: constraints, affinities and spreads. Only words that the scheduler understands are let
// through: a constraint that quietly matched nothing, or everything, would be found out in an outage.

import { type Affinity, type Constraint, type ConstraintOperator, type Scope, type Spread, constraintOperators } from '../spec.ts'
import { readPattern } from '../pattern.ts'
import { parseVersionConstraint } from '../version.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { type RuleReport, checkCount, checkUnique, fault, inside, textFault } from './rule-report.ts'

const target = /^\$\{(node\.unique\.(id|name)|node\.pool|(attr|meta|label)\.[!-z|~]+)\}$/
const targetWords = '${attr.…}, ${label.…}, ${meta.…}, ${node.unique.name}, ${node.unique.id} or ${node.pool}'
const deviceTarget = /^\$\{device\.(key|type|vendor|model|attr\.[!-z|~]+)\}$/
const deviceTargetWords = '${device.attr.…}, ${device.vendor}, ${device.model}, ${device.type} or ${device.key}'
const withoutValue: readonly ConstraintOperator[] = ['is_set', 'is_not_set']
const aboutCopies: readonly ConstraintOperator[] = ['distinct_hosts', 'distinct_property']
const affinityOperators = constraintOperators.filter((one) => !withoutValue.includes(one) && !aboutCopies.includes(one))

export function checkPlacement(
  report: RuleReport,
  scope: Scope,
  block: { constraints: readonly Constraint[]; affinities: readonly Affinity[] },
): void {
  checkCount(report, 'constraints', block.constraints.length, 0, modelLimits.rulesMax)
  block.constraints.forEach((rule, index) => checkConstraint(inside(report, 'constraints', index), scope, rule))
  checkCount(report, 'affinities', block.affinities.length, 0, modelLimits.rulesMax)
  block.affinities.forEach((rule, index) => checkAffinity(inside(report, 'affinities', index), rule))
  // Two affinities that differ in weight only are one register, so one of them would be lost.
  checkUnique(
    report,
    'affinity',
    block.affinities.map((rule) => `${rule.attribute} ${rule.operator} ${rule.value}`),
    (_, index) => `affinities/${index}`,
  )
}

/** Those of a request for devices: each is asked of one device, not of a board. */
export function checkDeviceConstraints(report: RuleReport, constraints: readonly Constraint[]): void {
  checkCount(report, 'constraints', constraints.length, 0, modelLimits.rulesMax)
  constraints.forEach((rule, index) => {
    const at = inside(report, 'constraints', index)
    const known = constraintOperators.filter((one) => !aboutCopies.includes(one))
    if (!known.includes(rule.operator)) return fault(at, 'operator', shown(rule.operator), known.join(', '))
    if (!deviceTarget.test(rule.attribute) || rule.attribute.length > modelLimits.keyBytesMax)
      fault(at, 'attribute', shown(rule.attribute), deviceTargetWords)
    if (!withoutValue.includes(rule.operator)) {
      checkValue(at, rule.value)
      checkOperand(at, rule)
    } else if (rule.value !== '') fault(at, 'value', shown(rule.value), `nothing with ${rule.operator}`)
  })
}

function checkConstraint(report: RuleReport, scope: Scope, rule: Constraint): void {
  if (!constraintOperators.includes(rule.operator)) return fault(report, 'operator', shown(rule.operator), constraintOperators.join(', '))
  if (aboutCopies.includes(rule.operator) && scope === 'task')
    fault(report, 'operator', rule.operator, 'in a job or a group: all tasks of a copy run on one node')
  if (rule.operator === 'distinct_hosts') return checkDistinctHosts(report, rule)
  checkTarget(report, rule.attribute)
  if (withoutValue.includes(rule.operator)) {
    if (rule.value !== '') fault(report, 'value', shown(rule.value), `nothing with ${rule.operator}`)
    return
  }
  if (rule.operator === 'distinct_property') return checkDistinctProperty(report, rule)
  checkValue(report, rule.value)
  checkOperand(report, rule)
}

/** Values that have a language of their own. A version that is another attribute is read when it is compared. */
function checkOperand(report: RuleReport, rule: Constraint | Affinity): void {
  if (rule.operator !== 'regexp') return checkVersions(report, rule)
  const pattern = readPattern(rule.value)
  if (!pattern.ok) fault(report, 'value', shown(rule.value), pattern.allowed)
  else if (target.test(rule.value)) fault(report, 'value', shown(rule.value), 'a pattern with regexp, not another attribute')
}

function checkVersions(report: RuleReport, { operator, value }: Constraint | Affinity): void {
  if ((operator !== 'version' && operator !== 'semver') || value.startsWith('${')) return
  if (parseVersionConstraint(value, operator) !== null) return
  const example = operator === 'version' ? '>= 1.2, < 2 or ~> 1.4.2' : '>= 1.2.0, < 2.0.0'
  fault(report, 'value', shown(value), `versions to compare with, such as ${example}`)
}

function checkDistinctProperty(report: RuleReport, { value }: Constraint): void {
  if (value !== '' && (!/^[1-9][0-9]{0,4}$/.test(value) || Number(value) > modelLimits.countMax))
    fault(report, 'value', shown(value), `how many copies each value may have, 1 to ${modelLimits.countMax}, or nothing (1)`)
}

function checkDistinctHosts(report: RuleReport, rule: Constraint): void {
  if (rule.attribute !== '') fault(report, 'attribute', shown(rule.attribute), 'nothing with distinct_hosts')
  if (!['', 'true', 'false'].includes(rule.value)) fault(report, 'value', shown(rule.value), 'true, false or nothing with distinct_hosts')
}

function checkAffinity(report: RuleReport, rule: Affinity): void {
  if (!affinityOperators.includes(rule.operator)) fault(report, 'operator', shown(rule.operator), affinityOperators.join(', '))
  checkTarget(report, rule.attribute)
  checkValue(report, rule.value)
  checkOperand(report, rule)
  const { weight } = rule
  if (!Number.isSafeInteger(weight) || weight < -100 || weight > 100 || weight === 0)
    fault(report, 'weight', shown(weight), '-100 to 100, not 0')
}

export function checkSpreads(report: RuleReport, spreads: readonly Spread[]): void {
  checkCount(report, 'spread', spreads.length, 0, modelLimits.rulesMax)
  checkUnique(
    report,
    'attribute',
    spreads.map((spread) => spread.attribute),
    (_, index) => `spread/${index}/attribute`,
  )
  spreads.forEach((spread, index) => checkSpread(inside(report, 'spread', index), spread))
}

function checkSpread(report: RuleReport, spread: Spread): void {
  checkTarget(report, spread.attribute)
  if (!Number.isSafeInteger(spread.weight) || spread.weight < 1 || spread.weight > 100)
    fault(report, 'weight', shown(spread.weight), '1 to 100')
  checkCount(report, 'targets', spread.targets.length, 0, modelLimits.rulesMax)
  const targets = inside(report, 'targets')
  checkUnique(
    targets,
    'value',
    spread.targets.map((one) => one.value),
    (value) => value,
  )
  let sum = 0
  for (const { value, percent } of spread.targets) {
    const valueFault = textFault(value, modelLimits.keyBytesMax)
    if (valueFault !== null) fault(report, 'targets', `the value ${shown(value)}`, valueFault)
    if (!Number.isSafeInteger(percent) || percent < 0 || percent > 100)
      fault(inside(targets, value), '', shown(percent), '0 to 100 percent')
    else sum += percent
  }
  if (sum > 100) fault(report, 'targets', `${sum} percent in all`, 'at most 100 percent in all')
}

function checkTarget(report: RuleReport, attribute: string): void {
  if (!target.test(attribute) || attribute.length > modelLimits.keyBytesMax) fault(report, 'attribute', shown(attribute), targetWords)
}

function checkValue(report: RuleReport, value: string): void {
  const words = textFault(value, modelLimits.lineBytesMax)
  if (words !== null) fault(report, 'value', shown(value), words)
}
