// Where vacant slots go: feasibility with its codes, score, ports, spread, order.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Affinity, GroupSpec } from '../../../crdt/spec.ts'
import type { Claim, NodeView, View } from '../../../crdt/view.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Rejection } from '../../../scheduler/types.ts'
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
  slotOf,
} from '../../support/view.ts'

const local = makeLocal('n00')
const places = (view: View): (string | null)[] => plan(view, local).slots.map((slot) => slot.candidate)
const port = (label: string, number: number | null): GroupSpec['network']['ports'][number] => ({ label, static: number, to: null })
const bigTask = makeTask({ resources: { cpuMhz: 2_500, memoryMib: 64 } })

function rejected(parts: Partial<NodeView>, group: Partial<GroupSpec> = {}, fleet = 1): Rejection | null | undefined {
  const job = makeJob({ groups: [makeGroup(group)] })
  const view = makeView({ nodes: [makeNode('n00', parts)], jobs: [job], fleet: { planVersion: fleet } })
  const made = plan(view, local)
  assert.equal(made.slots[0]?.candidate === null, made.slots[0]?.reason !== null)
  return explainJob(view, local, made, job.id).slots[0]?.nodes[0]?.rejected
}

test('each way to be rejected has its code', () => {
  assert.equal(rejected({}), null)
  assert.equal(rejected({ evicted: true }), 'evicted')
  assert.equal(rejected({ liveness: 'left' }), 'left')
  assert.equal(rejected({ liveness: 'unheard' }), 'not-alive')
  assert.equal(rejected({ eligible: false }), 'ineligible')
  assert.equal(rejected({ draining: true }), 'draining')
  assert.equal(rejected({ planVersion: 0 }), 'plan-version')
  assert.equal(rejected({ pool: 'other' as NodeView['pool'] }), 'wrong-pool')
  assert.equal(rejected({}, { constraints: [{ attribute: '${attr.cpu.arch}', operator: '=', value: 'riscv' }] }), 'constraint')
  assert.equal(rejected({ drivers: {} }), 'driver-missing')
  assert.equal(rejected({ drivers: { raw_exec: { healthy: false, reason: 'down' } } }), 'driver-unhealthy')
  assert.equal(
    rejected({ dynamicPorts: [20_000, 20_000] }, { network: { mode: 'host', ports: [port('a', null), port('b', null)] } }),
    'port-taken',
  )
  assert.equal(rejected({ allocsMax: 0 }), 'max-allocs')
  assert.equal(rejected({ capacity: { cpuMhz: 99, memoryMib: 64, diskMib: 300 } }), 'cpu-exhausted')
  assert.equal(rejected({ capacity: { cpuMhz: 100, memoryMib: 63, diskMib: 300 } }), 'memory-exhausted')
  assert.equal(rejected({ capacity: { cpuMhz: 100, memoryMib: 64, diskMib: 299 } }), 'disk-exhausted')
  assert.equal(rejected({ capacity: { cpuMhz: 100, memoryMib: 64, diskMib: 300 } }), null)
})

test('a node takes no more copies than its owner allows, of whichever job; an update in place is none', () => {
  const nodes = makeNodes(2, (i) => (i === 0 ? { allocsMax: 2 } : { eligible: false }))
  const jobs = [makeJob({ groups: [makeGroup({ count: 3 })] })]
  const other = makeClaim('n00', { slot: slotOf(0, 'web', 'other') })
  const count = (claims: Claim[]): number => places(makeView({ nodes, jobs, claims })).filter((place) => place === 'n00').length
  assert.deepEqual([count([]), count([other]), count([{ ...other, state: 'stopped' }])], [2, 1, 2])
  const full = [other, makeClaim('n00', { form: form('f0') })]
  const made = plan(makeView({ nodes, jobs, claims: full }), local)
  assert.deepEqual([made.slots[0]?.update, made.slots[1]?.candidate, made.slots[1]?.reason], [true, null, 'no-node-feasible'])
})

