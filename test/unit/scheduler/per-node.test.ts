// Jobs of type `system`: one copy on each node that suits, and what becomes of it when nodes change.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Form } from '../../../crdt/ids.ts'
import type { GroupSpec } from '../../../crdt/spec.ts'
import type { Claim, NodeView, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local, SlotPlan } from '../../../scheduler/types.ts'
import {
  form,
  makeClaim,
  makeGroup,
  makeJob,
  makeLocal,
  makeNode,
  makeNodes,
  makeTask,
  makeVerdict,
  makeView,
  node,
  slotOf,
  version,
} from '../../support/view.ts'

const local = makeLocal('n00')
const own = (name: string, parts: Partial<Claim> = {}): Claim => makeClaim(name, { slot: slotOf(node(name)), ...parts })

interface Parts {
  readonly nodes?: readonly NodeView[]
  readonly group?: Partial<GroupSpec>
  readonly claims?: readonly Claim[]
  readonly form?: Form
  readonly count?: number
}

function systemView({ nodes = makeNodes(3), group = {}, claims = [], form: inForce = form('f1'), count = 1 }: Parts): View {
  const job = makeJob({ groups: [makeGroup(group)], spec: { type: 'system' }, form: inForce, version: version(count) })
  return makeView({ nodes, jobs: [job], claims })
}

const slots = (view: View, at: Local = local): readonly SlotPlan[] => plan(view, at).slots
const told = (view: View, at: Local = local): string[] =>
  slots(view, at).map(
    ({ slot, candidate, reason, update }) => `${slot.split('/').at(-1)} ${update ? 'update' : (candidate ?? reason ?? 'settled')}`,
  )
const asked = (view: View, self: string): string[] => {
  const at = makeLocal(self)
  return actions(view, plan(view, at), at).map((action) => ('reason' in action ? `${action.kind} ${action.reason}` : action.kind))
}

test('each node that suits has a slot of its own, in order of node; a node that joins gets one, nothing else moves', () => {
  assert.deepEqual(told(systemView({})), ['n00 n00', 'n01 n01', 'n02 n02'])
  const claims = ['n00', 'n01', 'n02'].map((name) => own(name))
  assert.deepEqual(told(systemView({ nodes: makeNodes(4), claims })), ['n00 settled', 'n01 settled', 'n02 settled', 'n03 n03'])
  assert.deepEqual(told(systemView({ group: { count: 0 } })), [])
})

test('nodes that do not suit have none: pool, constraints, drivers, evicted, left', () => {
  const nodes = [
    makeNode('n00', { labels: { site: 'a' } }),
    makeNode('n01', { labels: { site: 'b' } }),
    makeNode('n02', { labels: { site: 'a' }, evicted: true }),
    makeNode('n03', { labels: { site: 'a' }, liveness: 'left' }),
    makeNode('n04', { labels: { site: 'a' }, drivers: {} }),
    makeNode('n05', { labels: { site: 'a' } }),
  ]
  const constraints = [{ attribute: '${label.site}', operator: '=', value: 'a' }] as const
  assert.deepEqual(told(systemView({ nodes, group: { constraints } })), ['n00 n00', 'n05 n05'])
})

test('a node that is away, drains or is not eligible keeps its slot, which waits; nobody else takes it', () => {
  const nodes = [
    makeNode('n00', { liveness: 'disconnected' }),
    makeNode('n01', { draining: true }),
    makeNode('n02', { eligible: false }),
    makeNode('n03', { documentFull: true }),
    makeNode('n04'),
  ]
  const at = makeLocal('n04', { silent: { n00: 3_600_000 } })
  const waiting = ['n00 node-closed', 'n01 node-closed', 'n02 node-closed', 'n03 node-closed']
  assert.deepEqual(told(systemView({ nodes }), at), [...waiting, 'n04 n04'])
  // What runs on them goes on, also on the silent one, however long it is silent.
  const claims = nodes.map((one) => own(one.name))
  assert.deepEqual(told(systemView({ nodes, claims }), at), ['n00 node-closed', 'n01 settled', 'n02 settled', 'n03 settled', 'n04 settled'])
})

test('a node without room says so, and higher priorities come first', () => {
  const nodes = [makeNode('n00'), makeNode('n01', { capacity: { cpuMhz: 99, memoryMib: 64, diskMib: 300 } })]
  const view = systemView({ nodes })
  assert.deepEqual(told(view), ['n00 n00', 'n01 no-node-feasible'])
  const explained = explainJob(view, local, plan(view, local), makeJob().id).slots
  assert.deepEqual(
    explained.map(({ nodes: rows, nodesLeftOut }) => [rows.map((row) => [row.name, row.rejected]), nodesLeftOut]),
    [
      [[['n00', null]], 0],
      [[['n01', 'cpu-exhausted']], 0],
    ],
  )
  const small = { cpuMhz: 150, memoryMib: 4_096, diskMib: 32_768 }
  const both = ['system', 'service'].map((type, i) =>
    makeJob({ name: type, groups: [makeGroup()], spec: { type: type as 'system', priority: 50 + i } }),
  )
  const crowded = makeView({ nodes: [makeNode('n00', { capacity: small })], jobs: both })
  assert.deepEqual(
    slots(crowded).map(({ job, candidate }) => [job, candidate]),
    [
      ['default/service', 'n00'],
      ['default/system', null],
    ],
  )
})

