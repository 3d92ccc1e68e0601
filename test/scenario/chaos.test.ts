// Seeded chaos on the real core: fixed seeds that must pass, the same run twice, and faults of the harness that must be noticed. The
// seeds were chosen for being short and for showing, together, everything that `sometimes` names.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { type Rule, type Sight, sometimes } from '../../simulator/chaos/invariants.ts'
import type { ChaosEvent, ChaosPlan, Way } from '../../simulator/chaos/plan.ts'
import { runChaos } from '../../simulator/chaos/run.ts'
import { shrink } from '../../simulator/chaos/shrink.ts'
import type { Flaw } from '../../simulator/flaws.ts'
import { jobSpec } from '../../simulator/job-spec.ts'

const seeds: readonly number[] = [
  3, 6, 32, 54, 58, 80, 96, 140, 141, 145, 154, 169, 174, 216, 217, 219, 223, 225, 233, 249, 281, 286, 289, 292, 293, 301, 319, 345, 376,
  388,
]

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
  const [once, again] = [runChaos(drawPlan(3)), runChaos(drawPlan(3))]
  assert.equal(once.traceHash, again.traceHash)
  assert.equal(once.steps, again.steps)
  assert.deepEqual(once.timeline(), again.timeline())
})

/** Flaw → a seed that shows it, and the rule that it breaks first. */
const caught: readonly (readonly [Flaw, number, Rule])[] = [
  ['sync-frames-dropped', 58, 'documents-equal'],
  ['link-states-dropped', 145, 'views-equal'],
  ['boot-nonce-reused', 225, 'documents-equal'],
  ['stop-ignored', 58, 'wanted-runs-once'],
]

for (const [flaw, seed, rule] of caught) {
  test(`planted: ${flaw} is noticed`, () => {
    assert.equal(runChaos(drawPlan(seed), new Set([flaw])).violations[0]?.rule, rule)
  })
}

/** A board alone acknowledges a change and loses power before anybody else has heard of it. */
const aloneAndDark: ChaosPlan = {
  seed: 1,
  boards: ['b0', 'b1', 'b2'].map((name) => ({ name, labels: {}, memoryMib: 2_048 })),
  chaosMs: 60_000,
  events: [
    { at: 10_000, kind: 'run', via: 'b0', spec: jobSpec({ count: 1 }) },
    {
      at: 20_000,
      kind: 'cut',
      shape: 'b1 alone',
      ways: ['b0', 'b2'].flatMap((other): Way[] => [
        ['b1', other],
        [other, 'b1'],
      ]),
      forMs: 20_000,
    },
    { at: 30_000, kind: 'scale', via: 'b1', job: 'web', count: 3 },
    { at: 30_001, kind: 'power-cut', board: 'b1', afterEffects: null, lostWrites: 8, forMs: 2_000 },
  ],
}

test('planted: sync-ignored is noticed', () => {
  assert.deepEqual(runChaos(aloneAndDark).violations, [])
  const [first] = runChaos(aloneAndDark, new Set<Flaw>(['sync-ignored'])).violations
  assert.equal(first?.rule, 'nothing-lost')
})

test('a failing plan shrinks to what is needed', () => {
  const flaws = new Set<Flaw>(['sync-ignored'])
  const least = shrink(aloneAndDark, 'nothing-lost', flaws)
  assert.deepEqual(
    least.events.map((event) => event.kind),
    ['run', 'cut', 'scale', 'power-cut'],
  )
  const crash: ChaosEvent = { at: 15_000, kind: 'crash', board: 'b2', nth: 0 }
  const longer = { ...aloneAndDark, events: [crash, crash, ...aloneAndDark.events, crash] }
  assert.deepEqual(shrink(longer, 'nothing-lost', flaws).events, least.events)
})
