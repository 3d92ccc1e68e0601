// One fleet, two pools of two boards each. What is asked of a board of one pool about the other reaches it, and nothing of the
// other's state is kept here. The bootstrap list names one board only.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ClassicLevel } from 'classic-level'
import { join } from 'node:path'
import { type Agent, Fleet, aliveOn, ask, runningOn, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'
import type { Ran } from './support/run.ts'

const fleet = new Fleet()
let a1: Agent
let a2: Agent
let b1: Agent
let b2: Agent
let addressOfA1 = ''

before(async () => {
  const addresses = await loopbacks(4)
  addressOfA1 = addresses[0]!
  await fleet.init([addressOfA1], ['a', 'b'])
  const [first, second, third, fourth] = [
    ['a1', 'a'],
    ['a2', 'a'],
    ['b1', 'b'],
    ['b2', 'b'],
  ].map(([name = '', pool = ''], index) => fleet.start(name, { listen: addresses[index]!, pool }))
  a1 = first!
  a2 = second!
  b1 = third!
  b2 = fourth!
})

after(async () => await fleet.stop())

/** The operator, who knows only a board of pool a. */
async function operator(...args: readonly string[]): Promise<Ran> {
  return await fleet.cli([...args, '--peer', addressOfA1])
}

function fine(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.output)
  return ran
}

test('the boards of each pool find each other, through one bootstrap board of pool a', async () => {
  for (const [agent, names] of [
    [a1, ['a1', 'a2']],
    [a2, ['a1', 'a2']],
    [b1, ['b1', 'b2']],
    [b2, ['b1', 'b2']],
  ] as const) {
    await until(`${agent.name} sees its pool and nobody else`, 120_000, async () => {
      const alive = (await aliveOn(agent)).toSorted()
      assert.ok(
        alive.every((name) => names.some((known) => known === name)),
        `${agent.name} sees ${alive.join()}`,
      )
      return alive.length === 2
    }).catch((error: unknown) => {
      throw new Error(fleet.logs(10), { cause: error })
    })
  }
})

test('job run for pool b through a board of pool a: placed and followed to the end', async () => {
  const ran = await operator(
    'job',
    'run',
    fleet.jobFile(job('in-b', { pool: 'b', count: 2, script: 'echo "hello from $SHOAL_NODE_NAME"; exec sleep 1000000' })),
  )
  assert.equal(fine(ran).code, 0)
  assert.match(ran.output, /2 of 2 copies healthy/)
  const { allocs } = await ask(b1, 'allocs', { method: 'alloc.list' })
  assert.deepEqual(runningOn(allocs), ['b1', 'b2'])
})

test('status, explain, inspect, history and logs of pool b through a board of pool a', async () => {
  const status = JSON.parse(fine(await operator('status', '--pool', 'b', '-o', 'json')).stdout) as {
    coverage: { pool: string }
    nodes: { name: string }[]
    jobs: { id: string }[]
  }
  assert.equal(status.coverage.pool, 'b')
  assert.deepEqual(status.nodes.map((node) => node.name).toSorted(), ['b1', 'b2'])
  assert.deepEqual(
    status.jobs.map((one) => one.id),
    ['default/in-b'],
  )
  assert.match(fine(await operator('job', 'status', 'in-b', '--pool', 'b')).output, /in-b/)
  assert.match(fine(await operator('job', 'explain', 'in-b', '--pool', 'b')).output, /b1/)
  assert.match(fine(await operator('job', 'inspect', 'in-b', '--pool', 'b')).output, /raw_exec/)
  assert.match(fine(await operator('job', 'history', 'in-b', '--pool', 'b')).output, /\w/)
  const { allocs } = JSON.parse(fine(await operator('alloc', 'status', '--pool', 'b', '-o', 'json')).stdout) as {
    allocs: { alloc: string; nodeName: string }[]
  }
  for (const { alloc, nodeName } of allocs) {
    assert.equal(fine(await operator('alloc', 'logs', alloc, '--pool', 'b')).stdout, `hello from ${nodeName}\n`)
  }
})

test('a wish about a copy in pool b, through a board of pool a, is carried out', async () => {
  const { allocs } = await ask(b1, 'allocs', { method: 'alloc.list' })
  const alloc = allocs.find((one) => one.nodeName === 'b2')!
  const before = taskPids(b2)
  fine(await operator('alloc', 'restart', alloc.alloc, '--pool', 'b'))
  await until('other processes run the copy', 60_000, async () => {
    const now = taskPids(b2)
    return now.length === before.length && now.every((pid) => !before.includes(pid))
  })
})

test('a pool that nobody knows: a code and a hint, at once', async () => {
  const ran = await operator('status', '--pool', 'c')
  assert.equal(ran.code, 1)
  assert.match(ran.output, /error E_POOL_UNREACHABLE: .*'c'.*\nhint: /)
})

test('a board of pool a knows of pool b in summary', async () => {
  await until('the summary of b arrives', 120_000, async () => {
    const { pools } = await ask(a1, 'status', { method: 'status' })
    return pools.some((pool) => pool.pool === 'b' && !pool.own && pool.nodesAlive === 2)
  })
})

test('a board of pool a holds no document of pool b, in memory or on disk', async () => {
  const { nodes } = await ask(b1, 'nodes', { method: 'node.list' })
  const theirs = ['job/default/in-b', ...nodes.map((node) => `node/${node.id}`)]
  for (const doc of theirs) assert.deepEqual((await ask(a1, 'doc', { method: 'doc.get', doc })).envelopes, [], `${doc} on a1`)
  assert.equal(await fleet.terminate(a1), 0)
  const level = new ClassicLevel(join(a1.folder, 'store'), { createIfMissing: false })
  const keys = await level.keys({ gte: 'doc/', lt: 'doc0' }).all()
  await level.close()
  assert.ok(keys.includes('doc/fleet'))
  assert.equal(keys.filter((key) => key.startsWith('doc/node/')).length, 2)
  for (const doc of theirs) assert.ok(!keys.includes(`doc/${doc}`), `${doc} on the disk of a1`)
})