test('a static port is free once a node, whoever holds it', () => {
  const group = makeGroup({ count: 3, network: { mode: 'host', ports: [port('http', 8_080)] } })
  const nodes = makeNodes(3)
  assert.equal(new Set(places(makeView({ nodes, jobs: [makeJob({ groups: [group] })] }))).size, 3)
  const other = makeClaim('n01', { slot: slotOf(0, 'web', 'other'), ports: { http: 8_080 } })
  const view = makeView({ nodes, jobs: [makeJob({ groups: [group] })], claims: [other] })
  assert.deepEqual(
    places(view)
      .filter((place) => place !== null)
      .sort(),
    ['n00', 'n02'],
  )
  assert.equal(plan(view, local).slots.find((slot) => slot.candidate === null)?.reason, 'no-node-feasible')
})

test('distinct_hosts: one copy of the group a node; at the job, of any of its groups', () => {
  const distinct = [{ attribute: '', operator: 'distinct_hosts', value: 'true' } as const]
  const nodes = makeNodes(4)
  const groups = [makeGroup({ name: 'a', count: 3 }), makeGroup({ name: 'b', count: 3 })]
  const byGroup = makeView({ nodes, jobs: [makeJob({ groups: groups.map((group) => ({ ...group, constraints: distinct })) })] })
  assert.ok(places(byGroup).every((place) => place !== null))
  assert.equal(new Set(places(byGroup).slice(0, 3)).size, 3)
  const byJob = makeView({ nodes, jobs: [makeJob({ groups, spec: { constraints: distinct } })] })
  assert.equal(places(byJob).filter((place) => place !== null).length, 4)
  assert.equal(new Set(places(byJob).filter((place) => place !== null)).size, 4)
})

test('copies of one group keep apart, copies of a large one are packed', () => {
  assert.equal(new Set(places(makeView({ nodes: makeNodes(5), jobs: [makeJob({ groups: [makeGroup({ count: 5 })] })] }))).size, 5)
  const packed = places(makeView({ nodes: makeNodes(50), jobs: [makeJob({ groups: [makeGroup({ count: 100 })] })] }))
  assert.ok(new Set(packed).size < 20, `${new Set(packed).size} nodes`)
})

test('in a pool that spreads, single copies go to the emptier board, in others to the fuller one', () => {
  const nodes = makeNodes(2)
  const claims = [makeClaim('n01', { slot: slotOf(0, 'web', 'other'), resources: { cpuMhz: 1_000, memoryMib: 1_000, diskMib: 300 } })]
  const where = (of: string): (string | null)[] =>
    places(makeView({ nodes, claims, fleet: { algorithms: new Map([[of as View['pool'], 'spread']]) } }))
  assert.deepEqual([where('default'), where('elsewhere')], [['n00'], ['n01']])
})

test('single copies go to the fuller board', () => {
  const full = makeClaim('n01', { slot: slotOf(0, 'web', 'other'), resources: { cpuMhz: 2_000, memoryMib: 2_000, diskMib: 0 } })
  assert.deepEqual(places(makeView({ nodes: makeNodes(3), claims: [full] })), ['n01'])
})

test('affinity and weight pull, images tip the scale', () => {
  const nodes = makeNodes(4, (i) => ({ labels: i === 2 ? { fast: 'yes' } : {} }))
  const affinities: Affinity[] = [{ attribute: '${label.fast}', operator: '=', value: 'yes', weight: 50 }]
  assert.deepEqual(places(makeView({ nodes, jobs: [makeJob({ groups: [makeGroup({ affinities })] })] })), ['n02'])
  const away = affinities.map((affinity) => ({ ...affinity, weight: -50 }))
  assert.notEqual(places(makeView({ nodes, jobs: [makeJob({ groups: [makeGroup({ affinities: away })] })] }))[0], 'n02')
  assert.deepEqual(places(makeView({ nodes: makeNodes(4, (i) => ({ weight: i === 3 ? 1 : 0 })) })), ['n03'])
  const docker = makeTask({ driver: 'docker', config: { image: 'shop:1', args: [], volumes: [], privileged: false, readOnlyRoot: false } })
  for (const at of [0, 1, 2, 3]) {
    const nodes = makeNodes(4, (i) => ({ images: new Set(i === at ? ['shop:1'] : []) }))
    assert.deepEqual(places(makeView({ nodes, jobs: [makeJob({ groups: [makeGroup({ tasks: [docker] })] })] })), [`n0${at}`])
  }
})