test('a copy that failed is tried again on its own node, after the delay', () => {
  const nodes = makeNodes(2).map((one) => (one.name === 'n00' ? { ...one, verdicts: new Map([[slotOf(one.id), [makeVerdict()]]]) } : one))
  const claims = [own('n00', { state: 'failed' }), own('n01')]
  const view = systemView({ nodes, claims })
  const failedSince = (ms: number): Local => makeLocal('n00', { failedSince: new Map([[slotOf(node('n00')), 1_000_000 - ms]]) })
  assert.deepEqual(told(view, failedSince(29_999)), ['n00 waiting-reschedule', 'n01 settled'])
  assert.deepEqual(told(view, failedSince(30_000)), ['n00 n00', 'n01 settled'])
})

test('a new version rolls from node to node, in place, max_parallel at a time, past silent ones', () => {
  const nodes = makeNodes(4).map((one) => (one.name === 'n01' ? { ...one, liveness: 'disconnected' as const } : one))
  const at = makeLocal('n00', { silent: { n01: 3_600_000 } })
  const claims = nodes.map((one) => own(one.name))
  const parts: Parts = { nodes, claims, form: form('f2'), count: 2 }
  assert.deepEqual(told(systemView(parts), at), ['n00 update', 'n01 node-closed', 'n02 rollout-waits', 'n03 rollout-waits'])
  const wide = systemView({ ...parts, group: { update: { ...makeGroup().update, maxParallel: 2 } } })
  assert.deepEqual(told(wide, at), ['n00 update', 'n01 node-closed', 'n02 update', 'n03 rollout-waits'])
  const moved = claims.map((claim) => (claim.node === 'n00' ? { ...claim, form: form('f2'), version: version(2), healthy: false } : claim))
  assert.deepEqual(told(systemView({ ...parts, claims: moved }), at).slice(2), ['n02 rollout-waits', 'n03 rollout-waits'])
})

test('a new version that does not fit where it is waits there', () => {
  const tight = makeNodes(1, () => ({ capacity: { cpuMhz: 120, memoryMib: 64, diskMib: 300 } }))
  const bigger = { tasks: [makeTask({ resources: { cpuMhz: 200, memoryMib: 64 } })] }
  const claims = [own('n00', { resources: { cpuMhz: 100, memoryMib: 64, diskMib: 300 } })]
  assert.deepEqual(told(systemView({ nodes: tight, claims, group: bigger, form: form('f2'), count: 2 })), ['n00 no-node-feasible'])
})

test('a node that does not suit any more stops its copy; one whose driver is gone keeps it', () => {
  const constraints = [{ attribute: '${label.site}', operator: '=', value: 'a' }] as const
  const of = (parts: Partial<NodeView>): View =>
    systemView({ nodes: [makeNode('n00', parts)], claims: [own('n00')], group: { constraints } })
  assert.deepEqual(asked(of({ labels: { site: 'a' } }), 'n00'), [])
  assert.deepEqual(asked(of({ labels: { site: 'b' } }), 'n00'), ['stop not-suited'])
  assert.deepEqual(asked(of({ labels: { site: 'b' }, drivers: {} }), 'n00'), [])
  assert.deepEqual(asked(of({ labels: { site: 'a' }, drivers: { raw_exec: { healthy: false, reason: 'down' } } }), 'n00'), [])
})

test('a draining node ends its system copies once nothing else is left, and not at all with ignore-system', () => {
  const service = makeJob({ name: 'mail', groups: [makeGroup()] })
  const other = makeClaim('n00', { slot: slotOf(0, 'web', 'mail') })
  const drained = (parts: Partial<NodeView>, claims: readonly Claim[]): string[] => {
    const view = systemView({ nodes: [makeNode('n00', { draining: true, ...parts })], claims: [own('n00'), ...claims] })
    return asked({ ...view, jobs: new Map([...view.jobs, [service.id, service]]) }, 'n00')
  }
  assert.deepEqual(drained({}, [other]), [])
  assert.deepEqual(drained({}, [{ ...other, state: 'stopped' }]), ['stop drained'])
  assert.deepEqual(drained({}, []), ['stop drained'])
  assert.deepEqual(drained({ drainIgnoresSystem: true }, []), [])
  assert.deepEqual(drained({ draining: false }, [other]), [])
})

test('a job that changes its type stops the copies of the other kind of slot', () => {
  const numbered = systemView({ claims: [makeClaim('n00')] })
  assert.deepEqual(
    asked(numbered, 'n00').filter((one) => one.startsWith('stop')),
    ['stop scaled-down'],
  )
  const view = makeView({ claims: [own('n00')] })
  assert.deepEqual(
    asked(view, 'n00').filter((one) => one.startsWith('stop')),
    ['stop not-suited'],
  )
})
