// `migrate`: how many copies of a group are on their way at once from nodes that drain, and what a copy that leaves waits for.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Claim } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeNodes, makeView, node, slotOf } from '../../support/view.ts'

const local = makeLocal('n00')
const copy = (name: string, index: number, parts: Partial<Claim> = {}): Claim => makeClaim(name, { slot: slotOf(index), ...parts })
const arriving = (index: number, parts: Partial<Claim> = {}): Claim =>
  copy('n02', index, { generation: 2, healthy: false, over: new Map([[node('n00'), 1]]), ...parts })

/** Two boards that drain, two that do not. */
const nodes = makeNodes(4, (i) => ({ draining: i < 2 }))

interface Case {
  readonly name: string
  readonly maxParallel?: number
  readonly claims: readonly Claim[]
  /** Of each slot: the candidate's name, the reason why there is none, or that nothing is to be done. */
  readonly expected: readonly ('goes' | 'migrate-waits' | 'no-node-feasible' | null)[]
}

const onDraining = [copy('n00', 0), copy('n00', 1), copy('n01', 2)]
const cases: readonly Case[] = [
  { name: 'by default one sets out, over all nodes that drain', claims: onDraining, expected: ['goes', 'migrate-waits', 'migrate-waits'] },
  { name: 'two of two', maxParallel: 2, claims: onDraining, expected: ['goes', 'goes', 'migrate-waits'] },
  {
    name: 'one that is claimed elsewhere is on its way',
    claims: [...onDraining, arriving(0, { state: 'claimed' })],
    expected: [null, 'migrate-waits', 'migrate-waits'],
  },
  {
    name: 'and one that runs there, until it is healthy',
    claims: [...onDraining, arriving(0)],
    expected: [null, 'migrate-waits', 'migrate-waits'],
  },
  {
    name: 'a copy that is healthy has arrived, whether or not the old one has stopped',
    claims: [...onDraining, arriving(0, { healthy: true })],
    expected: [null, 'goes', 'migrate-waits'],
  },
  {
    name: 'a copy that is not healthy where nobody drains is none that is on its way',
    claims: [copy('n02', 0, { healthy: false }), copy('n00', 1), copy('n01', 2)],
    expected: [null, 'goes', 'migrate-waits'],
  },
  {
    name: 'what never ran has nothing to wait for',
    claims: [copy('n00', 0, { state: 'claimed' }), copy('n00', 1, { state: 'preparing' }), copy('n01', 2)],
    expected: ['goes', 'goes', 'goes'],
  },
  {
    name: 'one that ended where it was to go is on no way any more',
    claims: [...onDraining, arriving(0, { state: 'withdrawn', healthy: false })],
    expected: ['goes', 'migrate-waits', 'migrate-waits'],
  },
]

for (const { name, maxParallel, claims, expected } of cases)
  test(name, () => {
    const migrate = maxParallel === undefined ? {} : { migrate: { maxParallel, healthCheck: 'checks' as const } }
    const view = makeView({ nodes, claims, jobs: [makeJob({ groups: [makeGroup({ count: 3, ...migrate })] })] })
    assert.deepEqual(
      plan(view, local).slots.map(({ candidate, reason }) => (candidate === null ? reason : 'goes')),
      expected,
    )
  })

test('a copy that finds no place keeps none of the others', () => {
  const rack = (name: string, draining: boolean) => ({ labels: { rack: name }, draining })
  const racks = [makeNode('n00', rack('b', true)), makeNode('n01', rack('a', false)), makeNode('n02', rack('a', true))]
  // Only the second may go to the node that is free: in its own rack.
  const apart = [{ attribute: '${label.rack}', operator: 'distinct_property', value: '1' }] as const
  const jobs = [makeJob({ groups: [makeGroup({ count: 2, constraints: apart })] })]
  const view = makeView({ nodes: racks, claims: [copy('n00', 0), copy('n02', 1)], jobs })
  assert.deepEqual(
    plan(view, local).slots.map(({ reason, candidate }) => reason ?? candidate),
    ['no-node-feasible', 'n01'],
  )
})

test('of work that ends by itself nothing waits: what is at another form goes at once', () => {
  const job = makeJob({ groups: [makeGroup({ count: 2 })], spec: { type: 'batch' } })
  const old = { form: 'f0' as never }
  const view = makeView({ nodes, claims: [copy('n00', 0, old), copy('n00', 1, old)], jobs: [job] })
  assert.ok(plan(view, local).slots.every(({ candidate }) => candidate !== null))
})

test('who is waited for keeps its place among the departures, and takes it from the others', () => {
  const view = makeView({ nodes, claims: onDraining, jobs: [makeJob({ groups: [makeGroup({ count: 3 })] })] })
  const pending = new Map([[slotOf(2), { candidate: node('n03'), since: local.now, overdue: new Map() }]])
  assert.deepEqual(
    plan(view, { ...local, pending }).slots.map(({ candidate }) => candidate),
    [null, null, 'n03'],
  )
})

test('all nodes drain: every copy is told to have no place, and nobody stops anything', () => {
  const all = makeNodes(3, () => ({ draining: true }))
  const claims = [copy('n00', 0), copy('n01', 1), copy('n02', 2)]
  const view = makeView({ nodes: all, claims, jobs: [makeJob({ groups: [makeGroup({ count: 3 })] })] })
  for (const self of ['n00', 'n01', 'n02']) {
    const made = plan(view, makeLocal(self))
    assert.deepEqual(
      made.slots.map(({ reason }) => reason),
      ['no-node-feasible', 'no-node-feasible', 'no-node-feasible'],
    )
    assert.deepEqual(actions(view, made, makeLocal(self)), [])
  }
})
