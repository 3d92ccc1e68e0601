import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetGenesisRegisters, fleetPaths } from '../../../crdt/documents/fleet.ts'
import { specToRegisters } from '../../../crdt/documents/job.ts'
import { type NodeRecord, nodeFromRegisters, nodeToRegisters } from '../../../crdt/documents/node.ts'
import { type AllocId, type DocId, type Form, type NodeId, type PoolName, type SlotId, compareText } from '../../../crdt/ids.ts'
import { createReader } from '../../../crdt/engine.ts'
import { createProjector } from '../../../crdt/project.ts'
import { difference } from '../../../crdt/registers.ts'
import type { Claim, Liveness, View } from '../../../crdt/view.ts'
import { allocId, viewHash } from '../../../crdt/view-hash.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { edit, newDoc, testPool } from '../../support/edit.ts'
import { sampleJob } from '../../../simulator/sample-job.ts'

const crypto = testCrypto()
const nodes = [1, 2, 3].map((seed) => testSigner(seed).node)
const [first, second, third] = nodes as [NodeId, NodeId, NodeId]
const slot = (index: number): SlotId => `default/shop/web/${index}` as SlotId

function claimOf(node: NodeId, index: number, changes: Partial<Claim> = {}): Claim {
  return {
    slot: slot(index),
    node,
    alloc: allocId(crypto, slot(index), node, 1),
    generation: 1,
    version: { epoch: 1, count: 1, hash: 'a'.repeat(16) },
    form: 'b'.repeat(16) as Form,
    state: 'running',
    healthy: true,
    reason: '',
    startedAt: 0,
    restarts: 0,
    restartSeen: 0,
    ports: {},
    tasks: {},
    over: new Map(),
    lost: new Map(),
    ...changes,
  }
}

function recordOf(node: NodeId, claims: readonly Claim[], changes: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...nodeFromRegisters(node, new Map()),
    name: `n-${node.slice(-4)}`,
    claims: new Map(claims.map((claim) => [claim.slot, claim])),
    ...changes,
  }
}

function nodeDoc(node: NodeId, record: NodeRecord, from?: Doc, pool: string = testPool): Doc {
  const seed = nodes.indexOf(node) + 1
  const doc = from ?? newDoc(`node/${node}`, pool)
  return edit(doc, seed, difference(doc.registers, nodeToRegisters(record))).doc
}

const docsOf = (...docs: readonly Doc[]): Map<DocId, Doc> => new Map(docs.map((doc) => [doc.id, doc]))
const alive = (): Liveness => 'alive'
const project = (
  docs: ReadonlyMap<DocId, Doc>,
  livenessOf: (node: NodeId) => Liveness = alive,
  projector = createProjector(createReader(crypto)),
): View => projector({ pool: testPool, docs, livenessOf })

const job = edit(newDoc('job/default/shop'), 9, specToRegisters(sampleJob())).doc
const one = nodeDoc(first, recordOf(first, [claimOf(first, 0), claimOf(first, 1)], { labels: { rack: 'a', disk: 'ssd' } }))
const two = nodeDoc(second, recordOf(second, [claimOf(second, 0)]))

test('claims of a slot stand in order of node id, each from its own document', () => {
  const view = project(docsOf(two, job, one))
  assert.deepEqual(
    view.claims.get(slot(0))?.map((claim) => claim.node),
    [first, second].sort(compareText),
  )
  assert.deepEqual(view.claims.get(slot(1)), [claimOf(first, 1)])
  assert.equal(view.jobs.get(job.id.slice(4) as never)?.spec?.name, 'shop')
})

test('operators’ wishes lie over what the node says of itself', () => {
  const ops = edit(newDoc(`ops/${first}`), 9, { eligible: false, draining: true, weight: 7, 'label/rack': 'b' }).doc
  const view = project(docsOf(one, ops, two)).nodes.get(first)
  assert.deepEqual(view?.labels, { rack: 'b', disk: 'ssd' })
  assert.deepEqual([view?.eligible, view?.draining, view?.evicted, view?.weight], [false, true, false, 7])
})

test('a node of which only wishes are known is in the view, with nothing to offer', () => {
  const ops = edit(newDoc(`ops/${third}`), 9, { evicted: true }).doc
  const view = project(docsOf(ops)).nodes.get(third)
  assert.equal(view?.evicted, true)
  assert.equal(view?.capacity.memoryMib, 0)
})

test('documents of other pools are not in the view', () => {
  const elsewhere = nodeDoc(third, recordOf(third, [claimOf(third, 0)]), undefined, 'attic')
  const view = project(docsOf(one, elsewhere))
  assert.deepEqual([...view.nodes.keys()], [first])
  assert.deepEqual(
    view.claims.get(slot(0))?.map((claim) => claim.node),
    [first],
  )
})

test('only the node itself says that it left', () => {
  const gone = nodeDoc(second, recordOf(second, [], { left: true }), two)
  assert.equal(project(docsOf(gone)).nodes.get(second)?.liveness, 'left')
  assert.equal(project(docsOf(two), () => 'unheard').nodes.get(second)?.liveness, 'unheard')
})

test('an allocation’s id is computed here, whatever the node says', () => {
  const liar = nodeDoc(second, recordOf(second, [claimOf(second, 0, { alloc: 'f'.repeat(16) as AllocId })]))
  assert.equal(project(docsOf(liar)).claims.get(slot(0))?.[0]?.alloc, allocId(crypto, slot(0), second, 1))
})

