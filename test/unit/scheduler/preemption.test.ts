// Who takes whose room: priorities and kinds, the least harm, what holds a board back, and what a board does about its own claims.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { GroupSpec, JobSpec } from '../../../crdt/spec.ts'
import type { Claim, JobView, NodeView, Resources, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { SlotPlan } from '../../../scheduler/types.ts'
import {
  form,
  makeClaim,
  makeGroup,
  makeJob,
  makeLocal,
  makeNode,
  makeNodes,
  makeTask,
  makeView,
  node,
  pool,
  slotOf,
  version,
} from '../../support/view.ts'

const local = makeLocal('n00')
const on = { preemption: new Map([[pool, new Map([['service', true] as const])]]) }
const resources = (memoryMib: number, cpuMhz = 0): Resources => ({ cpuMhz, memoryMib, diskMib: 0 })

/** A job whose copies ask for so much memory. */
function job(name: string, priority: number, memoryMib: number, spec: Partial<JobSpec> = {}, group: Partial<GroupSpec> = {}): JobView {
  const tasks = [makeTask({ resources: { cpuMhz: 0, memoryMib } })]
  return makeJob({ name, groups: [makeGroup({ diskMib: 0, tasks, ...group })], spec: { priority, ...spec } })
}

const runs = (name: string, where: string, memoryMib: number, parts: Partial<Claim> = {}): Claim =>
  makeClaim(where, { slot: slotOf(0, 'web', name), resources: resources(memoryMib), ...parts })
const board = (name: string, memoryMib = 100, parts: Partial<NodeView> = {}): NodeView =>
  makeNode(name, { capacity: { cpuMhz: 1_000, memoryMib, diskMib: 1_000 }, ...parts })
const slot = (view: View, name: string, at = local): SlotPlan => plan(view, at).bySlot.get(slotOf(0, 'web', name))!
const displaced = (view: View, name: string): readonly string[] | undefined => {
  const { displaces } = slot(view, name)
  return displaces && [...displaces.keys()].map((one) => one.split('/')[1]!)
}

/** `low` fills the only board, and `high` wants as much. */
function rivals(priority: number, low = 50, spec: Partial<JobSpec> = {}, fleet: Partial<View['fleet']> = on): View {
  return makeView({
    nodes: [board('n00')],
    jobs: [job('high', priority, 80, spec), job('low', low, 80)],
    claims: [runs('low', 'n00', 80)],
    fleet,
  })
}

test('a copy is displaced for one whose priority is higher by 10, where its kind of job may', () => {
  assert.deepEqual([displaced(rivals(60), 'high'), slot(rivals(60), 'high').candidate], [['low'], 'n00'])
  assert.deepEqual([displaced(rivals(59), 'high'), slot(rivals(59), 'high').reason], [undefined, 'no-node-feasible'])
  assert.equal(slot(rivals(100, 50, {}, {}), 'high').reason, 'no-node-feasible', 'services ask nobody unless an admin says so')
  for (const type of ['batch', 'sysbatch'] as const)
    assert.equal(plan(rivals(100, 50, { type }, {}), local).slots[0]?.candidate, null, type)
  const elsewhere = { preemption: new Map([['other' as typeof pool, new Map([['service', true] as const])]]) }
  assert.equal(slot(rivals(100, 50, {}, elsewhere), 'high').candidate, null)
})

test('copies of system jobs do so unless an admin says otherwise, each on its own board', () => {
  const view = (fleet: Partial<View['fleet']>): View => ({
    ...rivals(60, 50, { type: 'system' }, fleet),
    nodes: new Map([board('n00'), board('n01', 10)].map((one) => [one.id, one])),
  })
  const [first, second] = plan(view({}), local).slots
  assert.deepEqual([first?.candidate, [...first!.displaces!.keys()]], ['n00', [slotOf(0, 'web', 'low')]])
  assert.deepEqual([second?.candidate, second?.reason, second?.displaces], [null, 'no-node-feasible', undefined], 'nobody makes room there')
  const off = { preemption: new Map([[pool, new Map([['system', false] as const])]]) }
  assert.equal(plan(view(off), local).slots[0]?.candidate, null)
})

test('where there is room nobody is displaced, and nobody for whom that would not help', () => {
  const view = rivals(60)
  const roomy = makeView({ ...view, nodes: [board('n00'), board('n01')], jobs: [...view.jobs.values()], claims: [runs('low', 'n00', 80)] })
  assert.deepEqual([slot(roomy, 'high').candidate, displaced(roomy, 'high')], ['n01', undefined])
  const large = makeView({
    nodes: [board('n00')],
    jobs: [job('high', 90, 101), job('low', 50, 80)],
    claims: [runs('low', 'n00', 80)],
    fleet: on,
  })
  assert.equal(slot(large, 'high').reason, 'no-node-feasible')
  const shut = makeView({
    ...view,
    nodes: [board('n00', 100, { eligible: false })],
    jobs: [...view.jobs.values()],
    claims: [runs('low', 'n00', 80)],
  })
  assert.equal(slot(shut, 'high').candidate, null)
})

test('the least harm: lowest priorities first, then fewest, then the closest fit', () => {
  const jobs = [job('high', 90, 60), job('a', 20, 30), job('b', 20, 30), job('c', 40, 60), job('d', 20, 70), job('e', 20, 65)]
  const chosen = (claims: Claim[], nodes: NodeView[]): string =>
    `${slot(makeView({ nodes, jobs, claims, fleet: on }), 'high').candidate}: ${displaced(makeView({ nodes, jobs, claims, fleet: on }), 'high')?.join()}`
  const pair = [runs('a', 'n00', 30), runs('b', 'n00', 30)]
  assert.equal(chosen([...pair, runs('c', 'n01', 60)], [board('n00', 60), board('n01', 60)]), 'n00: a,b', 'two of 20 before one of 40')
  assert.equal(chosen([...pair, runs('d', 'n01', 70)], [board('n00', 60), board('n01', 70)]), 'n01: d', 'one of 20 before two')
  assert.equal(chosen([runs('e', 'n00', 65), runs('d', 'n01', 70)], [board('n00', 65), board('n01', 70)]), 'n00: e', 'the smaller one')
  assert.equal(chosen([...pair, runs('c', 'n00', 60)], [board('n00', 120)]), 'n00: a,b', 'on one board, too')
  assert.equal(chosen([...pair, runs('d', 'n00', 70)], [board('n00', 130)]), 'n00: d')
  assert.equal(chosen([runs('a', 'n00', 30), runs('e', 'n00', 65)], [board('n00', 100)]), 'n00: e', 'nobody who need not')
})

test('ports, devices, and the number of copies are room, too', () => {
  const port = { network: { mode: 'host', ports: [{ label: 'http', static: 80, to: null }] } } as const
  const ported = makeView({
    nodes: [board('n00', 1_000)],
    jobs: [job('high', 60, 1, {}, port), job('low', 50, 1, {}, port), job('other', 10, 1)],
    claims: [runs('low', 'n00', 1, { ports: { http: 80 } }), runs('other', 'n00', 1)],
    fleet: on,
  })
  assert.deepEqual(displaced(ported, 'high'), ['low'], 'not the lower one, which has no port')
  const few = makeView({
    nodes: [board('n00', 1_000, { allocsMax: 2 })],
    jobs: [job('high', 60, 1), job('low', 50, 1), job('other', 10, 1)],
    claims: [runs('low', 'n00', 1), runs('other', 'n00', 1)],
    fleet: on,
  })
  assert.deepEqual(displaced(few, 'high'), ['other'])
  const device = { key: 'usb-1', type: 'usb', vendor: '', model: '', fault: '', attributes: {} }
  const ask = [makeTask({ resources: { cpuMhz: 0, memoryMib: 1 }, devices: [{ name: 'usb', count: 1, constraints: [] }] })]
  const held = makeView({
    nodes: [board('n00', 1_000, { devices: [device] })],
    jobs: [job('high', 60, 1, {}, { tasks: ask }), job('low', 50, 1), job('other', 10, 1)],
    claims: [runs('low', 'n00', 1, { devices: ['usb-1'] }), runs('other', 'n00', 1)],
    fleet: on,
  })
  assert.deepEqual(displaced(held, 'high'), ['low'])
})

test('what is going anyway goes first: of a job that stops, and what others displace; but it is waited for', () => {
  const jobs = [job('high', 90, 60), job('gone', 95, 60), job('low', 20, 60)]
  const view = (gone: Partial<Claim>, desired: JobView['desired']): View =>
    makeView({
      nodes: [board('n00', 120)],
      jobs: jobs.map((one) => (one.id === 'default/gone' ? { ...one, desired } : one)),
      claims: [runs('gone', 'n00', 60, gone), runs('low', 'n00', 60)],
      fleet: on,
    })
  assert.deepEqual(displaced(view({}, 'stopped'), 'high'), ['gone'])
  assert.deepEqual(displaced(view({ state: 'stopping' }, 'run'), 'high'), ['gone'])
  assert.deepEqual(displaced(view({}, 'run'), 'high'), ['low'])
})

test('two that preempt in one plan do not count on the same room, and neither gets what the other has made for itself', () => {
  const jobs = [job('high', 90, 60), job('next', 80, 60), job('a', 20, 60), job('b', 30, 60), job('small', 10, 1)]
  const claims = [runs('a', 'n00', 60), runs('b', 'n00', 60)]
  const view = makeView({ nodes: [board('n00', 120)], jobs, claims, fleet: on })
  assert.deepEqual([displaced(view, 'high'), displaced(view, 'next')], [['a'], ['a', 'b']])
  assert.equal(slot(view, 'small').candidate, null, 'what is left over is not free before they have ended')
  // The same once the first has claimed.
  const claimed = runs('high', 'n00', 60, { state: 'claimed', displaces: new Map([[slotOf(0, 'web', 'a'), 1]]) })
  assert.deepEqual(displaced(makeView({ nodes: [board('n00', 120)], jobs, claims: [...claims, claimed], fleet: on }), 'next'), ['a', 'b'])
})

test('copies whose newest version is not known here, and those that wait for an admin, are left alone', () => {
  const view = rivals(60)
  const ahead = { ...view, claims: new Map([[slotOf(0, 'web', 'low'), [runs('low', 'n00', 80, { version: version(9) })]]]) }
  assert.equal(slot(ahead, 'high').candidate, null)
  const held = { ...view.jobs.get(slot(view, 'low').job)!, held: { standing: new Map(), places: false } }
  assert.equal(slot({ ...view, jobs: new Map(view.jobs).set(held.id, held) }, 'high').candidate, null)
})

test('who made room says for whom, and takes nobody’s room back', () => {
  const gone = runs('low', 'n00', 80, { state: 'stopped', reason: `preempted: ${slotOf(0, 'web', 'high')}` })
  const view = rivals(60)
  const after = makeView({ nodes: [board('n00')], jobs: [...view.jobs.values()], claims: [gone, runs('high', 'n00', 80)], fleet: on })
  const { reason, preemptedBy, candidate } = slot(after, 'low')
  assert.deepEqual([candidate, reason, preemptedBy], [null, 'preempted', 'default/high/web/0'])
  const low = [...after.jobs.keys()].find((id) => id === 'default/low')!
  assert.equal(explainJob(after, local, plan(after, local), low).slots[0]?.reason, 'preempted: default/high/web/0')
  const roomy = makeView({ nodes: makeNodes(2), jobs: [...view.jobs.values()], claims: [gone, runs('high', 'n00', 80)], fleet: on })
  assert.notEqual(slot(roomy, 'low').candidate, null, 'elsewhere it is placed as any other')
})

test('the board claims with the names of those that make room, starts as any, and gives up if they may not be displaced any more', () => {
  const view = rivals(60)
  const asked = (of: View): unknown[] => {
    const made = plan(of, local)
    return actions(of, made, local).map((action) =>
      action.kind === 'claim' ? [action.slot, action.displaces] : [action.kind, 'reason' in action ? action.reason : ''],
    )
  }
  const displaces = new Map([[slotOf(0, 'web', 'low'), 1]])
  assert.deepEqual(asked(view), [[slotOf(0, 'web', 'high'), displaces]])
  const claimed = runs('high', 'n00', 80, { state: 'preparing', displaces })
  const withClaim = (priority: number, fleet = on): View => {
    const { nodes, jobs } = rivals(priority)
    return makeView({ nodes: [...nodes.values()], jobs: [...jobs.values()], claims: [claimed, runs('low', 'n00', 80)], fleet })
  }
  assert.deepEqual(asked(withClaim(60)), [['start', '']])
  assert.deepEqual(asked(withClaim(55)), [['withdraw', 'room-refused: default/low/web/0']])
  assert.deepEqual(asked(withClaim(60, { preemption: new Map() })), [['withdraw', 'room-refused: default/low/web/0']])
})

test('a board that is waited for is kept while it can do it, and one where it failed comes last', () => {
  const nodes = [board('n00'), board('n01')]
  const jobs = [job('high', 60, 80), job('low', 50, 80), job('lower', 10, 80)]
  const claims = [runs('low', 'n00', 80), runs('lower', 'n01', 80)]
  const view = makeView({ nodes, jobs, claims, fleet: on })
  assert.equal(slot(view, 'high').candidate, 'n01')
  const pending = new Map([[slotOf(0, 'web', 'high'), { candidate: node('n00'), since: local.now, overdue: new Map() }]])
  assert.equal(slot(view, 'high', { ...local, pending }).candidate, 'n00')
  const failed = runs('high', 'n01', 80, { state: 'failed', form: form('f1') })
  const again = { ...local, failedSince: new Map([[slotOf(0, 'web', 'high'), 0]]) }
  assert.equal(slot(makeView({ nodes, jobs, claims: [...claims, failed], fleet: on }), 'high', again).candidate, 'n00')
})
