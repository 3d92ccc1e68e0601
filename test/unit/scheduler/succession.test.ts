// Whom an operator has put in the place of a board is asked first for what that board held, and waited for a while.

import assert from 'node:assert/strict'
import test from 'node:test'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import type { GroupSpec } from '../../../crdt/spec.ts'
import type { Claim, NodeView, View } from '../../../crdt/view.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local, Plan } from '../../../scheduler/types.ts'
import { createSharedPlan } from '../../../simulator/shared-plans.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeView, node, slotOf } from '../../support/view.ts'

const replaced = (name: string, ...by: string[]): NodeView =>
  makeNode(name, { liveness: 'disconnected', evicted: true, replacedBy: by.map(node) })
/** Better than any other board. */
const best = makeNode('n01', { weight: 100 })
const held = makeClaim('old')
const minuteMs = 60_000

interface Case {
  readonly nodes: readonly NodeView[]
  readonly claims?: readonly Claim[]
  readonly group?: Partial<GroupSpec>
  readonly local?: Partial<Local> & { readonly silent?: Readonly<Record<string, number>> }
}

function viewOf({ nodes, claims = [held], group = {} }: Case): View {
  const afterAMinute = { disconnect: { ...disconnectDefaults, partition: 'any', replaceAfterMs: minuteMs } } as const
  const job = makeJob({ groups: [makeGroup({ ...afterAMinute, ...group })] })
  return makeView({ nodes: [best, ...nodes], claims, jobs: [job] })
}

const planned = (about: Case): Plan => plan(viewOf(about), makeLocal('n01', about.local))

const placed = (about: Case): string | null => {
  const [slot] = planned(about).slots
  return slot?.candidate ?? slot?.reason ?? null
}

test('the board in its place takes what it held; without one the best does', () => {
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new')] }), 'new')
  assert.equal(placed({ nodes: [makeNode('old', { evicted: true }), makeNode('new')] }), 'n01')
})

test('where it cannot take the slot, the best board does', () => {
  const constraints = [{ attribute: '${node.unique.id}', operator: '!=', value: 'new' }] as const
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new')], group: { constraints } }), 'n01')
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new', { eligible: false })] }), 'n01')
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new', { draining: true })] }), 'n01')
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new', { evicted: true })] }), 'n01')
  const tiny = { cpuMhz: 1, memoryMib: 1, diskMib: 1 }
  assert.equal(placed({ nodes: [replaced('old', 'new'), makeNode('new', { capacity: tiny })] }), 'n01')
})

test('a board that is not alive yet is waited for as long as replace_after says, and the plan is made again then', () => {
  const nodes = [replaced('old', 'new'), makeNode('new', { liveness: 'unheard' })]
  const waits = planned({ nodes, local: { now: 1_000_000, silent: { old: 900_000, new: 20_000 } } })
  assert.deepEqual([waits.slots[0]?.candidate, waits.slots[0]?.reason], [null, 'waiting-successor'])
  assert.equal(waits.wakeAt, 1_000_000 + 40_000)
  assert.equal(placed({ nodes, local: { silent: { old: 900_000, new: minuteMs } } }), 'n01')
  assert.equal(placed({ nodes: [nodes[0]!, makeNode('new', { liveness: 'left' })] }), 'n01')
  assert.equal(placed({ nodes: [nodes[0]!, makeNode('new', { liveness: 'unheard', eligible: false })] }), 'n01')
})

test('boards of a simulation that wait for one share no plan: each counts for itself', () => {
  const view = viewOf({ nodes: [replaced('old', 'new'), makeNode('new', { liveness: 'unheard' })] })
  const shared = createSharedPlan()
  for (const silentMs of [20_000, 30_000, minuteMs]) {
    const local = makeLocal('n01', { silent: { new: silentMs } })
    assert.equal(shared(view, local, null).wakeAt, plan(view, local).wakeAt)
  }
})

