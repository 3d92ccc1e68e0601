// The vocabulary in which `schema.ts` is written: small builders of fastest-validator rules. Each rule carries in words what it
// allows (`messages`), so a fault can always say it. Builders return fresh objects: the validator caches by identity and treats
// a shared one as a cycle.

import { isName, nameRule } from '../../crdt/ids.ts'
import { civilTime } from '../../crdt/time-zone.ts'
import { type Result } from '../../crdt/errors.ts'
import { isPattern } from '../../crdt/rights/pattern.ts'
import { clockRule, durationRule, parseClock, parseDuration, parseRate, parseSize, rateRule, sizeRule } from './units.ts'

export type Rule = Readonly<Record<string, unknown>>
type Report = { type: string; message?: string }[]

/** Error type of a map's key, as opposed to its value. */
export const keyFault = 'keyFault'

const errorTypes =
  `required string stringEmpty number numberMin numberMax numberInteger boolean enumValue array object record other ${keyFault}`.split(' ')

/** Whatever is wrong with the value, this is what is allowed. */
function says(allowed: string): { messages: Record<string, string>; nullable: false } {
  return { messages: Object.fromEntries(errorTypes.map((type) => [type, allowed])), nullable: false }
}

export function optional(rule: Rule): Rule {
  return { ...rule, optional: true }
}

export function words(allowed: string): Rule {
  return { type: 'string', empty: false, ...says(allowed) }
}

export function flag(): Rule {
  return { type: 'boolean', ...says('true or false') }
}

export function integer(min: number, max: number): Rule {
  return { type: 'number', integer: true, min, max, ...says(`a whole number from ${min} to ${max}`) }
}

export function oneOf(values: readonly string[], remark = ''): Rule {
  return { type: 'enum', values: [...values], ...says(values.join(', ') + remark) }
}

/** Text as it was written: 8080, 1.10 and true need no quotes. */
export function text(allowed = 'text'): Rule {
  const isText = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value)
  return custom(allowed, (value) => (isText(value) ? null : allowed))
}

export function name(what: string): Rule {
  const allowed = `${what}: ${nameRule}`
  return custom(allowed, (value) => (typeof value === 'string' && isName(value) ? null : allowed))
}

/** What it is, some other rule says. */
export function anything(): Rule {
  return { type: 'any', ...says('a value') }
}

export function poolPattern(): Rule {
  const allowed = `the name of a pool, * for any characters (${nameRule})`
  return custom(allowed, (value) => (typeof value === 'string' && isPattern(value, 1) ? null : allowed))
}

/** One word, or a list of words. */
export function wordOrWords(allowed: string): Rule {
  return custom(allowed, (value) => (isWords(value) ? null : allowed))
}

/** A list of two, each one word or a list of words; or the one word that stands for it. */
export function twoOfWords(allowed: string, or?: string): Rule {
  const isTwo = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(isWords)
  return custom(allowed, (value) => (isTwo(value) || (or !== undefined && value === or) ? null : allowed))
}

function isWords(value: unknown): boolean {
  const list: unknown[] = Array.isArray(value) ? value : [value]
  return list.length > 0 && list.every((one) => typeof one === 'string' && one !== '')
}

export function duration(): Rule {
  return quantity(durationRule, parseDuration)
}

/** Which zones there are is this machine's to say; what a pattern may be, the documents' rules say. */
export function timeZone(): Rule {
  const allowed = 'the name of a time zone that this machine knows, such as UTC or Europe/Berlin'
  return custom(allowed, (value) => (typeof value === 'string' && civilTime(value, 0) !== null ? null : allowed))
}

export function size(): Rule {
  return quantity(sizeRule, parseSize)
}

export function clock(): Rule {
  return quantity(clockRule, parseClock)
}

export function rate(): Rule {
  return quantity(rateRule, parseRate)
}

export function block(props: Readonly<Record<string, Rule>>): Rule {
  return { type: 'object', strict: true, props, ...says(`a map with ${Object.keys(props).join(', ')}`) }
}

export function listOf(items: Rule, what: string): Rule {
  return { type: 'array', items, ...says(`a list of ${what}`) }
}

/** A map whose keys the author chooses. */
export function mapOf(value: Rule, what: string, isKey: (key: string) => boolean, keyRule: string): Rule {
  const check = (key: string, errors: Report): string => {
    if (!isKey(key)) errors.push({ type: keyFault, message: keyRule })
    return key
  }
  return { type: 'record', key: { type: 'custom', check }, value, ...says(`a map of ${what}`) }
}

function quantity(allowed: string, parse: (value: unknown) => Result<number>): Rule {
  return custom(allowed, (value) => {
    const parsed = parse(value)
    return parsed.ok ? null : parsed.message
  })
}

/** `fault` says what is allowed, or null when the value is fine. */
function custom(allowed: string, fault: (value: unknown) => string | null): Rule {
  const check = (value: unknown, errors: Report): unknown => {
    const message = fault(value)
    if (message !== null) errors.push({ type: 'other', message })
    return value
  }
  return { type: 'custom', check, ...says(allowed) }
}
