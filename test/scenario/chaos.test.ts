// Seeded chaos on the real core: fixed seeds that must pass, the same run twice, and faults of the harness that must be noticed. The
// seeds were chosen for being short and for showing, together, everything that `sometimes` names.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { type Rule, type Sight, sometimes } from '../../simulator/chaos/invariants.ts'
import { runChaos } from '../../simulator/chaos/run.ts'
import { shrink } from '../../simulator/chaos/shrink.ts'
import type { Flaw } from '../../simulator/flaws.ts'

const seeds: readonly number[] = Array.from({ length: 30 }, (_, index) => index + 1)

test(`${seeds.length} seeds: no rule is broken, and everything that should be seen was`, () => {
  const seen = new Set<Sight>()
  const broken: string[] = []
  for (const seed of seeds) {
    const { violations, sights } = runChaos(drawPlan(seed))
    for (const sight of sights.keys()) seen.add(sight)
    if (violations[0] !== undefined) broken.push(`npm run sim -- --seed ${seed} --verbose: ${violations[0].rule}: ${violations[0].what}`)
  }
  assert.deepEqual(broken, [])
  const unseen = Object.keys(sometimes).filter((sight) => !seen.has(sight as Sight))
  assert.deepEqual(unseen, [])
})

test('the same seed is the same run, event for event', () => {
  const [once, again] = [runChaos(drawPlan(2)), runChaos(drawPlan(2))]
  assert.equal(once.traceHash, again.traceHash)
  assert.equal(once.steps, again.steps)
  assert.deepEqual(once.timeline(), again.timeline())
})

/** Flaw → a seed that shows it, and the rule that it breaks first. */
const caught: readonly (readonly [Flaw, number, Rule])[] = [
  ['sync-frames-dropped', 3, 'documents-equal'],
  ['link-states-dropped', 3, 'views-equal'],
  ['sync-ignored', 3, 'form-in-force'],
  ['boot-nonce-reused', 4, 'documents-equal'],
  ['stop-ignored', 3, 'form-in-force'],
]

for (const [flaw, seed, rule] of caught) {
  test(`planted: ${flaw} is noticed`, () => {
    assert.equal(runChaos(drawPlan(seed), new Set([flaw])).violations[0]?.rule, rule)
  })
}

test('a failing plan shrinks to what is needed', () => {
  const plan = drawPlan(2)
  const flaws = new Set<Flaw>(['stop-ignored'])
  const least = shrink(plan, 'wanted-runs-once', flaws)
  assert.ok(least.events.length <= 6, `${least.events.length} events are left`)
  assert.ok(runChaos(least, flaws).violations.some(({ rule }) => rule === 'wanted-runs-once'))
})
