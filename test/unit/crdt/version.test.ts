import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type VersionKind, compareVersions, meetsVersion, parseVersion, parseVersionConstraint } from '../../../crdt/version.ts'

function meets(version: string, constraint: string, kind: VersionKind): boolean | null {
  const [parsed, clauses] = [parseVersion(version, kind), parseVersionConstraint(constraint, kind)]
  return parsed === null || clauses === null ? null : meetsVersion(parsed, clauses, kind)
}

test('precedence is that of Semantic Versioning, both ways', () => {
  const ascending = ['0.9.9', '1.0.0-1', '1.0.0-2', '1.0.0-10', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-alpha.beta', '1.0.0-beta']
  ascending.push('1.0.0-beta.2', '1.0.0-beta.11', '1.0.0-rc.1', '1.0.0', '1.0.1', '1.2.0', '1.10.0', '9007199254740993.0.0')
  for (const kind of ['version', 'semver'] as const) {
    const versions = ascending.map((text) => parseVersion(text, kind)!)
    for (const [i, a] of versions.entries())
      for (const [j, b] of versions.entries()) assert.equal(compareVersions(a, b), Math.sign(i - j), `${ascending[i]} and ${ascending[j]}`)
  }
})

const table: readonly (readonly [version: string, constraint: string, version: boolean | null, semver: boolean | null])[] = [
  ['1.2.3', '1.2.3', true, true],
  ['1.2.3', '= 1.2.3', true, true],
  ['1.2.3+build.5', '= 1.2.3', true, true],
  ['1.2.3', '!= 1.2.3', false, false],
  ['1.2.3', '>= 1.0.0, < 2.0.0', true, true],
  ['2.0.0', '>= 1.0.0, < 2.0.0', false, false],
  ['1.2', '>= 1.2', true, null],
  ['v20.19.2', '>= 20', true, null],
  ['6.1.0.34', '> 6.1.0.9', true, null],
  ['1.2.9', '~> 1.2.3', true, null],
  ['1.3.0', '~> 1.2.3', false, null],
  ['1.9.0', '~> 1.2', true, null],
  ['2.0.0', '~> 1.2', false, null],
  ['9.0.0', '~> 1', true, null],
  ['1.2.3', '~> 1.2.0', true, null],
  ['1.3.0-beta1', '>= 1.2.0', false, true],
  ['1.3.0-beta2', '>= 1.3.0-beta1', true, true],
  ['1.4.0-beta2', '>= 1.3.0-beta1', false, true],
  ['1.3.0', '>= 1.3.0-beta1', true, true],
  ['1.3.0-beta1', '= 1.3.0-beta1', true, true],
  ['01.2.3', '= 1.2.3', true, null],
  ['1.2.3-01', '= 1.2.3-1', true, null],
  ['six', '>= 1.0.0', null, null],
  ['1.2.3', '>= ', null, null],
  ['1.2.3', '>= 1.0.0,', null, null],
  ['1.2.3', '^1.0.0', null, null],
  ['1.2.3', '>= 1.0.0 < 2.0.0', null, null],
  [`${'1.'.repeat(70)}1`, '>= 1.0.0', null, null],
]

for (const [version, constraint, loose, strict] of table) {
  test(`${version.slice(0, 20)} meets '${constraint}': version ${loose}, semver ${strict}`, () => {
    assert.deepEqual([meets(version, constraint, 'version'), meets(version, constraint, 'semver')], [loose, strict])
  })
}
