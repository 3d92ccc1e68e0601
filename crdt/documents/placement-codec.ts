// Constraints and affinities as registers. Their order has no meaning, so each is one register named by its content: the same rule
// added on both sides of a split is one rule, two different ones both stay. The value is an atomic JSON array.

import type { Affinity, Constraint, ConstraintOperator } from '../spec.ts'
import type { Value } from './register-tree.ts'

const offset = 0xcbf29ce484222325n
const prime = 0x100000001b3n
const mask = (1n << 64n) - 1n

/** FNV-1a, 64 bits, 16 hex digits: tells the rules of one job apart, nothing else depends on it. */
function contentId(text: string): string {
  let hash = offset
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * prime) & mask
  return hash.toString(16).padStart(16, '0')
}

function ruleId(rule: Constraint): string {
  return contentId(JSON.stringify([rule.attribute, rule.operator, rule.value]))
}

export function writeConstraint(rule: Constraint): readonly [id: string, value: string] {
  return [ruleId(rule), JSON.stringify([rule.attribute, rule.operator, rule.value])]
}

/** The weight is not part of the id: changing it changes the rule instead of adding one. */
export function writeAffinity(rule: Affinity): readonly [id: string, value: string] {
  return [ruleId(rule), JSON.stringify([rule.attribute, rule.operator, rule.value, rule.weight])]
}

/** null when the value is not what `writeConstraint` makes. Which operators there are is checked by the rules. */
export function readConstraint(value: Value): Constraint | null {
  const parts = jsonArray(value)
  const [attribute, operator, operand] = parts ?? []
  if (parts?.length !== 3 || typeof attribute !== 'string' || typeof operator !== 'string' || typeof operand !== 'string') return null
  return { attribute, operator: operator as ConstraintOperator, value: operand }
}

export function readAffinity(value: Value): Affinity | null {
  const parts = jsonArray(value)
  const weight = parts?.[3]
  if (parts?.length !== 4 || typeof weight !== 'number' || !Number.isSafeInteger(weight)) return null
  const rule = readConstraint(JSON.stringify(parts.slice(0, 3)))
  return rule === null ? null : { ...rule, weight }
}

/** A JSON array of strings, or null. */
export function readTexts(value: Value): readonly string[] | null {
  const list = jsonArray(value)
  return list !== null && list.every((one) => typeof one === 'string') ? list : null
}

function jsonArray(value: Value): unknown[] | null {
  if (typeof value !== 'string') return null
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) ? parsed : null
  } catch {
    return null
  }
}
