import assert from 'node:assert/strict'
import test from 'node:test'
import type { Constraint, ConstraintOperator } from '../../../crdt/spec.ts'
import { asksDistinctHosts, compareValues, targetValue, testOf } from '../../../scheduler/constraints.ts'
import { makeNode } from '../../support/view.ts'

const board = makeNode('n00', {
  attributes: { 'cpu.arch': 'arm64', cores: '4', version: '10.9', kernel: '6.1.22', debian: '6.1.0-18-arm64', text: 'b' },
  labels: { rack: 'r1', tags: 'ssd, gpu' },
})

const table: readonly [string, ConstraintOperator, string, boolean][] = [
  ['${attr.cpu.arch}', '=', 'arm64', true],
  ['${attr.cpu.arch}', '=', 'amd64', false],
  ['${attr.none}', '=', '', false],
  ['${attr.cpu.arch}', '!=', 'arm64', false],
  ['${attr.cpu.arch}', '!=', 'amd64', true],
  ['${attr.none}', '!=', 'x', true],
  ['${attr.cores}', '<', '10', true],
  ['${attr.cores}', '<', '4', false],
  ['${attr.cores}', '<=', '4.0', true],
  ['${attr.cores}', '>', '3.99', true],
  ['${attr.cores}', '>', '4', false],
  ['${attr.cores}', '>=', '4', true],
  ['${attr.none}', '>=', '0', false],
  ['${attr.text}', '<', 'c', true],
  ['${attr.text}', '>', 'c', false],
  ['${attr.kernel}', 'version', '>= 5.10, < 7', true],
  ['${attr.kernel}', 'version', '~> 6.1.30', false],
  ['${attr.kernel}', 'semver', '>= 6.1.0', true],
  ['${attr.kernel}', 'semver', '~> 6.1.0', false],
  ['${attr.text}', 'version', '>= 0', false],
  ['${attr.none}', 'version', '!= 1', false],
  ['${label.tags}', 'set_contains', 'gpu', true],
  ['${label.tags}', 'set_contains', 'gpu,ssd', true],
  ['${label.tags}', 'set_contains', 'gpu,hdd', false],
  ['${label.tags}', 'set_contains_any', 'hdd,gpu', true],
  ['${label.tags}', 'set_contains_any', 'hdd', false],
  ['${label.none}', 'set_contains_any', 'hdd', false],
  ['${meta.rack}', 'is_set', '', true],
  ['${meta.none}', 'is_set', '', false],
  ['${meta.none}', 'is_not_set', '', true],
  ['${meta.rack}', 'is_not_set', '', false],
  ['${meta.rack}', '=', '${label.rack}', true],
  ['${node.unique.id}', '=', 'n00', true],
  ['${node.unique.name}', '=', 'n00', true],
  ['${node.pool}', '=', 'default', true],
  ['${node.nothing}', 'is_set', '', false],
  ['cpu.arch', 'is_set', '', false],
  ['${attr.constructor}', 'is_set', '', false],
  ['${attr.x}', 'distinct_hosts', 'true', true],
  ['${label.rack}', 'distinct_property', '2', true],
  ['${label.none}', 'distinct_property', '', false],
  ['${attr.cpu.arch}', 'regexp', 'arm', true],
  ['${attr.cpu.arch}', 'regexp', '^arm(64|v7l)$', true],
  ['${attr.cpu.arch}', 'regexp', '^rm', false],
  ['${attr.cpu.arch}', 'regexp', 'ARM', false],
  ['${attr.cpu.arch}', 'regexp', '(?i)ARM', true],
  ['${attr.none}', 'regexp', '.*', false],
  ['${attr.cpu.arch}', 'regexp', '(', false],
  ['${attr.cpu.arch}', 'regexp', '(?=arm)', false],
  // As in Nomad: a distribution's suffix makes a kernel a prerelease, which `version` takes only for its own release; `semver` orders it.
  ['${attr.debian}', 'version', '>= 5.10', false],
  ['${attr.debian}', 'version', '>= 6.1.0-1', true],
  ['${attr.debian}', 'version', '>= 6.0.0-1', false],
  ['${attr.debian}', 'semver', '>= 5.10.0', true],
  ['${attr.debian}', 'semver', '>= 6.1.0', false],
  ['${attr.debian}', 'regexp', '^6\\.', true],
]

for (const [attribute, operator, value, expected] of table) {
  test(`${attribute} ${operator} '${value}' is ${expected}`, () => assert.equal(testOf({ attribute, operator, value })(board), expected))
}

test('numbers compare exactly, other things as text', () => {
  assert.equal(compareValues('9', '10'), -1)
  assert.equal(compareValues('1.10', '1.9'), -1)
  assert.equal(compareValues('-2', '1'), -1)
  assert.equal(compareValues('9007199254740993', '9007199254740992'), 1)
  assert.equal(compareValues('0.1', '0.10'), 0)
  assert.equal(compareValues('10a', '9a'), -1)
})

test('meta and label are the same', () => assert.equal(targetValue('${meta.rack}', board), targetValue('${label.rack}', board)))

test('distinct_hosts is off only for false', () => {
  const asks = (value: string): boolean => asksDistinctHosts([{ attribute: '', operator: 'distinct_hosts', value }])
  assert.deepEqual([asks('true'), asks(''), asks('what'), asks('false')], [true, true, true, false])
})

test('a word of a newer agent meets nothing and stops nobody', () => {
  const strange = { attribute: '${attr.cpu.arch}', operator: 'is_like', value: 'arm64' } as unknown as Constraint
  assert.equal(testOf(strange)(board), false)
})
