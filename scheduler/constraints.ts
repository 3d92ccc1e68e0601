// Hard filters on a node's attributes: which value a target means, and whether a constraint holds. Words and meanings are Nomad's.
// `distinct_hosts` and `distinct_property` are about other copies, not about the node: `feasibility.ts` judges them.

import { compareText } from '../crdt/ids.ts'
import { readPattern } from '../crdt/pattern.ts'
import type { Affinity, Constraint } from '../crdt/spec.ts'
import { type VersionKind, meetsVersion, parseVersion, parseVersionConstraint } from '../crdt/version.ts'
import type { NodeView } from '../crdt/view.ts'

const targetPattern = /^\$\{\s*([^}\s]+)\s*\}$/

/** The value of `${…}` on a node; undefined: not set, or no such target. */
export function targetValue(target: string, node: NodeView): string | undefined {
  const name = targetPattern.exec(target)?.[1]
  if (name === undefined) return undefined
  switch (name) {
    case 'node.unique.id':
      return node.id
    case 'node.unique.name':
      return node.name
    case 'node.pool':
      return node.pool
  }
  if (name.startsWith('attr.')) return own(node.attributes, name.slice('attr.'.length))
  if (name.startsWith('meta.')) return own(node.labels, name.slice('meta.'.length))
  if (name.startsWith('label.')) return own(node.labels, name.slice('label.'.length))
  return undefined
}

/** Names come from operators: `constructor` must not find what every object inherits. */
function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}

type Test = (node: NodeView) => boolean

/**
 * Whether a node meets the constraint; a missing left side passes only `!=` and `is_not_set`. What the value says is read once, here:
 * the test is asked of every node.
 */
export function testOf(constraint: Constraint | Affinity): Test {
  const left: Side = (node) => targetValue(constraint.attribute, node)
  const right: Side = targetPattern.test(constraint.value) ? (node) => targetValue(constraint.value, node) : () => constraint.value
  switch (constraint.operator) {
    case 'distinct_hosts':
      return () => true
    case 'is_set':
    case 'distinct_property':
      return (node) => left(node) !== undefined
    case 'is_not_set':
      return (node) => left(node) === undefined
    case '!=':
      return (node) => left(node) !== right(node)
    default:
      return both(left, right, comparison(constraint))
  }
}

type Side = (node: NodeView) => string | undefined
type Comparison = (left: string, right: string) => boolean

function both(left: Side, right: Side, compare: Comparison): Test {
  return (node) => {
    const [a, b] = [left(node), right(node)]
    return a !== undefined && b !== undefined && compare(a, b)
  }
}

function comparison({ operator, value }: Constraint | Affinity): Comparison {
  switch (operator) {
    case '=':
      return (left, right) => left === right
    case '<':
      return (left, right) => compareValues(left, right) < 0
    case '<=':
      return (left, right) => compareValues(left, right) <= 0
    case '>':
      return (left, right) => compareValues(left, right) > 0
    case '>=':
      return (left, right) => compareValues(left, right) >= 0
    case 'regexp':
      return matching(value)
    case 'version':
    case 'semver':
      return (left, right) => isVersionMet(left, right, operator)
    case 'set_contains':
      return (left, right) => listOf(right).every((item) => listOf(left).includes(item))
    case 'set_contains_any':
      return (left, right) => listOf(right).some((item) => listOf(left).includes(item))
    default:
      // A word of a newer agent: such a specification is not in force here.
      return () => false
  }
}

function matching(text: string): Comparison {
  const pattern = readPattern(text)
  return pattern.ok ? pattern.isFoundIn : () => false
}

/** What cannot be read, on either side, meets nothing. */
function isVersionMet(text: string, constraint: string, kind: VersionKind): boolean {
  const version = parseVersion(text, kind)
  const clauses = parseVersionConstraint(constraint, kind)
  return version !== null && clauses !== null && meetsVersion(version, clauses, kind)
}

/** `distinct_hosts` is on unless its value says `false`; what cannot be read counts as on, as in Nomad. */
export function asksDistinctHosts(constraints: readonly Constraint[]): boolean {
  return constraints.some((constraint) => constraint.operator === 'distinct_hosts' && constraint.value.toLowerCase() !== 'false')
}

function listOf(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

const decimalPattern = /^([+-]?)(\d+)(?:\.(\d+))?$/

/** As numbers when both are decimal numbers, else as text. Exact: no floating point takes part. */
export function compareValues(a: string, b: string): number {
  const left = decimalPattern.exec(a.trim())
  const right = decimalPattern.exec(b.trim())
  if (left === null || right === null) return compareText(a, b)
  const digits = Math.max(left[3]?.length ?? 0, right[3]?.length ?? 0)
  const x = scaled(left, digits)
  const y = scaled(right, digits)
  return x < y ? -1 : x > y ? 1 : 0
}

function scaled(match: RegExpExecArray, digits: number): bigint {
  const value = BigInt((match[2] ?? '0') + (match[3] ?? '').padEnd(digits, '0'))
  return match[1] === '-' ? -value : value
}
