// `node leave` and `node evict --clone`: what is refused, what is written, and what is said while it is waited for.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'

import type { AllocRow } from '../../../crdt/api-jobs.ts'
import type { NodeDetail } from '../../../crdt/api-nodes.ts'
import type { Request } from '../../../crdt/api-types.ts'
import { type JobId, type PoolName, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import { emptyDoc } from '../../../crdt/replica.ts'
import { allocRow, coverage, fakeNodes, jobDetail, nodeRow } from '../../support/cli-fake-mesh.ts'
import { type CliFleet, cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { CliRun } from '../../support/cli-io.ts'
import { testCrypto } from '../../support/crypto.ts'

let fleet: CliFleet
beforeEach(async () => {
  fleet = await cliFleet()
})
afterEach(async () => await fleet.cli.close())

/** What the peer says of the node, one answer after the other; the last one again and again. */
function nodeSays(...answers: readonly Partial<NodeDetail>[]): void {
  let asked = 0
  const plain = { labels: {}, weight: 0, attributes: {}, drivers: {}, addresses: [], neighbours: [], diskMib: 8192, claims: [] }
  fleet.mesh.answer = (request: Request) => {
    if (request.method !== 'node.status') return undefined
    const said = answers[Math.min(asked++, answers.length - 1)]
    return [{ kind: 'node', coverage: coverage(), node: { ...nodeRow(0), ...plain, ...said } }]
  }
}

const run = async (...argv: readonly string[]): Promise<CliRun> => await fleet.cli.run(['node', ...argv, ...fakePeer])
const wishes = (): Record<string, unknown> => Object.fromEntries(fleet.mesh.docs.get(opsDocId(fakeNodes[0]))?.registers ?? [])
const holding = (...claims: readonly AllocRow[]): Partial<NodeDetail> => ({ draining: true, leaving: true, claims })
const copy = allocRow('default/shop/main/0', 0)

test('it writes a drain that ends in leaving, and follows it until the node has left', async () => {
  nodeSays({}, holding(copy), holding(copy, allocRow('default/shop/main/1', 0)), holding(), { liveness: 'left' })
  const ran = await run('leave', 'board-0', '--deadline', '10m')
  assert.equal(ran.exitCode, 0, ran.stderr)
  const { draining, 'x/leave': leave, 'x/leave_deadline_ms': deadline } = wishes()
  assert.deepEqual([draining, leave, deadline], [true, true, 600_000])
  const lines = ran.stdout.split('\n').filter((line) => line.startsWith('node '))
  assert.deepEqual(lines, [
    'node board-0 is leaving',
    'node board-0 still holds 1 copy',
    'node board-0 still holds 2 copies',
    'node board-0 holds nothing any more',
    'node board-0 has left the fleet',
  ])
})

test('not left in time: exit code 2, and of each copy why it has no other place', async () => {
  nodeSays({}, holding(copy))
  const { answer } = fleet.mesh
  fleet.mesh.answer = (request) => {
    if (request.method !== 'job.status') return answer(request)
    const slots = [{ slot: copy.slot, holder: copy.node, complete: null, candidate: null, reason: 'no-node-feasible' }]
    const doc = emptyDoc(testCrypto(), jobDocId('default/shop' as JobId), 'default' as PoolName)
    return [{ kind: 'job', coverage: coverage(), settled: true, job: { ...jobDetail(doc, 'default/shop'), slots } }]
  }
  const ran = await run('leave', 'board-0', '--follow', '1ms')
  assert.equal(ran.exitCode, 2)
  assert.match(ran.stderr, /no-node-feasible \(no node can take it\)/)
  assert.match(ran.stderr, /shoal node leave board-0 --force/)
})

test('--force is a deadline of nothing, and takes back what an earlier one said; --detach waits for nothing', async () => {
  nodeSays({})
  await run('leave', 'board-0', '--deadline', '1h', '--detach')
  await run('leave', 'board-0', '--force', '--detach')
  assert.equal(wishes()['x/leave_deadline_ms'], 0)
  await run('leave', 'board-0', '--detach')
  assert.equal(wishes()['x/leave_deadline_ms'], null)
})

test('refused: an evicted node, two deadlines; one that left already is left alone; one that somebody keeps', async () => {
  nodeSays({ evicted: true })
  assert.match((await run('leave', 'board-0')).stderr, /error E_EVICTED: node board-0 is evicted/)
  nodeSays({})
  assert.match((await run('leave', 'board-0', '--force', '--deadline', '1m')).stderr, /error E_USAGE/)
  nodeSays({ liveness: 'left' })
  const ran = await run('leave', 'board-0')
  assert.deepEqual([ran.exitCode, ran.stdout], [0, 'node board-0 has left already\n'])
  assert.deepEqual(wishes(), {})
  nodeSays({}, { draining: false })
  assert.match((await run('leave', 'board-0')).stderr, /error E_NOT_LEAVING: .*somebody has taken it back/)
})

test('evict --clone: by the beginning of an id that the node has, and of only one; the node itself is not evicted', async () => {
  const clones = [
    { id: 'aaaaaaaaaaaa', where: '/ip4/192.0.2.7/tcp/7420' },
    { id: 'aabbbbbbbbbb', where: '/ip4/192.0.2.8/tcp/7420' },
  ]
  nodeSays({})
  assert.match(
    (await run('evict', 'board-0', '--clone', 'aa')).stderr,
    /error E_CLONE_UNKNOWN: .*not known to run on more than one machine/,
  )
  nodeSays({ clones })
  const both = await run('evict', 'board-0', '--clone', 'aa')
  assert.match(both.stderr, /error E_CLONE_UNKNOWN: .*no single clone 'aa'/)
  assert.match(both.stderr, /aabbbbbbbbbb {2}\/ip4\/192\.0\.2\.8/)
  assert.match((await run('evict', 'board-0', '--clone', 'aabb', '--undo')).stderr, /error E_USAGE/)
  assert.deepEqual(wishes(), {})
  const ran = await run('evict', 'board-0', '--clone', 'aabb')
  assert.equal(ran.exitCode, 0, ran.stderr)
  assert.deepEqual(wishes()['x/out/aabbbbbbbbbb'], true)
  assert.equal(wishes()['evicted'], undefined)
})
