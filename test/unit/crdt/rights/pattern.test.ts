import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { isPattern, matches } from '../../../../crdt/rights/pattern.ts'

test('a star stands for any run of characters within one part', () => {
  for (const [pattern, name] of [
    ['*', 'shop'],
    ['shop-*', 'shop-17'],
    ['shop-*', 'shop-'],
    ['*-17', 'shop-17'],
    ['a*b*c', 'axxbyyc'],
    ['a*b*c', 'abcbc'],
    ['*/*', 'default/web'],
    ['team/*-web', 'team/a-web'],
  ] as const)
    assert.ok(matches(pattern, name), `${pattern} ${name}`)
  for (const [pattern, name] of [
    ['shop', 'shop-17'],
    ['shop-*', 'bus-17'],
    ['*', 'default/web'],
    ['*/*', 'web'],
    ['team/*', 'teams/web'],
    ['a*b', 'abc'],
    ['', 'a'],
  ] as const)
    assert.ok(!matches(pattern, name), `${pattern} ${name}`)
})

test('what is no pattern', () => {
  for (const text of ['', 'a b', 'A', 'a/', '/a', 'a/b/c', '.*', 'x'.repeat(64)]) {
    assert.equal(isPattern(text, 1), false)
    assert.equal(isPattern(text, 2), false)
  }
  assert.equal(isPattern('a*', 1) && isPattern('a/b*', 2), true)
})

test('as a regular expression would say, without its worst case', () => {
  const parts = fc.stringMatching(/^[ab*]{0,8}$/)
  fc.assert(
    fc.property(parts, fc.stringMatching(/^[ab]{0,10}$/), (pattern, name) => {
      assert.equal(matches(pattern, name), new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name))
    }),
  )
  assert.equal(matches('*a'.repeat(30), 'b'.repeat(63)), false)
})
