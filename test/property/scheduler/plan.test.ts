// Laws of the plan over seeded random pools: the order in which maps were filled does not matter; carrying out the actions of
// every node until nobody asks for anything ends, and ends well; capacity and constraints hold by an independent checker.

import assert from 'node:assert/strict'
import test from 'node:test'
import { checkPlacement } from '../../../bench/placement/checker.ts'
import { generateView } from '../../../bench/placement/generator.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Claim, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local } from '../../../scheduler/types.ts'
import { carriedOut, withClaim } from '../../support/carried-out.ts'
import {
  form,
  makeClaim,
  makeGroup,
  makeJob,
  makeLocal,
  makeNodes,
  makeVerdict,
  makeView,
  random,
  shuffled,
  slotOf,
  version,
} from '../../support/view.ts'

function randomView(seed: number): View {
  const next = random(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)] as T
  const nodes = makeNodes(7, (i) => ({
    liveness: next() < 0.2 ? pick(['disconnected', 'unheard'] as const) : 'alive',
    draining: next() < 0.1,
    weight: pick([0, 0, 10]),
    labels: { site: `s${i % 2}` },
    verdicts: new Map(next() < 0.3 ? [[slotOf(0), [makeVerdict({ form: form(pick(['f1', 'f2'])), failures: 1 })]]] : []),
  }))
  const spread = [{ attribute: '${label.site}', weight: 50, targets: [] }]
  const jobs = ['shop', 'mail', 'cam'].map((name) =>
    makeJob({
      name,
      groups: [makeGroup({ count: 4, spread: next() < 0.5 ? spread : [] })],
      spec: { priority: pick([10, 50]) },
      form: form('f2'),
      version: version(2),
    }),
  )
  const claims: Claim[] = []
  for (const job of ['shop', 'mail']) {
    for (let index = 0; index < 5; index++) {
      for (const one of nodes) {
        if (next() > 0.25) continue
        const old = next() < 0.5
        const state = pick(['running', 'running', 'claimed', 'failed', 'preparing', 'stopped'] as const)
        claims.push(
          makeClaim(one.name, {
            slot: slotOf(index, 'web', job),
            generation: 1 + Math.floor(next() * 3),
            state,
            ...(old ? {} : { form: form('f2'), version: version(2) }),
          }),
        )
      }
    }
  }
  return makeView({ nodes, jobs, claims })
}

function localOf(view: View, self: string, silentMs: number): Local {
  const silent = Object.fromEntries([...view.nodes.values()].filter((one) => one.liveness !== 'alive').map((one) => [one.name, silentMs]))
  const failedSince = new Map([...view.claims.keys()].map((slot) => [slot, 0]))
  return makeLocal(self, { silent, failedSince, now: 1_000_000_000 })
}

function refilled(view: View, seed: number): View {
  const next = random(seed)
  const again = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> => new Map(shuffled([...map], next))
  return { ...view, nodes: again(view.nodes), jobs: again(view.jobs), claims: again(view.claims) }
}

const sorted = (map: ReadonlyMap<string, unknown>): unknown => [...map].sort(([a], [b]) => (a < b ? -1 : 1))

test('equal views give equal plans, whatever the order of insertion and whoever asks', () => {
  for (let seed = 0; seed < 150; seed++) {
    const view = randomView(seed)
    const local = localOf(view, 'n00', seed % 2 === 0 ? 1_000 : 120_000)
    const first = plan(view, local)
    const second = plan(refilled(view, seed + 1), {
      ...local,
      self: 'n03' as NodeId,
      silentSince: new Map([...local.silentSince].reverse()),
    })
    assert.deepEqual(second.slots, first.slots)
    assert.deepEqual(sorted(second.pending), sorted(first.pending))
    assert.deepEqual([second.wakeAt, second.replacements], [first.wakeAt, first.replacements])
  }
})

test('the same view and pending give the same plan again', () => {
  for (let seed = 0; seed < 100; seed++) {
    const view = randomView(seed)
    const local = localOf(view, 'n00', 120_000)
    const first = plan(view, local)
    const again = plan(view, { ...local, pending: first.pending, replacementsLastMinute: first.replacements, now: local.now + 1 })
    assert.deepEqual(
      again.slots.map((slot) => [slot.slot, slot.candidate, slot.update]),
      first.slots.map((slot) => [slot.slot, slot.candidate, slot.update]),
    )
    assert.deepEqual(again.pending, first.pending)
  }
})

