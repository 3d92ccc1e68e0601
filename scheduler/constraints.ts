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
  return name === undefined ? undefined : valueOnNode(name, node)
}

function valueOnNode(name: string, node: NodeView): string | undefined {
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

type Test<T> = (subject: T) => boolean

/**
 * Whether a node meets the constraint; a missing left side passes only `!=` and `is_not_set`. What the value says is read once, here:
 * the test is asked of every node.
 */
export function testOf(constraint: Constraint | Affinity): Test<NodeView> {
  return testFor(constraint, valueOnNode)
}

/** The same of whatever has values by name. */
export function testFor<T>(constraint: Constraint | Affinity, valueOf: (name: string, subject: T) => string | undefined): Test<T> {
  const side = (target: string): Side<T> | null => {
    const name = targetPattern.exec(target)?.[1]
    return name === undefined ? null : (subject) => valueOf(name, subject)
  }
  const left: Side<T> = side(constraint.attribute) ?? (() => undefined)
  const right: Side<T> = side(constraint.value) ?? (() => constraint.value)
  switch (constraint.operator) {
    case 'distinct_hosts':
      return () => true
    case 'is_set':
    case 'distinct_property':
      return (one) => left(one) !== undefined
    case 'is_not_set':
      return (one) => left(one) === undefined
    case '!=':
      return (one) => left(one) !== right(one)
    default:
      return both(left, right, comparison(constraint))
  }
}

type Side<T> = (subject: T) => string | undefined
type Comparison = (left: string, right: string) => boolean

function both<T>(left: Side<T>, right: Side<T>, compare: Comparison): Test<T> {
  return (subject) => {
    const [a, b] = [left(subject), right(subject)]
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
