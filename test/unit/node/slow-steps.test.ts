import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SlowSteps } from '../../../node/slow-steps.ts'

function told(): { steps: SlowSteps; lines: object[] } {
  const lines: object[] = []
  return { steps: new SlowSteps((data) => void lines.push(data)), lines }
}

test('a slow step is told at once, a quick one never', () => {
  const { steps, lines } = told()
  steps.took('frame', 50, 0)
  steps.took('tick', 50.6, 0)
  assert.deepEqual(lines, [{ event: 'tick', ms: 51 }])
})

test('those that follow are counted, and told with the next line', () => {
  const { steps, lines } = told()
  steps.took('boot', 177, 1_000)
  steps.took('frame', 60, 1_100)
  steps.took('tick', 90.2, 10_999)
  assert.equal(lines.length, 1)
  steps.took('frame', 55, 11_000)
  steps.took('frame', 56, 21_000)
  assert.deepEqual(lines.slice(1), [
    { event: 'frame', ms: 55, others: 2, longest: 90 },
    { event: 'frame', ms: 56 },
  ])
})