/** Every alive node acts on the shared view, in turn. */
function round(view: View, silentMs: number): { view: View; acted: number } {
  let now = view
  let acted = 0
  for (const self of [...view.nodes.keys()].sort()) {
    if (view.nodes.get(self)?.liveness !== 'alive') continue
    const local = localOf(now, self, silentMs)
    for (const action of actions(now, plan(now, local), local)) {
      const own = now.claims.get(action.slot)?.find((claim) => claim.node === self)
      now = withClaim(now, carriedOut(own, action, self))
      acted++
    }
  }
  return { view: now, acted }
}

test('carrying out the actions ends in a plan that asks for nothing, with one copy a slot', () => {
  for (let seed = 0; seed < 80; seed++) {
    let view = randomView(seed)
    let rounds = 0
    for (let acted = 1; acted > 0; rounds++) {
      ;({ view, acted } = round(view, 120_000))
      assert.ok(rounds < 20, `seed ${seed} does not come to rest`)
    }
    const local = localOf(view, 'n00', 120_000)
    for (const slot of plan(view, local).slots) {
      const alive = slot.standing.live.filter((claim) => view.nodes.get(claim.node)?.liveness === 'alive')
      assert.ok(alive.length <= 1 || slot.reason !== null, `seed ${seed}: ${slot.slot} has ${alive.length}`)
      assert.ok(slot.standing.holder !== null || slot.reason !== null, `seed ${seed}: ${slot.slot} is empty without a reason`)
      assert.equal(slot.candidate, null, `seed ${seed}: ${slot.slot} waits for ${slot.candidate}`)
    }
  }
})

test('capacity, constraints and ports hold on generated pools, full and overfull', () => {
  for (const [seed, fillPercent] of [
    [1, 50],
    [2, 80],
    [3, 98],
    [4, 130],
  ] as const) {
    const view = generateView({ seed, nodes: 40, jobs: 30, copiesPerJob: 20, fillPercent })
    const placed = plan(view, makeLocal('board-000000')).slots.flatMap((slot) =>
      slot.candidate === null ? [] : [{ slot: slot.slot, node: slot.candidate }],
    )
    const report = checkPlacement(view, placed)
    assert.deepEqual(report.violations, [])
    if (fillPercent <= 80) assert.equal(report.placed, report.wanted)
    if (fillPercent > 100) assert.ok(report.placed < report.wanted)
  }
})

test('the checker sees what is wrong', () => {
  const view = generateView({ seed: 1, nodes: 4, jobs: 10, copiesPerJob: 20, fillPercent: 90 })
  const slots = plan(view, makeLocal('board-000000')).slots
  const crowded = slots.map((slot) => ({ slot: slot.slot, node: 'board-000000' as NodeId }))
  assert.match(checkPlacement(view, crowded).violations.join('\n'), /cpu \d+ of/)
  assert.match(checkPlacement(view, [...crowded.slice(0, 1), ...crowded.slice(0, 1)]).violations.join('\n'), /placed twice/)
})

test('one node that leaves moves only its own copies', () => {
  const jobs = [makeJob({ groups: [makeGroup({ count: 12 })], form: form('f2'), version: version(2) })]
  let view: View = makeView({ nodes: makeNodes(6), jobs })
  for (let acted = 1; acted > 0;) ({ view, acted } = round(view, 120_000))
  const before = new Map(plan(view, makeLocal('n00')).slots.map((slot) => [slot.slot, slot.standing.holder?.node]))
  const gone = view.nodes.get('n05' as NodeId)
  assert.ok(gone !== undefined)
  view = { ...view, nodes: new Map(view.nodes).set(gone.id, { ...gone, liveness: 'disconnected' }) }
  for (let acted = 1; acted > 0;) ({ view, acted } = round(view, 120_000))
  for (const slot of plan(view, localOf(view, 'n00', 120_000)).slots) {
    if (before.get(slot.slot) !== 'n05') assert.equal(slot.standing.holder?.node, before.get(slot.slot))
    else assert.notEqual(slot.standing.holder, null)
  }
})
