// `distinct_property`: so many copies on nodes that share a value, whoever they are.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Constraint } from '../../../crdt/spec.ts'
import type { NodeView, View } from '../../../crdt/view.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local } from '../../../scheduler/types.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNodes, makeView, node, random, slotOf } from '../../support/view.ts'

const local = makeLocal('n00')
const perRack = (value: string): Constraint => ({ attribute: '${label.rack}', operator: 'distinct_property', value })
const racks = (count: number, perRackNodes: number): NodeView[] =>
  makeNodes(count * perRackNodes, (i) => ({ labels: { rack: `r${i % count}` } }))

/** Rack → copies, by where the plan puts them and where claims hold them. */
function copies(view: View): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { candidate, standing } of plan(view, local).slots) {
    const place = candidate ?? standing.holder?.node
    const rack = place === undefined ? 'nowhere' : (view.nodes.get(place)?.labels['rack'] ?? 'none')
    found[rack] = (found[rack] ?? 0) + 1
  }
  return found
}

test('each value takes as many copies as are allowed, one if nothing is said; the rest waits and says why', () => {
  const group = (value: string, count: number): View =>
    makeView({ nodes: racks(3, 2), jobs: [makeJob({ groups: [makeGroup({ count, constraints: [perRack(value)] })] })] })
  assert.deepEqual(copies(group('', 4)), { r0: 1, r1: 1, r2: 1, nowhere: 1 })
  assert.deepEqual(copies(group('2', 7)), { r0: 2, r1: 2, r2: 2, nowhere: 1 })
  const view = group('', 4)
  const job = [...view.jobs.keys()][0]!
  const [, , , last] = explainJob(view, local, plan(view, local), job).slots
  assert.equal(last?.reason, 'no-node-feasible')
  assert.deepEqual(new Set(last.nodes.map(({ rejected }) => rejected)), new Set(['distinct-property']))
})

test('a node without a value is no place, and no value of its own', () => {
  const nodes = [...racks(1, 1), ...makeNodes(3).slice(1)]
  const job = makeJob({ groups: [makeGroup({ count: 2, constraints: [perRack('')] })] })
  const view = makeView({ nodes, jobs: [job] })
  assert.deepEqual(copies(view), { r0: 1, nowhere: 1 })
  assert.equal(explainJob(view, local, plan(view, local), job.id).slots[1]?.nodes.find((one) => one.name === 'n01')?.rejected, 'constraint')
})

test('of a job it counts all groups, of a group its own; copies of other jobs never', () => {
  const groups = [makeGroup({ name: 'db', count: 2 }), makeGroup({ name: 'web', count: 2 })]
  const other = makeClaim('n00', { slot: slotOf(0, 'web', 'other') })
  const ofJob = makeView({ nodes: racks(3, 2), jobs: [makeJob({ groups, spec: { constraints: [perRack('')] } })], claims: [other] })
  assert.deepEqual(copies(ofJob), { r0: 1, r1: 1, r2: 1, nowhere: 1 })
  const each = groups.map((group) => ({ ...group, constraints: [perRack('')] }))
  const found = copies(makeView({ nodes: racks(2, 2), jobs: [makeJob({ groups: each })] }))
  assert.deepEqual(found, { r0: 2, r1: 2 })
})

test('both levels hold together', () => {
  const groups = [makeGroup({ name: 'db', count: 3, constraints: [perRack('1')] }), makeGroup({ name: 'web', count: 3 })]
  assert.deepEqual(copies(makeView({ nodes: racks(3, 2), jobs: [makeJob({ groups, spec: { constraints: [perRack('2')] } })] })), {
    r0: 2,
    r1: 2,
    r2: 2,
  })
})