test('a chain leads to its end, whatever happened to those between; a circle leads nowhere', () => {
  const chain = [replaced('old', 'mid'), replaced('mid', 'new'), makeNode('new')]
  assert.equal(placed({ nodes: chain }), 'new')
  assert.equal(placed({ nodes: chain, claims: [held, makeClaim('mid', { generation: 2 })] }), 'new')
  const long = Array.from({ length: 20_000 }, (_, place) => replaced(`mid${place}`, place === 19_999 ? 'new' : `mid${place + 1}`))
  assert.equal(placed({ nodes: [replaced('old', 'mid0'), ...long, makeNode('new')] }), 'new', 'however long it is')
  assert.equal(placed({ nodes: [replaced('old', 'mid'), replaced('mid', 'old'), makeNode('new')] }), 'n01')
  assert.equal(placed({ nodes: [replaced('old', 'mid'), replaced('mid', 'old', 'new'), makeNode('new')] }), 'new')
})

test('of two that took its place on two sides of a cut the better one takes the slot, or the one that is there', () => {
  const two = (left: Partial<NodeView>, right: Partial<NodeView>): string | null =>
    placed({ nodes: [replaced('old', 'left', 'right'), makeNode('left', left), makeNode('right', right)] })
  assert.equal(two({ weight: 1 }, {}), 'left')
  assert.equal(two({}, { weight: 1 }), 'right')
  assert.equal(two({ liveness: 'disconnected' }, {}), 'right')
  assert.equal(two({ eligible: false }, {}), 'right')
})

test('a slot that somebody holds stays there, and one that has moved on or ended is no legacy', () => {
  const nodes = [replaced('old', 'new'), makeNode('new'), makeNode('n02')]
  const elsewhere = makeClaim('n02', { generation: 2 })
  const [slot] = planned({ nodes, claims: [held, elsewhere] }).slots
  assert.deepEqual([slot?.candidate, slot?.standing.holder?.node], [null, 'n02'])
  assert.equal(placed({ nodes, claims: [held, { ...elsewhere, state: 'stopped' }] }), 'n01')
  assert.equal(placed({ nodes, claims: [{ ...held, state: 'stopped' }] }), 'n01')
})

test('what its board ended because it was evicted is a legacy as well: others may hear of the end first', () => {
  const nodes = [replaced('old', 'new'), makeNode('new')]
  assert.equal(placed({ nodes, claims: [{ ...held, state: 'stopped', reason: 'evicted' }] }), 'new')
  assert.equal(placed({ nodes, claims: [{ ...held, state: 'stopped', reason: 'not-needed' }] }), 'n01')
})

test('who was waited for before the replacement was heard of is not waited for after it; an overdue successor holds nothing up', () => {
  const nodes = [replaced('old', 'new'), makeNode('new')]
  const pending = (candidate: string, late: string[] = []): Local['pending'] => {
    const overdue = new Map(late.map((name) => [node(name), { times: 1, until: 1_010_000 }]))
    return new Map([[slotOf(0), { candidate: node(candidate), since: 999_000, overdue }]])
  }
  assert.equal(placed({ nodes, local: { pending: pending('n01') } }), 'new')
  assert.equal(placed({ nodes, local: { pending: pending('new') } }), 'new')
  assert.equal(placed({ nodes, local: { pending: pending('n01', ['new']) } }), 'n01')
})

test('where none of those in its place can take the slot, who was waited for before is waited for still', () => {
  const waits: Local['pending'] = new Map([[slotOf(0), { candidate: node('n02'), since: 999_000, overdue: new Map() }]])
  const chosen = (fresh: Partial<NodeView>): string | null =>
    placed({ nodes: [replaced('old', 'new'), makeNode('new', fresh), makeNode('n02')], local: { pending: waits } })
  assert.equal(chosen({ eligible: false }), 'n02')
  assert.equal(chosen({ capacity: { cpuMhz: 1, memoryMib: 1, diskMib: 1 } }), 'n02')
  assert.equal(chosen({ drivers: {} }), 'n02')
  assert.equal(chosen({}), 'new')
})
