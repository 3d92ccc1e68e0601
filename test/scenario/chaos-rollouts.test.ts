// Chaos with roll-outs that are paused, resumed and taken back, by operators on all sides and by boards themselves.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import type { ChaosEvent } from '../../simulator/chaos/plan.ts'
import { runChaos } from '../../simulator/chaos/run.ts'

/** Without what only these searches draw: one more of some kinds, and what a specification says of going back. */
function asElsewhere(events: readonly ChaosEvent[]): readonly unknown[] {
  return events.map((event) => {
    if (event.kind !== 'run') return event
    const groups = event.spec.groups.map((group) => {
      const { maxParallel, minHealthyMs, healthyDeadlineMs } = group.update
      return { ...group, update: { maxParallel, minHealthyMs, healthyDeadlineMs } }
    })
    return { ...event, spec: { ...event.spec, groups } }
  })
}

test('all else is drawn as without them', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const [plain, more] = [drawPlan(seed), drawPlan(seed, { rollouts: true })]
    assert.deepEqual(more.boards, plain.boards)
    const known = new Set(asElsewhere(plain.events).map((event) => JSON.stringify(event)))
    const added = asElsewhere(more.events).filter((event) => !known.has(JSON.stringify(event))) as ChaosEvent[]
    assert.equal(more.events.length, plain.events.length + added.length, `seed ${seed}`)
    assert.ok(added.every(({ kind }) => ['pause-rollouts', 'revert', 'command'].includes(kind)))
    assert.ok(added.length > 0)
  }
})

test('a few seeds break no rule', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const { violations } = runChaos(drawPlan(seed, { rollouts: true }))
    assert.deepEqual(violations.slice(0, 1), [], `npm run sim -- --rollouts --seed ${seed} --verbose`)
  }
})
