import assert from 'node:assert/strict'
import { it } from 'node:test'

import { nearest } from '../../../../cli/job-file/suggest.ts'

const known = ['count', 'constraints', 'kill_timeout', 'env', 'tasks', 'disk']

it('suggests the nearest word, and none when nothing is near', () => {
  const cases: readonly [string, string | null][] = [
    ['cuont', 'count'],
    ['Count', 'count'],
    ['constraint', 'constraints'],
    ['killTimeout', 'kill_timeout'],
    ['kill-timeout', 'kill_timeout'],
    ['task', 'tasks'],
    ['en', 'env'],
    ['environment', null],
    ['zzz', null],
    ['', null],
    ['x'.repeat(100_000), null],
  ]
  for (const [word, meant] of cases) assert.equal(nearest(word, known), meant, word.slice(0, 20))
})