test('of two plan versions set at the same time the higher one counts', () => {
  const admin = testSigner(9).operator
  const base = edit(newDoc('fleet', '*'), 9, fleetGenesisRegisters({ name: 'bay', admin, adminName: 'ada' })).doc
  const fleet = {
    ...base,
    registers: new Map([...base.registers, [fleetPaths.planVersion, 2] as const]),
    conflicts: new Map([[fleetPaths.planVersion, [3]]]),
  }
  assert.equal(project(docsOf(fleet)).fleet.planVersion, 3)
  assert.equal(project(docsOf(base)).fleet.name, 'bay')
  assert.equal(project(docsOf()).fleet.planVersion, 1)
})

test('what did not change is the same object', () => {
  const projector = createProjector(createReader(crypto))
  const before = project(docsOf(one, two, job), alive, projector)
  assert.equal(project(docsOf(job, two, one), alive, projector), before, 'nothing changed')

  const claims = [claimOf(first, 0), claimOf(first, 1, { state: 'stopping' })]
  const changed = nodeDoc(first, recordOf(first, claims, { labels: { rack: 'a', disk: 'ssd' } }), one)
  const after = project(docsOf(changed, two, job), alive, projector)
  assert.equal(after.jobs, before.jobs)
  assert.equal(after.nodes, before.nodes, 'a claim is no part of a node’s view')
  assert.equal(after.claims.get(slot(0)), before.claims.get(slot(0)))
  assert.equal(after.claims.get(slot(1))?.[0]?.state, 'stopping')
  assert.equal(before.claims.get(slot(1))?.[0]?.state, 'running', 'older views stay as they were')

  const silent = project(docsOf(changed, two, job), (node) => (node === second ? 'disconnected' : 'alive'), projector)
  assert.equal(silent.nodes.get(first), after.nodes.get(first))
  assert.equal(silent.nodes.get(second)?.liveness, 'disconnected')
  assert.equal(silent.nodes.get(second)?.capacity, after.nodes.get(second)?.capacity)
  assert.equal(silent.claims, after.claims)
})

test('what is gone from the documents is gone from the view', () => {
  const projector = createProjector(createReader(crypto))
  project(docsOf(one, two, job), alive, projector)
  const withdrawn = nodeDoc(first, recordOf(first, [claimOf(first, 0)]), one)
  const view = project(docsOf(withdrawn), alive, projector)
  assert.deepEqual([...view.claims.keys()], [slot(0)])
  assert.deepEqual(
    view.claims.get(slot(0))?.map((claim) => claim.node),
    [first],
  )
  assert.equal(view.jobs.size, 0)
  assert.deepEqual([...view.nodes.keys()], [first])
})

for (const [words, from, to] of [
  ['leaving, of one that goes on draining', { draining: true, 'x/leave': true }, { 'x/leave': null }],
  ['that a drain spares system jobs', { draining: true, drain_ignores_system: true }, { drain_ignores_system: null }],
  ['how long a drain may take', { draining: true, 'x/drain_said_at_ms': 7, 'x/drain_deadline_ms': 9 }, { 'x/drain_said_at_ms': null }],
] as const) {
  test(`a word that is taken back is gone from the view, and nothing else: ${words}`, () => {
    const projector = createProjector(createReader(crypto))
    const ops = edit(newDoc(`ops/${first}`), 9, from).doc
    const before = project(docsOf(one, ops), alive, projector)
    const after = docsOf(one, edit(ops, 9, to).doc)
    assert.deepEqual(project(after, alive, projector), project(after))
    assert.notDeepEqual(project(after), before)
  })
}

test('a projector that looked at something else in between answers as a new one', () => {
  const projector = createProjector(createReader(crypto))
  const changed = nodeDoc(first, recordOf(first, [claimOf(first, 3)]), one)
  for (const docs of [docsOf(one, two), docsOf(changed, job), docsOf(two, one, job), docsOf(), docsOf(one)]) {
    assert.deepEqual(project(docs, alive, projector), project(docs))
  }
})

test('the hash tells views apart by anything in them, and by nothing else', () => {
  const base = project(docsOf(one, two, job))
  const hash = viewHash(crypto, base)
  assert.match(hash, /^[0-9a-f]{32}$/)
  assert.equal(viewHash(crypto, project(docsOf(job, two, one))), hash)
  const others = [
    project(docsOf(one, two)),
    project(docsOf(one, two, job), () => 'unheard'),
    project(docsOf(nodeDoc(first, recordOf(first, [claimOf(first, 0)], { labels: { rack: 'a', disk: 'ssd' } }), one), two, job)),
    { ...base, pool: 'attic' as PoolName },
    { ...base, fleet: { ...base.fleet, planVersion: 2 } },
  ]
  assert.equal(new Set([hash, ...others.map((view) => viewHash(crypto, view))]).size, others.length + 1)
})

test('an allocation id names slot, node and generation', () => {
  const ids = [
    allocId(crypto, slot(0), first, 1),
    allocId(crypto, slot(1), first, 1),
    allocId(crypto, slot(0), second, 1),
    allocId(crypto, slot(0), first, 2),
  ]
  assert.equal(new Set(ids).size, 4)
  for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/)
})
