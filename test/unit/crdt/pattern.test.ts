import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readPattern } from '../../../crdt/pattern.ts'

const finds = (pattern: string, value: string): boolean | null => {
  const read = readPattern(pattern)
  return read.ok ? read.isFoundIn(value) : null
}

// What Nomad's `regexp` (Go's regexp) answers, and null for what it refuses.
const table: readonly (readonly [pattern: string, value: string, expected: boolean | null])[] = [
  ['', 'anything', true],
  ['b', 'abc', true],
  ['^b', 'abc', false],
  ['^abc$', 'abc\n', false],
  ['a.c', 'a\nc', false],
  ['(?s)a.c', 'a\nc', true],
  ['\\d{1,3}(\\.\\d{1,3}){3}', 'at 10.0.0.1', true],
  ['\\pL+', '\u00e4\u00f6', true],
  ['^.$', '\u{1F600}', true],
  ['[[:alpha:]]', '1', false],
  ['\\Q(a){900}\\E', '(a){900}', true],
  ['[(]a{3}[)]', '(aaa)', true],
  ['(', '', null],
  ['[z-a]', '', null],
  ['(?=a)', 'a', null],
  ['(?<=a)b', 'ab', null],
  ['(a)\\1', 'aa', null],
  ['\\C', 'a', null],
  ['a{1001}', 'a', null],
  ['a{2,1}', 'a', null],
]

for (const [pattern, value, expected] of table) {
  test(`${JSON.stringify(pattern)} in ${JSON.stringify(value)}: ${expected}`, () => assert.equal(finds(pattern, value), expected))
}

test('a pattern that is too long or grows too large is refused before it is compiled', () => {
  assert.equal(finds('a'.repeat(256), 'a'.repeat(256)), true)
  for (const pattern of ['a'.repeat(257), 'a{501}', '(a{30}){30}', '((a{9}){9}){9}', '.{99}'.repeat(6), '(?:[(]ab\\)){200}']) {
    const read = readPattern(pattern)
    assert.ok(!read.ok, pattern)
    assert.match(read.allowed, /at most|in all/)
  }
  // A class or a quotation may hold what looks like a group or a count.
  for (const pattern of ['[({900})]', '\\Q{900}\\E', '\\x{900}', '[]{900})]+', '[[:alpha:]{900}]'])
    assert.ok(readPattern(pattern).ok, pattern)
})

test('what takes other engines for ever takes this one no longer than its length', () => {
  assert.equal(finds('^(a+)+$', `${'a'.repeat(1_000)}!`), false)
  assert.equal(finds('^(a|a)*$', `${'a'.repeat(1_000)}!`), false)
})
