// What operators ask: plans that leave no trace, reasons, histories, conflicts, nodes and allocations, and who may ask at all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { jobDocId, jobId, opsDocId } from '../../../crdt/ids.ts'
import { answer, bootPool, claimsHeld, home, place } from '../../support/pool.ts'
import { testSigner } from '../../support/crypto.ts'
import { edit, jobSpec, runJob, signChange, signJob, slot, submission } from '../../support/world.ts'

test('a plan says what would be placed where, and leaves no trace', () => {
  const { world, boards, first } = bootPool(3)
  place(world, { name: 'old', count: 1 })
  world.run(40_000)
  const before = boards.map((board) => [...board.disk.keys()].length)
  const writes = boards.map((board) => board.writes)
  const digests = [...first.core!.state!.docs.values()].map((doc) => doc.digest)
  const view = first.core!.state!.view
  const envelopes = signJob(jobSpec({ name: 'new', count: 3 })).map(toBase64)
  const plan = answer(world, first, 'plan', { method: 'job.plan', job: 'new', envelopes })
  assert.deepEqual(
    plan.slots.map((entry) => [entry.slot, entry.action]),
    [0, 1, 2].map((index) => [slot(jobId('default', 'new'), index), 'place']),
  )
  assert.ok(
    plan.changes.some((line) => line.includes('count')),
    plan.changes.join('\n'),
  )
  world.run(30_000)
  assert.deepEqual(
    [...first.core!.state!.docs.values()].map((doc) => doc.digest),
    digests,
  )
  assert.deepEqual(
    boards.map((board) => [...board.disk.keys()].length),
    before,
  )
  assert.deepEqual(
    boards.map((board) => board.writes),
    writes,
  )
  assert.deepEqual(boards.flatMap(claimsHeld), [slot(jobId('default', 'old'))])
  assert.equal(first.core!.state!.view.jobs.has(jobId('default', 'new')), false)
  assert.deepEqual(first.core!.state!.view.jobs, view.jobs)
})

test('a plan says of a copy that finds no place what speaks against each board', () => {
  const { world, first } = bootPool(2, { board: () => ({ capacity: { cpuMhz: 1_000, memoryMib: 1_000, diskMib: 32_000 } }) })
  world.run(1_000)
  const envelopes = signJob(jobSpec({ name: 'big', count: 100 })).map(toBase64)
  const plan = answer(world, first, 'plan', { method: 'job.plan', job: 'big', envelopes })
  const left = plan.slots.filter((entry) => entry.action === 'none').length
  assert.ok(left > 0 && left < 100, `${left}`)
  assert.equal(plan.unplaced.length, Math.min(10, left))
  for (const { holder, candidate, reason, nodes } of plan.unplaced) {
    assert.deepEqual([holder, candidate, reason], [null, null, 'no-node-feasible'])
    assert.deepEqual(
      nodes.map((node) => node.rejected),
      ['memory-exhausted', 'memory-exhausted'],
    )
  }
})

test('a plan of a smaller count names what stops, and of the same specification that nothing changes', () => {
  const { world, first } = bootPool(2)
  place(world, { count: 2 })
  assert.deepEqual(
    answer(world, first, 'plan', { method: 'job.plan', job: 'web', envelopes: [] }).slots.map((entry) => entry.action),
    ['keep', 'keep'],
  )
  const fewer = signChange(world, first, jobDocId(jobId('default', 'web')), 'default', submission(jobSpec({ count: 1 }))).map(toBase64)
  const plan = answer(world, first, 'plan', { method: 'job.plan', job: 'web', envelopes: fewer })
  assert.deepEqual(
    plan.slots.map((entry) => entry.action),
    ['keep', 'stop'],
  )
})

test('a plan of a change that nobody may make is refused', () => {
  const { world, first } = bootPool(1)
  const reply = answer(world, first, 'error', { method: 'job.plan', job: 'web', envelopes: ['AAAA'] })
  assert.match(reply.code, /^E_/)
  const many = Array.from({ length: 65 }, () => 'AAAA')
  assert.equal(answer(world, first, 'error', { method: 'job.plan', job: 'web', envelopes: many }).code, 'E_SIZE')
})

