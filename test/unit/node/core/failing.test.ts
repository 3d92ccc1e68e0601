// Where failures are told, looked for from one view to the next, is what a first look at the last view finds.

import assert from 'node:assert/strict'
import test from 'node:test'
import { failingIn, noFailing } from '../../../../node/core/failing.ts'
import { plan } from '../../../../scheduler/plan.ts'
import { firstStory, nextStory } from '../../../support/changing-pool.ts'
import { makeClaim, makeNodes, makeVerdict, makeView, node, random, slotOf } from '../../../support/view.ts'

test('verdicts that count failures and failed claims are found, and nothing else', () => {
  const verdicts = new Map([
    [slotOf(0), [makeVerdict()]],
    [slotOf(1), [makeVerdict({ verdict: 'healthy', failures: 0 })]],
  ])
  const failing = failingIn(
    makeView({
      nodes: makeNodes(2, (i) => (i === 0 ? { verdicts } : {})),
      claims: [makeClaim('n01', { slot: slotOf(2), state: 'failed' })],
    }),
    noFailing(),
  )
  assert.deepEqual([...failing.judged], [[node('n00'), [slotOf(0)]]])
  assert.deepEqual([...failing.failed], [slotOf(2)])
})

test('from view to view: the same as at first sight', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const next = random(seed)
    let story = firstStory(next)
    let failing = noFailing()
    for (let step = 0; step < 40; step++) {
      story = nextStory(story, next, plan(story.view, story.local))
      failing = failingIn(story.view, failing)
      assert.deepEqual(failing, failingIn(story.view, noFailing()), `seed ${seed}, change ${step}`)
    }
  }
})
