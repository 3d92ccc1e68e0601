// Two pools in one fleet: each node holds the fleet document and its own pool's documents; questions reach the pool that they are about.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { type PoolName, fleetDocId, jobDocId, jobId } from '../../../crdt/ids.ts'
import { decodeFrame, encodeFrame } from '../../../node/core/wire.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { testSigner } from '../../support/crypto.ts'
import { answer, bootPool, place } from '../../support/pool.ts'
import { createWorld, edit, jobSpec, runners, signJob, slot } from '../../support/world.ts'

const poolOf = (index: number): string => (index < 2 ? 'north' : 'south')

function bootTwo(): World {
  const world = createWorld(5, { board: (index) => ({ pool: poolOf(index) }) })
  world.bootAll()
  world.until(
    'both pools see themselves',
    () => [...world.boards.values()].every(({ core }, index) => alive(core) === (poolOf(index) === 'north' ? 2 : 3)),
    10_000,
  )
  return world
}

function alive(core: ReturnType<World['board']>['core']): number {
  return [...(core?.state?.view.nodes.values() ?? [])].filter((node) => node.liveness === 'alive').length
}

test('a node holds the fleet document and those of its own pool, no others', () => {
  const world = bootTwo()
  place(world, { name: 'n', pool: 'north' }, world.board('b0'))
  place(world, { name: 's', pool: 'south' }, world.board('b4'))
  world.run(65_000)
  for (const { core, disk } of world.boards.values()) {
    const pool = core!.state!.boot.config.pool
    assert.deepEqual(
      [...core!.state!.docs.values()].filter((doc) => doc.kind !== 'fleet' && doc.pool !== pool),
      [],
    )
    assert.equal(core!.state!.docs.has(jobDocId(jobId('default', pool === 'north' ? 's' : 'n'))), false)
    assert.equal(
      [...disk.keys()].some((key) => key === `doc/job/default/${pool === 'north' ? 's' : 'n'}`),
      false,
    )
    assert.equal(core!.state!.refusals['E_POOL'], undefined, 'nobody offers what the other may not have')
  }
})

test('a question with a pool field is answered by a node of that pool', () => {
  const world = bootTwo()
  const job = place(world, { name: 's', pool: 'south' }, world.board('b3'))
  const status = answer(world, world.board('b0'), 'job', { method: 'job.status', job: 's' }, 'south')
  assert.equal(status.job.id, job)
  assert.equal(status.coverage.pool, 'south')
  assert.equal(answer(world, world.board('b0'), 'error', { method: 'job.status', job: 's' }).code, 'E_JOB_UNKNOWN')
  assert.equal(answer(world, world.board('b0'), 'nodes', { method: 'node.list' }, 'south').nodes.length, 3)
})

test('a signed change of the other pool is passed on, and the receipt comes back', () => {
  const world = bootTwo()
  const signed = signJob(jobSpec({ name: 's', pool: 'south' }))
  const receipt = answer(world, world.board('b1'), 'receipt', { method: 'doc.put', envelopes: signed.map(toBase64) })
  assert.equal(receipt.coverage.pool, 'south')
  world.until('it runs there', () => runners(world, slot(jobId('default', 's'))).length === 1, 5_000)
  assert.ok(['b2', 'b3', 'b4'].includes(runners(world, slot(jobId('default', 's')))[0]!))
})

test('a plan for a job of the other pool is made there', () => {
  const world = bootTwo()
  const envelopes = signJob(jobSpec({ name: 's', pool: 'south', count: 2 })).map(toBase64)
  const plan = answer(world, world.board('b0'), 'plan', { method: 'job.plan', job: 's', envelopes })
  assert.equal(plan.coverage.pool, 'south')
  assert.deepEqual(
    plan.slots.map((entry) => entry.action),
    ['place', 'place'],
  )
})

test('logs of a copy are asked for through any pool', () => {
  const world = bootTwo()
  const job = place(world, { name: 's', pool: 'south' }, world.board('b3'))
  const { allocs } = answer(world, world.board('b0'), 'allocs', { method: 'alloc.list' }, 'south')
  assert.equal(allocs[0]!.slot, slot(job))
  const home = world.board(allocs[0]!.nodeName)
  const seen: string[] = []
  world.watch = (board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (effect.kind === 'logs') seen.push(`${board.spec.name} ${effect.task}`)
    return effects
  }
  world.ask(world.board('b0'), {
    method: 'alloc.logs',
    alloc: allocs[0]!.alloc,
    stream: 'stdout',
    follow: false,
    tailBytes: null,
    pool: 'south',
  })
  world.run(100)
  assert.deepEqual(seen, [`${home.spec.name} ${[...home.tasks.keys()][0]!}`])
})