test('an even spread is even, a targeted one meets its shares', () => {
  const nodes = makeNodes(9, (i) => ({ labels: { site: `s${i % 3}` } }))
  const siteOf = (name: string | null): string => `s${Number(name?.slice(1)) % 3}`
  const count = (group: Partial<GroupSpec>): Record<string, number> => {
    const found: Record<string, number> = {}
    for (const place of places(makeView({ nodes, jobs: [makeJob({ groups: [makeGroup(group)] })] })))
      found[siteOf(place)] = (found[siteOf(place)] ?? 0) + 1
    return found
  }
  assert.deepEqual(count({ count: 6, spread: [{ attribute: '${label.site}', weight: 50, targets: [] }] }), { s0: 2, s1: 2, s2: 2 })
  const targets = [
    { value: 's0', percent: 70 },
    { value: 's1', percent: 20 },
  ]
  assert.deepEqual(count({ count: 10, spread: [{ attribute: '${label.site}', weight: 50, targets }] }), { s0: 7, s1: 2, s2: 1 })
})

test('a large even spread is even too, though boards differ', () => {
  const nodes = makeNodes(30, (i) => ({
    labels: { site: `s${i % 3}` },
    capacity: { cpuMhz: 8_000 * (1 + (i % 4)), memoryMib: 16_384, diskMib: 1_000_000 },
  }))
  const group = makeGroup({ count: 300, spread: [{ attribute: '${label.site}', weight: 50, targets: [] }] })
  const counts = [0, 0, 0]
  for (const place of places(makeView({ nodes, jobs: [makeJob({ groups: [group] })] }))) counts[Number(place?.slice(1)) % 3]! += 1
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 2, counts.join())
})

test('higher priority is placed first when room is short', () => {
  const low = makeJob({ name: 'a', groups: [makeGroup({ tasks: [bigTask] })], spec: { priority: 10 } })
  const high = makeJob({ name: 'b', groups: [makeGroup({ tasks: [bigTask] })], spec: { priority: 90 } })
  const made = plan(makeView({ nodes: makeNodes(1), jobs: [low, high] }), local)
  assert.deepEqual(
    made.slots.map((slot) => [slot.job, slot.candidate]),
    [
      ['default/b', 'n00'],
      ['default/a', null],
    ],
  )
})

test('claims of stopped jobs and surplus slots hold their room until they end', () => {
  const other = makeJob({ name: 'other', desired: 'stopped', groups: [makeGroup({ tasks: [bigTask] })] })
  const job = makeJob({ groups: [makeGroup({ tasks: [bigTask] })] })
  const still = makeClaim('n00', { slot: slotOf(5, 'web', 'other'), state: 'stopping' })
  assert.deepEqual(places(makeView({ nodes: makeNodes(1), jobs: [other, job], claims: [still] })), [null])
  assert.deepEqual(places(makeView({ nodes: makeNodes(1), jobs: [other, job], claims: [{ ...still, state: 'stopped' }] })), ['n00'])
})

test('a job that names another pool, or none that validates, is not placed', () => {
  const broken = { ...makeJob(), spec: null }
  const made = plan(makeView({ jobs: [broken] }), local)
  assert.deepEqual(made.slots, [])
  assert.equal(
    explainJob(makeView({ jobs: [broken], claims: [makeClaim('n00')] }), local, made, broken.id).slots[0]?.reason,
    'job-not-valid',
  )
})

