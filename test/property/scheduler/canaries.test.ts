// Laws of canaries over seeded random pools: plans from earlier ones, the order in which things arrive, and where a pool comes to rest
// before and after a promotion.

import assert from 'node:assert/strict'
import test from 'node:test'
import { updateDefaults } from '../../../crdt/documents/defaults.ts'
import { promotionsOf } from '../../../crdt/documents/promotion.ts'
import type { Claim, JobView, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { plan } from '../../../scheduler/plan.ts'
import { changeCanaries } from '../../support/changing-canaries.ts'
import { firstStory, nextStory } from '../../support/changing-pool.ts'
import { atRest, localOf, refilled } from '../../support/rounds.ts'
import { form, makeClaim, makeGroup, makeJob, makeNodes, makeVerdict, makeView, random, slotOf, version } from '../../support/view.ts'

test('with versions that wait for a promotion a plan from an earlier one is the plan from nothing', () => {
  let waited = 0
  for (let seed = 1; seed <= 25; seed++) {
    const next = random(seed + 40_000)
    let story = changeCanaries(firstStory(next), next)
    let made = plan(inForce(story.view), story.local)
    for (let step = 0; step < 60; step++) {
      story = next() < 0.15 ? changeCanaries(story, next) : nextStory(story, next, made)
      const view = inForce(story.view)
      const rebuilt = inForce(structuredClone({ ...story.view, claims: new Map(story.view.claims) }))
      made = plan(view, story.local, made)
      const anew = plan(rebuilt, story.local)
      const told = (of: typeof made, seen: View): unknown => [
        of.slots,
        of.pending,
        of.wakeAt,
        of.replacements,
        actions(seen, of, story.local),
      ]
      assert.deepEqual(told(made, view), told(anew, rebuilt), `seed ${seed}, change ${step}`)
      if (step % 10 === 9)
        for (const job of view.jobs.keys())
          assert.deepEqual(
            explainJob(view, story.local, made, job),
            explainJob(rebuilt, story.local, anew, job),
            `seed ${seed}, change ${step}`,
          )
      waited += made.slots.filter(({ canary, standing }) => canary === true && standing.holder !== null).length
    }
  }
  assert.ok(waited > 100, `${waited} canaries stood`)
})

interface Pool {
  readonly view: View
  readonly canaries: number
}

/** A job of four copies at f1, of which a newer version asks for canaries; copies of both here and there, and some that failed. */
function randomPool(seed: number): Pool {
  const next = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T
  const canaries = pick([1, 2, 4])
  const nodes = makeNodes(9, () => ({
    liveness: next() < 0.15 ? 'disconnected' : 'alive',
    draining: next() < 0.1,
    weight: pick([0, 0, 10]),
  }))
  const old = makeJob({ groups: [makeGroup({ count: 4 })], form: form('f1'), version: version(1) })
  const group = makeGroup({ count: 4, update: { ...updateDefaults, canary: canaries } })
  const fresh = makeJob({ groups: [group], form: form('f2'), version: version(2) })
  const versions = [fresh, old].map((job) => ({ ...job, spec: job.spec!, orders: 1, leastCounts: new Map([['web', 4]]) }))
  const ordering = versions.map(({ spec }, at) => ({ version: at, promotions: promotionsOf(spec) }))
  const claims: Claim[] = []
  for (let index = 0; index < 5; index++)
    for (const one of nodes) {
      if (next() > 0.25) continue
      const isNew = next() < 0.4
      const state = pick(['running', 'running', 'claimed', 'failed', 'stopped'] as const)
      const of = isNew ? { form: form('f2'), version: version(2) } : {}
      claims.push(makeClaim(one.name, { slot: slotOf(index), generation: 1 + Math.floor(next() * 3), state, ...of }))
    }
  const job: JobView = { ...fresh, versions, ordering }
  return { view: makeView({ nodes, jobs: [job], claims }), canaries }
}

const promoted = (view: View): View => {
  const [job] = view.jobs.values()
  return { ...view, jobs: new Map([[job!.id, { ...job!, promoted: new Map([['web', [form('f2')]]]) }]]) }
}

const running = (view: View, index: number): string[] =>
  (view.claims.get(slotOf(index)) ?? [])
    .filter(({ state, node }) => state === 'running' && view.nodes.get(node)?.liveness === 'alive')
    .map((claim) => claim.form)
    .sort()

test('a pool comes to rest with one old copy a slot and a canary beside the first of them; promoted, with one new copy a slot', () => {
  for (let seed = 0; seed < 80; seed++) {
    const { view, canaries } = randomPool(seed)
    const waiting: View | null = atRest(view, 120_000)
    assert.ok(waiting !== null, `seed ${seed} does not come to rest`)
    for (let index = 0; index < 4; index++)
      assert.deepEqual(running(waiting, index), index < canaries ? ['f1', 'f2'] : ['f1'], `seed ${seed}, slot ${index}`)
    const after: View | null = atRest(promoted(waiting), 120_000)
    assert.ok(after !== null, `seed ${seed} does not come to rest after the promotion`)
    for (let index = 0; index < 4; index++) {
      assert.deepEqual(running(after, index), ['f2'], `seed ${seed}, slot ${index}`)
      if (index >= canaries) continue
      const canary: Claim = waiting.claims.get(slotOf(index))!.find((claim) => claim.form === 'f2' && claim.state === 'running')!
      if (waiting.nodes.get(canary.node)?.draining) continue
      const now: Claim = after.claims.get(slotOf(index))!.find(({ node }) => node === canary.node)!
      assert.deepEqual([now.alloc, now.state], [canary.alloc, 'running'], `seed ${seed}: the canary of slot ${index} is the copy`)
    }
  }
})

test('who is in force and what is asked for does not depend on what arrived first', () => {
  for (let seed = 0; seed < 60; seed++) {
    const { view: before, canaries } = randomPool(seed)
    const [job] = before.jobs.values()
    const auto = job!.ordering!.map((order) => ({
      ...order,
      promotions: new Map([...order.promotions].map(([group, one]) => [group, { ...one, auto: true }])),
    }))
    const arrived = seed % 5
    const nodes = new Map(
      [...before.nodes.values()].map((node, at) => {
        const says = makeVerdict({ form: form('f2'), verdict: 'healthy', failures: 0, generation: 0 })
        return [node.id, at < arrived ? { ...node, verdicts: new Map([[slotOf(at), [says]]]) } : node]
      }),
    )
    const view = { ...before, nodes, jobs: new Map([[job!.id, { ...job!, ordering: auto }]]) }
    const [here] = inForce(view).jobs.values()
    assert.equal(here!.canaries === undefined, arrived >= canaries, `seed ${seed}: ${arrived} of ${canaries}`)
    const again = inForce(refilled(view, seed + 1))
    const local = localOf(view, 'n00', 120_000)
    assert.deepEqual([...again.jobs.values()], [here])
    assert.deepEqual(plan(again, local).slots, plan(inForce(view), local).slots)
  }
})
