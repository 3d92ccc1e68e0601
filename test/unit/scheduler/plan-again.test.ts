// What random stories meet too seldom: one change each, and the answer of the plan before it must not stand.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { NodeView, View } from '../../../crdt/view.ts'
import { plan } from '../../../scheduler/plan.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeNodes, makeView, slotOf } from '../../support/view.ts'

const local = makeLocal('n00')

function changed(view: View, name: string, parts: Partial<NodeView>): View {
  const old = [...view.nodes.values()].find((node) => node.name === name) ?? makeNode(name)
  return { ...view, nodes: new Map(view.nodes).set(old.id, { ...old, ...parts }) }
}

test('a port that is not in the range any more leaves the range to others', () => {
  const wants = makeGroup({ count: 2, network: { mode: 'host', ports: [{ label: 'a', static: null, to: null }] } })
  const view = makeView({
    nodes: makeNodes(1, () => ({ dynamicPorts: [20_001, 20_001] })),
    jobs: [makeJob({ groups: [wants] })],
    claims: [makeClaim('n00', { ports: { a: 20_001 }, resources: { cpuMhz: 1, memoryMib: 1, diskMib: 1 } })],
  })
  const before = plan(view, local)
  assert.equal(before.bySlot.get(slotOf(1))?.reason, 'no-node-feasible')
  assert.equal(plan(changed(view, 'n00', { dynamicPorts: [20_002, 20_002] }), local, before).bySlot.get(slotOf(1))?.candidate, 'n00')
})

test('the other half returns without the node whose copy is gone: then it is replaced', () => {
  const groups = [makeGroup({ disconnect: { ...makeGroup().disconnect, replaceAfterMs: 0 } })]
  const away = (name: string): Partial<NodeView> => ({ liveness: name === 'n00' ? 'alive' : 'disconnected' })
  const view = makeView({
    nodes: makeNodes(4).map((node) => ({ ...node, ...away(node.name) })),
    jobs: [makeJob({ groups })],
    claims: [makeClaim('n03')],
  })
  const silent = makeLocal('n00', { silent: { n01: 9_000, n02: 9_000, n03: 9_000 } })
  const before = plan(view, silent)
  assert.equal(before.slots[0]?.reason, 'partition-half')
  const returned = makeLocal('n00', { silent: { n02: 9_000, n03: 9_000 } })
  assert.notEqual(plan(changed(view, 'n01', { liveness: 'alive' }), returned, before).slots[0]?.candidate, null)
})

test('an earlier time than that of the plan before is planned from nothing', () => {
  const view = makeView({ nodes: makeNodes(2, (i) => ({ liveness: i === 0 ? 'alive' : 'disconnected' })), claims: [makeClaim('n01')] })
  const late = plan(view, makeLocal('n00', { now: 1_000_000, silent: { n01: 60_000 } }))
  const early = makeLocal('n00', { now: 990_000, silentSince: new Map([['n01' as never, 940_000]]) })
  assert.equal(late.slots[0]?.standing.unknown.length, 1)
  assert.equal(plan(view, early, late).slots[0]?.standing.live.length, 1)
})

test('whose work is done is told alike however long another copy’s board is silent', () => {
  const view = makeView({
    nodes: makeNodes(2, (i) => ({ liveness: i === 0 ? 'alive' : 'disconnected' })),
    jobs: [makeJob({ spec: { type: 'batch' } })],
    claims: [makeClaim('n00', { state: 'complete' }), makeClaim('n01')],
  })
  const at = (now: number) => ({ ...makeLocal('n00', { silent: { n01: 0 } }), now })
  const { now } = makeLocal('n00')
  const early = plan(view, at(now))
  const late = plan(view, at(now + 3_600_000), early)
  assert.deepEqual(late.bySlot.get(slotOf(0)), plan(view, at(now + 3_600_000)).bySlot.get(slotOf(0)))
})