test('explain lists the best first and is honest about the taken', () => {
  const view = makeView({ nodes: [...makeNodes(2), makeNode('n02', { draining: true })], claims: [makeClaim('n01')] })
  const [slot] = explainJob(view, local, plan(view, local), makeJob().id).slots
  assert.deepEqual([slot?.holder, slot?.heir, slot?.candidate, slot?.reason], ['n01', 'n01', null, null])
  assert.deepEqual(
    slot?.nodes.map((row) => [row.node, row.rejected]),
    [
      ['n00', null],
      ['n01', 'holds-slot'],
      ['n02', 'draining'],
    ],
  )
  assert.ok(Number.isInteger(slot?.nodes[0]?.score))
})

test('an explanation is bounded in all: those without a place are explained in full, of the others only their boards, and it says what is missing', () => {
  const nodeCount = 300
  const claims = Array.from({ length: 900 }, (_, index) =>
    makeClaim(`n${String(index % nodeCount).padStart(2, '0')}`, { slot: slotOf(index) }),
  )
  const job = makeJob({ groups: [makeGroup({ count: 1_101 })] })
  const small = makeNodes(nodeCount, () => ({ capacity: { cpuMhz: 1, memoryMib: 1, diskMib: 1 } }))
  const view = makeView({ nodes: small, jobs: [job], claims })
  const { slots, slotsLeftOut } = explainJob(view, local, plan(view, local), job.id)
  assert.deepEqual([slots.length, slotsLeftOut], [1_000, 101])
  const waiting = slots.find((slot) => slot.holder === null && slot.heir === null)
  assert.deepEqual([waiting?.nodes.length, waiting?.nodesLeftOut], [200, 100])
  const held = slots[0]
  assert.deepEqual([held?.nodes.map((row) => row.node), held?.nodesLeftOut], [[held?.holder], nodeCount - 1])
  assert.ok(slots.reduce((sum, slot) => sum + slot.nodes.length, 0) <= 10_000 + 1_000)
})

test('a plan version above ours: nothing new, and it says so', () => {
  const made = plan(makeView({ fleet: { planVersion: 2 }, nodes: makeNodes(2, () => ({ planVersion: 2 })) }), local)
  assert.deepEqual([made.slots[0]?.candidate, made.slots[0]?.reason], [null, 'plan-version-unknown'])
})

test('pending candidates are kept, then overdue ones go behind the others for longer each time', () => {
  const view = makeView({ nodes: makeNodes(2) })
  const first = plan(view, local)
  const one = first.slots[0]?.candidate
  const other = one === 'n00' ? 'n01' : 'n00'
  const better = makeView({ nodes: makeNodes(2, (i) => ({ weight: `n0${i}` === other ? 100 : 0 })) })
  const later = (ms: number, pending = first.pending) => plan(better, { ...local, now: local.now + ms, pending })
  assert.equal(later(9_999).slots[0]?.candidate, one, 'kept, though another is better by now')
  assert.equal(first.wakeAt, local.now + 10_000)
  const second = plan(view, { ...local, now: local.now + 10_000, pending: first.pending })
  assert.equal(second.slots[0]?.candidate, other)
  assert.deepEqual(second.pending.get(slotOf(0))?.overdue.get(node(one ?? '')), { times: 1, until: local.now + 30_000 })
  const third = plan(view, { ...local, now: local.now + 20_000, pending: second.pending })
  assert.equal(third.slots[0]?.candidate === null, false, 'both overdue: somebody is tried')
  assert.deepEqual(later(5_000, new Map()).slots[0]?.candidate, other)
})

test('a candidate that becomes infeasible is given up at once', () => {
  const view = makeView({ nodes: makeNodes(2) })
  const first = plan(view, local)
  const one = first.slots[0]?.candidate ?? ''
  const gone = makeView({ nodes: makeNodes(2, (i) => ({ liveness: `n0${i}` === one ? 'disconnected' : 'alive' })) })
  assert.notEqual(plan(gone, { ...local, pending: first.pending }).slots[0]?.candidate, one)
})
