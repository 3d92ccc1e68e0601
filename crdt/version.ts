// Versions as constraints compare them: `version` takes any number of numbers (HashiCorp's go-version, which Nomad uses), `semver` only
// what Semantic Versioning 2.0 allows. Pure text; what cannot be read is null, and meets no constraint.

import { compareText } from './ids.ts'

export type VersionKind = 'version' | 'semver'

export interface Version {
  /** At least three; missing ones are 0. */
  readonly numbers: readonly bigint[]
  /** How many of them were written. */
  readonly written: number
  readonly prerelease: readonly string[]
}

const operators = ['=', '!=', '<', '<=', '>', '>=', '~>'] as const

export interface VersionClause {
  readonly operator: (typeof operators)[number]
  readonly version: Version
}

/** Longer than any version that people write; each number is read as a whole. */
const textMax = 128
const loose = /^v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z-~]+(?:\.[0-9A-Za-z-~]+)*))?(?:\+[0-9A-Za-z-~.]+)?$/
const strict =
  /^((?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})(?:-((?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/

export function parseVersion(text: string, kind: VersionKind): Version | null {
  const trimmed = text.trim()
  const found = trimmed.length > textMax ? null : (kind === 'semver' ? strict : loose).exec(trimmed)
  if (found === null) return null
  const numbers = (found[1] ?? '').split('.').map(BigInt)
  const written = numbers.length
  while (numbers.length < 3) numbers.push(0n)
  return { numbers, written, prerelease: found[2]?.split('.') ?? [] }
}

/** Clauses that must all hold, separated by commas: `>= 1.2, < 2`. null: one of them cannot be read. `~>` is no word of `semver`. */
export function parseVersionConstraint(text: string, kind: VersionKind): readonly VersionClause[] | null {
  const clauses: VersionClause[] = []
  for (const part of text.split(',')) {
    const [, operator = '', rest = ''] = /^\s*(=|!=|<=|<|>=|>|~>)?(.*)$/s.exec(part) ?? []
    const version = parseVersion(rest, kind)
    if (version === null || (operator === '~>' && kind === 'semver')) return null
    clauses.push({ operator: operator === '' ? '=' : (operator as VersionClause['operator']), version })
  }
  return clauses
}

/** Precedence: numbers, then a release after its prereleases, then the parts of these. */
export function compareVersions(a: Version, b: Version): number {
  const numbers = compareNumbers(a.numbers, b.numbers)
  if (numbers !== 0) return numbers
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return Math.sign(b.prerelease.length - a.prerelease.length)
  for (const [index, part] of a.prerelease.entries()) {
    const other = b.prerelease[index]
    if (other === undefined) return 1
    const order = compareParts(part, other)
    if (order !== 0) return order
  }
  return a.prerelease.length < b.prerelease.length ? -1 : 0
}

export function meetsVersion(version: Version, clauses: readonly VersionClause[], kind: VersionKind): boolean {
  return clauses.every((clause) => meets(version, clause, kind))
}

function meets(version: Version, { operator, version: bound }: VersionClause, kind: VersionKind): boolean {
  const order = compareVersions(version, bound)
  if (operator === '=') return order === 0
  if (operator === '!=') return order !== 0
  // Who asks for 2 or later does not ask for a release candidate of 3; only a clause that names a prerelease takes those of the same release.
  const isCandidate = kind === 'version' && version.prerelease.length > 0
  if (isCandidate && (bound.prerelease.length === 0 || compareNumbers(version.numbers, bound.numbers) !== 0)) return false
  switch (operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '~>':
      return order >= 0 && bound.numbers.slice(0, Math.max(0, bound.written - 1)).every((number, at) => number === version.numbers[at])
  }
}

function compareNumbers(a: readonly bigint[], b: readonly bigint[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [x, y] = [a[at] ?? 0n, b[at] ?? 0n]
    if (x !== y) return x < y ? -1 : 1
  }
  return 0
}

/** Numbers by size and before words; words by their bytes. */
function compareParts(a: string, b: string): number {
  const [isNumber, isOther] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (isNumber && isOther) return compareNumbers([BigInt(a)], [BigInt(b)])
  if (isNumber !== isOther) return isNumber ? -1 : 1
  return compareText(a, b)
}