test('pools tell one another how they are, and a pool that nobody knows is a clear error', () => {
  const world = bootTwo()
  place(world, { name: 's', pool: 'south' }, world.board('b3'))
  world.run(70_000)
  for (const name of ['b0', 'b1']) {
    const { pools } = answer(world, world.board(name), 'status', { method: 'status' })
    assert.deepEqual(
      pools.map(({ pool, own, nodesAlive, nodesTotal, jobs }) => ({ pool, own, nodesAlive, nodesTotal, jobs })),
      [
        { pool: 'north', own: true, nodesAlive: 2, nodesTotal: 2, jobs: 0 },
        { pool: 'south', own: false, nodesAlive: 3, nodesTotal: 3, jobs: 1 },
      ],
    )
    assert.ok(pools[1]!.ageMs <= 61_000, `${pools[1]!.ageMs}`)
  }
  const error = answer(world, world.board('b0'), 'error', { method: 'job.list' }, 'west')
  assert.equal(error.code, 'E_POOL_UNREACHABLE')
  assert.match(error.message, /'west'/)
  assert.equal(answer(world, world.board('b0'), 'error', { method: 'job.list' }, 'Not A Pool').code, 'E_POOL_NAME')
})

test('the next contact is asked when the first is gone; with all gone the answer says so', () => {
  const world = bootTwo()
  world.run(1_000)
  for (const name of ['b2', 'b3']) world.kill(world.board(name))
  world.run(10_000)
  assert.equal(answer(world, world.board('b0'), 'nodes', { method: 'node.list' }, 'south').coverage.nodeName, 'b4')
  world.kill(world.board('b4'))
  world.run(10_000)
  assert.equal(answer(world, world.board('b0'), 'error', { method: 'node.list' }, 'south').code, 'E_POOL_UNREACHABLE')
})

test('a change of the fleet document reaches the other pool even when gossip loses it', () => {
  const world = createWorld(5, { board: (index) => ({ pool: poolOf(index) }), loses: () => true })
  world.bootAll()
  world.run(20_000)
  edit(world, world.board('b0'), fleetDocId, '*', () => new Map([[fleetPaths.name, 'renamed']]))
  world.until('all know the name', () => [...world.boards.values()].every(({ core }) => core!.state!.view.fleet.name === 'renamed'), 60_000)
})

test('a board that is moved to another pool leaves the documents of the old one behind', () => {
  const world = bootTwo()
  const job = place(world, { name: 's', pool: 'south' }, world.board('b3'))
  world.run(5_000)
  const moved = world.board(runners(world, slot(job))[0]!)
  world.kill(moved)
  world.run(1_000)
  moved.spec = { ...moved.spec, pool: 'north' }
  world.boot(moved)
  world.until('the new pool counts it', () => alive(world.board('b0').core) === 3, 20_000)
  world.until('the old pool runs the job elsewhere', () => runners(world, slot(job)).some((name) => name !== moved.spec.name), 90_000)
  const { docs, refusals } = moved.core!.state!
  assert.deepEqual(
    [...docs.values()].filter((doc) => doc.kind !== 'fleet' && doc.pool !== ('north' as PoolName)),
    [],
  )
  assert.equal(moved.tasks.size, 0, 'what it ran for the old pool is stopped')
  assert.deepEqual(refusals, {})
})

/** What a board does from now on, in kinds of frames. */
function countFrames(world: World, board: Board): Map<string, number> {
  const counts = new Map<string, number>()
  world.watch = (by, _event, step) => {
    const effects = step()
    for (const effect of by === board ? effects : []) {
      const decoded = effect.kind === 'send' || effect.kind === 'broadcast' ? decodeFrame(effect.frame) : null
      if (decoded?.ok === true) counts.set(decoded.value.kind, (counts.get(decoded.value.kind) ?? 0) + 1)
    }
    return effects
  }
  return counts
}

test('a board that is alone in its pool compares documents as seldom as any other', () => {
  const world = createWorld(4, { board: (index) => ({ pool: index === 0 ? 'north' : 'south' }) })
  world.bootAll()
  world.run(60_000)
  const sent = countFrames(world, world.board('b0'))
  world.run(10 * 60_000)
  const syncs = sent.get('sync') ?? 0
  assert.ok(syncs > 0 && syncs <= 120, `${syncs} frames`)
})

test('the more pools a fleet has, the more seldom each tells of itself; those unheard for long are forgotten', () => {
  const { world, first } = bootPool(2)
  const { contacts } = first.core!.state!
  const other = testSigner(900).node
  const hear = (pool: string): void => {
    const numbers = { nodesAlive: 1, nodesTotal: 1, jobs: 0, seq: 1, wallMs: 1 }
    const bytes = encodeFrame({ kind: 'summary', pool: pool as PoolName, node: other, addresses: [], ...numbers })
    world.feed(first, { kind: 'frame', now: world.queue.now, from: other, via: 'gossip', bytes })
  }
  for (let n = 1; n < 300; n++) hear(`p${n}`)
  world.run(61_000)
  const sent = countFrames(world, first)
  world.run(60 * 60_000)
  assert.equal(sent.get('summary'), 2)
  assert.equal(contacts.size, 299)
  for (const pool of contacts.values()) for (const contact of pool.values()) Object.assign(contact, { heardAt: -60 * 86_400_000 })
  contacts.get('p1' as PoolName)!.set(other, { ...contacts.get('p1' as PoolName)!.get(other)!, heardAt: world.queue.now })
  world.run(31 * 60_000)
  assert.deepEqual([...contacts.keys()], ['p1'])
})
