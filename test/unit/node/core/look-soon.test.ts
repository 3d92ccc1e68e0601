import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coreLimits } from '../../../../node/core/limits.ts'
import { type State, type Step, lookSoon } from '../../../../node/core/state.ts'

/** When a board that looked at 1,000 ms looks again after it was asked so, first now and then at 1,200 ms. */
function lookedAgainAt(nodes: number, delayMs: number): number | null {
  const state = { view: { nodes: { size: nodes } }, lookAt: null, lookedAt: 1_000 } as unknown as State
  for (const now of [1_010, 1_200]) lookSoon({ state, now } as unknown as Step, delayMs)
  return state.lookAt
}

test('small pools are looked at whenever something is new, after the delay', () => {
  assert.equal(lookedAgainAt(coreLimits.unhurriedNodes, 0), 1_010)
  assert.equal(lookedAgainAt(coreLimits.unhurriedNodes, coreLimits.lookDelayMs), 1_110)
})

test('a large pool is left alone for so long for each of its boards, but not for longer than half a second', () => {
  assert.equal(lookedAgainAt(600, 0), 1_300)
  assert.equal(lookedAgainAt(600, coreLimits.lookDelayMs), 1_300)
  assert.equal(lookedAgainAt(6_000, 0), 1_000 + coreLimits.lookGapMsMax)
})
