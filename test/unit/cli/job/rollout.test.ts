import assert from 'node:assert/strict'
import { it } from 'node:test'

import { isAtLeast } from '../../../../cli/job/rollout.ts'

it('compares versions by epoch, then by count; a merge with somebody else’s change is new enough', () => {
  const cases: readonly [string, string, boolean][] = [
    ['1.2.aaaaaaaa', '1.2.bbbbbbbb', true],
    ['1.3.aaaaaaaa', '1.2.bbbbbbbb', true],
    ['1.1.aaaaaaaa', '1.2.aaaaaaaa', false],
    ['2.1.aaaaaaaa', '1.9.aaaaaaaa', true],
    ['1.10.aaaaaaaa', '1.9.aaaaaaaa', true],
    ['1.9.aaaaaaaa', '2.1.aaaaaaaa', false],
  ]
  for (const [version, wanted, expected] of cases) assert.equal(isAtLeast(version, wanted), expected, `${version} ${wanted}`)
})
