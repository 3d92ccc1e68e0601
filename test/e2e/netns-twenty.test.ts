// Twenty boards, each in a network namespace of its own, started within two seconds: all join, and each takes one of twenty copies.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, aliveOn, allocsOf, ask, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { Rig } from './support/netns.ts'

const names = Array.from({ length: 20 }, (_, n) => `b${String(n + 1).padStart(2, '0')}`)
const port = 7420
const rig = new Rig()
const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  for (const name of names) rig.addBoard(name)
  await fleet.init(names.slice(0, 3).map(addressOf))
  for (const name of names) fleet.prepare(name, { namespace: rig.namespace(name), listen: addressOf(name) })
})

after(async () => {
  await fleet.stop()
  rig.destroy()
})

function addressOf(name: string): string {
  return `/ip4/${rig.address(name)}/tcp/${port}`
}

test('twenty boards that start within two seconds all join: everybody is alive everywhere', async () => {
  const started = performance.now()
  for (const name of names) {
    const agent = fleet.agent(name)
    fleet.launch(agent)
    agents.push(agent)
  }
  assert.ok(performance.now() - started < 2_000, 'the boards were started within two seconds')
  // One after the other: asking is work for the same two cores that the boards need.
  for (const agent of agents) {
    await until(`${agent.name} sees all`, 240_000, async () => (await aliveOn(agent)).length === names.length).catch((error: unknown) => {
      throw new Error(fleet.logs(5), { cause: error })
    })
  }
  // All at the same time, and still: nobody has lost anybody meanwhile.
  await until('everyone alive everywhere', 120_000, async () => {
    for (const agent of agents) if ((await aliveOn(agent)).length !== names.length) return false
    return true
  })
})

test('a job of twenty copies: one on each, and every board has the same picture', async () => {
  const ran = await fleet.runJob(agents[7]!, job('all', { count: 20 }))
  assert.equal(ran.code, 0, ran.output)
  for (const agent of agents) {
    await until(`${agent.name} knows twenty running holders`, 120_000, async () => {
      const running = (await allocsOf(agent, 'all')).filter((alloc) => alloc.state === 'running')
      return running.length === 20 && running.every((alloc) => alloc.holder) && new Set(running.map((alloc) => alloc.nodeName)).size === 20
    })
  }
  await until('equal views', 120_000, async () => {
    const hashes = new Set<string>()
    for (const agent of agents) hashes.add((await ask(agent, 'nodes', { method: 'node.list' })).coverage.view)
    return hashes.size === 1
  })
})

test('nothing was refused on the way, and nobody met a fault of ours', () => {
  for (const agent of agents) assert.doesNotMatch(agent.log, /a bug in shoal|an error that nobody caught/, agent.name)
})
