// Laws of drains over seeded random pools, in which copies take their time to become healthy: in one view no more copies are on their way than
// `migrate.max_parallel` says, no slot is ever without a copy that runs, only copies of nodes that drain move, and all of them arrive.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { NodeId } from '../../../crdt/ids.ts'
import { type Claim, type View, hasEnded } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Plan } from '../../../scheduler/types.ts'
import { carriedOut, withClaim } from '../../support/carried-out.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNodes, makeView, random, slotOf, version } from '../../support/view.ts'

const count = 6
const stepsMax = 3_000

function settledPool(seed: number, maxParallel: number): View {
  const next = random(seed)
  const nodes = makeNodes(6)
  const group = makeGroup({ count, migrate: { maxParallel, healthCheck: 'checks' } })
  const jobs = [makeJob({ groups: [group], form: form('f2'), version: version(2) })]
  const claims = Array.from({ length: count }, (_, index) =>
    makeClaim(nodes[Math.floor(next() * nodes.length)]!.name, { slot: slotOf(index), form: form('f2'), version: version(2) }),
  )
  return makeView({ nodes, jobs, claims })
}

function drained(view: View, ids: readonly NodeId[]): View {
  const nodes = new Map(view.nodes)
  for (const id of ids) nodes.set(id, { ...nodes.get(id)!, draining: true })
  return { ...view, nodes }
}

const openClaims = (view: View): Claim[] => [...view.claims.values()].flat().filter((claim) => !hasEnded(claim))

/** Counted from the claims alone. */
function onTheirWay(view: View): number {
  const drains = ({ node }: Claim): boolean => view.nodes.get(node)?.draining === true
  return [...view.claims.values()].filter((claims) => {
    const open = claims.filter((claim) => !hasEnded(claim))
    return open.some((claim) => drains(claim) && claim.state === 'running') && open.some((claim) => !drains(claim) && !claim.healthy)
  }).length
}

/** One node acts on what all see, or a copy becomes healthy, in an order that the seed says; until nothing is left to do. */
function* toRest(start: View, next: () => number): Generator<View> {
  let view = start
  const plans = new Map<NodeId, Plan>()
  for (let step = 0; step < stepsMax; step++) {
    const young = openClaims(view).filter((claim) => claim.state === 'running' && !claim.healthy)
    const asked = [...view.nodes.keys()].flatMap((self) => {
      const local = makeLocal(self, { now: 1_000_000 + step })
      const made = plan(view, local, plans.get(self) ?? null)
      plans.set(self, made)
      return actions(view, made, local).map((action) => ({ self, action }))
    })
    const moves = [...young, ...asked]
    if (moves.length === 0) return
    const move = moves[Math.floor(next() * moves.length)]!
    if ('action' in move) {
      view = carriedOut(view, move.action, move.self, false)
    } else view = withClaim(view, { ...move, healthy: true })
    yield view
  }
  assert.fail('it does not come to rest')
}

test('drains, one after the other and several at once: paced, never without a copy, only what must moves, and all of it arrives', () => {
  for (let seed = 0; seed < 60; seed++) {
    const maxParallel = 1 + (seed % 3)
    const next = random(1_000 + seed)
    let view = settledPool(seed, maxParallel)
    const order = [...view.nodes.keys()].sort(() => next() - 0.5)
    let busiest = 0
    for (const ids of [order.slice(0, 1), order.slice(1, 3)]) {
      view = drained(view, ids)
      const before = view
      const mustMove = new Set(
        openClaims(view)
          .filter(({ node }) => view.nodes.get(node)!.draining)
          .map(({ slot }) => slot),
      )
      for (view of toRest(view, next)) {
        busiest = Math.max(busiest, onTheirWay(view))
        for (const [slot, claims] of view.claims)
          assert.ok(
            claims.some(({ state, healthy }) => state === 'running' && healthy),
            `seed ${seed}: ${slot} has no healthy copy`,
          )
      }
      for (const [slot, claims] of view.claims) {
        const open = claims.filter((claim) => !hasEnded(claim))
        assert.equal(open.length, 1, `seed ${seed}: ${slot}`)
        assert.equal(view.nodes.get(open[0]!.node)!.draining, false, `seed ${seed}: ${slot} did not leave`)
        if (!mustMove.has(slot)) assert.equal(claims, before.claims.get(slot), `seed ${seed}: ${slot} moved and need not`)
      }
    }
    assert.ok(busiest <= maxParallel, `seed ${seed}: ${busiest} on their way, ${maxParallel} allowed`)
  }
})

test('all nodes drain: nothing moves and nothing stops, and each copy has a reason', () => {
  for (let seed = 0; seed < 10; seed++) {
    const pool = settledPool(seed, 1)
    const view = drained(pool, [...pool.nodes.keys()])
    assert.deepEqual([...toRest(view, random(seed))], [])
    assert.ok(plan(view, makeLocal('n00')).slots.every(({ reason }) => reason === 'no-node-feasible'))
  }
})