test('explain says for every board why it has not got the copy', () => {
  const { world, boards, first } = bootPool(3)
  edit(world, first, opsDocId(boards[1]!.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  const job = runJob(world, first, jobSpec({ cpuMhz: 50_000 }))
  world.run(1_000)
  const [entry] = answer(world, first, 'explain', { method: 'job.explain', job }).slots
  assert.equal(entry!.reason, 'no-node-feasible')
  const rejected = Object.fromEntries(entry!.nodes.map((node) => [node.name, node.rejected]))
  assert.deepEqual(rejected, { b0: 'cpu-exhausted', b1: 'ineligible', b2: 'cpu-exhausted' })
})

test('history lists the changes, newest first, with what they wrote', () => {
  const { world, first } = bootPool(2)
  const job = place(world, { count: 1 })
  runJob(world, first, jobSpec({ count: 2 }))
  const { changes } = answer(world, first, 'history', { method: 'job.history', job })
  assert.equal(changes.length, 2)
  assert.deepEqual(changes[0]!.changes, ['spec/groups/g/count = 2'])
  assert.equal(changes[0]!.author, testSigner(1).id)
  assert.ok(changes[1]!.changes.length > 3)
})

test('two sides set one field differently: one value is in force, the other is visible, and a new submission settles it', () => {
  const { world, boards, first } = bootPool(4)
  const job = place(world, { count: 2 })
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(10_000)
  runJob(world, boards[0]!, jobSpec({ count: 3 }))
  runJob(world, boards[2]!, jobSpec({ count: 4 }))
  world.run(5_000)
  world.heal()
  world.run(20_000)
  const details = boards.map((board) => answer(world, board, 'job', { method: 'job.status', job }).job)
  const [conflict] = details[0]!.conflictsList
  assert.equal(conflict!.path, 'spec/groups/g/count')
  assert.deepEqual([conflict!.winner, ...conflict!.losers].toSorted(), [3, 4])
  for (const detail of details)
    assert.deepEqual([detail.conflicts, detail.conflictsList, detail.wanted], [1, details[0]!.conflictsList, conflict!.winner])
  // Whoever submits again writes every field that is contested, the winner's value included.
  edit(world, first, jobDocId(job), 'default', () => new Map([['spec/groups/g/count', conflict!.winner === 3 ? 4 : 3]]))
  world.run(20_000)
  for (const board of boards) assert.equal(answer(world, board, 'job', { method: 'job.status', job }).job.conflicts, 0)
})

test('nodes are found by name and by the beginning of their id; unknown and ambiguous ones are said so', () => {
  const { world, boards, first } = bootPool(3)
  place(world, { count: 3 })
  const detail = answer(world, first, 'node', { method: 'node.status', node: 'b1' }).node
  assert.equal(detail.id, boards[1]!.spec.id)
  assert.deepEqual([detail.liveness, detail.allocs, detail.claims.length, detail.silentMs], ['alive', 1, 1, 0])
  assert.ok(detail.neighbours.length > 0)
  assert.equal(answer(world, first, 'node', { method: 'node.status', node: detail.id.slice(8, 20) }).node.name, 'b1')
  assert.equal(answer(world, first, 'error', { method: 'node.status', node: 'zz' }).code, 'E_NODE_UNKNOWN')
  assert.equal(answer(world, first, 'error', { method: 'node.status', node: '' }).code, 'E_NODE_UNKNOWN')
  assert.equal(answer(world, first, 'error', { method: 'node.status', node: '12D3KooW' }).code, 'E_AMBIGUOUS')
})

test('a silent node is shown with how long it has been silent, and the answer says how far it can be trusted', () => {
  const { world, boards, first } = bootPool(3)
  world.split([boards[2]!], boards.slice(0, 2))
  world.run(30_000)
  const { nodes, coverage } = answer(world, first, 'nodes', { method: 'node.list' })
  const silent = nodes.find((node) => node.name === 'b2')!
  assert.equal(silent.liveness, 'disconnected')
  assert.ok(silent.silentMs > 20_000 && silent.silentMs <= 30_000, `${silent.silentMs}`)
  assert.deepEqual([coverage.nodesAlive, coverage.nodesTotal, coverage.oldestMs], [2, 3, silent.silentMs])
})

test('allocations are found by the beginning of their id; ambiguous and unknown ones are said so', () => {
  const { world, first } = bootPool(3, { board: () => ({ capacity: { cpuMhz: 8_000, memoryMib: 8_000, diskMib: 32_000 } }) })
  place(world, { count: 20 })
  const { allocs } = answer(world, first, 'allocs', { method: 'alloc.list' })
  assert.equal(allocs.length, 20)
  assert.deepEqual(
    allocs.map((row) => row.slot),
    allocs.map((_, index) => slot(jobId('default', 'web'), index)),
    'index 10 comes after 9',
  )
  const one = answer(world, first, 'alloc', { method: 'alloc.status', alloc: allocs[7]!.alloc.slice(0, 12) }).alloc
  assert.equal(one.slot, allocs[7]!.slot)
  assert.equal(one.tasks['app']!.state, 'running')
  // Twenty ids, sixteen first digits: two begin alike.
  const firsts = allocs.map((row) => row.alloc[0]!)
  const double = firsts.find((digit, index) => firsts.indexOf(digit) !== index)!
  const error = answer(world, first, 'error', { method: 'alloc.status', alloc: double })
  assert.equal(error.code, 'E_AMBIGUOUS')
  assert.equal(answer(world, first, 'error', { method: 'alloc.status', alloc: 'xyz' }).code, 'E_ALLOC_UNKNOWN')
  assert.equal(answer(world, first, 'error', { method: 'alloc.status', alloc: '' }).code, 'E_ALLOC_UNKNOWN')
})

test('logs are those of the task that is meant', () => {
  const { world, boards, first } = bootPool(2)
  const job = place(world)
  const at = home(world, slot(job))
  const { allocs } = answer(world, first, 'allocs', { method: 'alloc.list' })
  const ask = { method: 'alloc.logs', alloc: allocs[0]!.alloc, stream: 'stdout', follow: false, tailBytes: null } as const
  assert.equal(answer(world, at, 'error', { ...ask, task: 'other' }).code, 'E_TASK_UNKNOWN')
  assert.equal(answer(world, at, 'error', { ...ask, task: 'other' }).message, "it has no task 'other'; say which with --task: app")
  const elsewhere = boards.find((board) => board !== at)!
  assert.equal(answer(world, elsewhere, 'error', { ...ask, task: 'other' }).code, 'E_TASK_UNKNOWN', 'asked there')
  world.kill(at)
  const lost = answer(world, elsewhere, 'error', ask)
  assert.equal(lost.code, 'E_NODE_UNREACHABLE')
  assert.equal(lost.message, `${at.spec.name}, which holds the log, does not answer`)
})

test('unknown jobs, documents and requests have clear errors', () => {
  const { world, first } = bootPool(1)
  for (const method of ['job.status', 'job.explain', 'job.history'] as const)
    assert.equal(answer(world, first, 'error', { method, job: 'x' }).code, 'E_JOB_UNKNOWN')
  assert.deepEqual(answer(world, first, 'doc', { method: 'doc.get', doc: 'job/default/x' }).envelopes, [])
  assert.match(answer(world, first, 'error', { method: 'doc.get', doc: '../x' }).code, /^E_/)
  assert.equal(answer(world, first, 'error', { method: 'nonsense' } as never).code, 'E_METHOD')
  assert.equal(answer(world, first, 'error', { method: 'doc.put', envelopes: [] }).code, 'E_SIZE')
  assert.equal(answer(world, first, 'error', { method: 'doc.put', envelopes: ['%%%'] }).code.startsWith('E_'), true)
})

test('a key without a role may not even read; nodes and operators may', () => {
  const { world, boards, first } = bootPool(2)
  const stranger = testSigner(999).id
  assert.equal(answer(world, first, 'error', { method: 'status' }, undefined, stranger).code, 'E_FORBIDDEN')
  assert.equal(answer(world, first, 'status', { method: 'status' }, undefined, testSigner(1).id).kind, 'status')
  assert.equal(answer(world, first, 'status', { method: 'status' }, undefined, boards[1]!.spec.id).kind, 'status')
})

test('changes about two pools in one request are refused before any of them is taken', () => {
  const { world, first } = bootPool(1)
  const envelopes = [...signJob(jobSpec({ name: 'a' })), ...signJob(jobSpec({ name: 'b', pool: 'south' }))].map(toBase64)
  assert.equal(answer(world, first, 'error', { method: 'doc.put', envelopes }).code, 'E_POOL')
  assert.equal(first.core!.state!.view.jobs.size, 0)
})