test('claims that have not ended count, unknown ones too; ended ones do not', () => {
  const job = makeJob({ groups: [makeGroup({ count: 2, constraints: [perRack('')] })] })
  const nodes = racks(2, 2)
  const rackOf = (view: View, at: Local): string | undefined =>
    view.nodes.get(plan(view, at).slots[1]?.candidate ?? node(''))?.labels['rack']
  const at = (state: 'running' | 'stopped'): View => makeView({ nodes: racks(1, 3), jobs: [job], claims: [makeClaim('n00', { state })] })
  assert.equal(rackOf(at('running'), local), undefined)
  const ended = plan(at('stopped'), local).slots.filter(({ candidate }) => candidate !== null)
  assert.equal(ended.length, 1)
  // n00 is in r0: what runs there for slot 0 is silent and unknown, and slot 1 still may not go to r0.
  const silent = nodes.map((one) => (one.id === node('n00') ? { ...one, liveness: 'disconnected' as const } : one))
  const cut = makeView({ nodes: silent, jobs: [job], claims: [makeClaim('n00')] })
  assert.notEqual(rackOf(cut, makeLocal('n01', { silent: { n00: 120_000 } })), 'r0')
})

test('a copy that moves may stay with its value: its own claim does not count against it', () => {
  const job = makeJob({ groups: [makeGroup({ count: 1, constraints: [perRack('')] })] })
  const nodes = racks(1, 3).map((one) => (one.id === node('n00') ? { ...one, draining: true } : one))
  const view = makeView({ nodes, jobs: [job], claims: [makeClaim('n00')] })
  const first = plan(view, local)
  assert.notEqual(first.slots[0]?.candidate, null)
  const kept = plan(view, { ...local, pending: first.pending })
  assert.equal(kept.slots[0]?.candidate, first.slots[0]?.candidate)
  assert.equal(explainJob(view, local, first, job.id).slots[0]?.nodes.find((one) => one.name === 'n01')?.rejected, null)
  // Another slot's copy on that value does count.
  const two = makeJob({ groups: [makeGroup({ count: 2, constraints: [perRack('')] })] })
  const claims = [makeClaim('n00'), makeClaim('n01', { slot: slotOf(1) })]
  assert.equal(plan(makeView({ nodes, jobs: [two], claims }), local).slots[0]?.candidate, null)
})

test('over random pools no value is ever given more than allowed, and no room is left that could be used', () => {
  for (let seed = 0; seed < 200; seed++) {
    const next = random(seed)
    const valueCount = 1 + Math.floor(next() * 4)
    const nodes = makeNodes(9, () => ({ labels: { rack: `r${Math.floor(next() * valueCount)}` }, draining: next() < 0.2 }))
    const allowed = 1 + Math.floor(next() * 2)
    const count = 1 + Math.floor(next() * 8)
    const job = makeJob({ groups: [makeGroup({ count, constraints: [perRack(String(allowed))] })] })
    const claims = Array.from({ length: count }, (_, index) => index)
      .filter(() => next() < 0.3)
      .map((index) =>
        makeClaim(nodes[Math.floor(next() * 9)]?.name ?? '', { slot: slotOf(index), state: next() < 0.3 ? 'stopped' : 'running' }),
      )
    const view = makeView({ nodes, jobs: [job], claims })
    const held = new Map<string, Set<string>>()
    const hold = (slot: string, place: string): void => {
      const rack = view.nodes.get(node(place))?.labels['rack'] ?? ''
      held.set(rack, new Set([...(held.get(rack) ?? []), slot]))
    }
    for (const claim of claims) if (claim.state === 'running') hold(claim.slot, claim.node)
    const before = new Map(held)
    const { slots } = plan(view, local)
    for (const { slot, candidate } of slots) if (candidate !== null) hold(slot, candidate)
    for (const [rack, there] of held)
      assert.ok(there.size <= Math.max(allowed, before.get(rack)?.size ?? 0), `seed ${seed}: ${there.size} in ${rack}`)
    if (slots.every(({ reason }) => reason !== 'no-node-feasible')) continue
    // While a copy moves, both its claim and its new place count.
    const places = [
      ...claims.filter(({ state }) => state === 'running').map((claim) => claim.node),
      ...slots.flatMap(({ candidate }) => candidate ?? []),
    ]
    for (const one of nodes) {
      const there = places.filter((place) => view.nodes.get(place)?.labels['rack'] === one.labels['rack']).length
      assert.ok(one.draining || there >= allowed, `seed ${seed}: a copy waits though ${one.name}'s rack has ${there}`)
    }
  }
})
