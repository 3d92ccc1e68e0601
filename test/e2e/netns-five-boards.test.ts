// Five boards in network namespaces, real agents, real tasks, real cuts. One fleet for the whole story: each test leaves it healed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { atRest } from './support/at-rest.ts'
import { type Agent, Fleet, aliveOn, allocsOf, ask, holders, taskPids, until } from './support/fleet.ts'
import { Rig } from './support/netns.ts'

const names = ['a', 'b', 'c', 'd', 'e']
const port = 7420
const preferringSsd = { affinities: [{ attribute: '${label.disk}', value: 'ssd', weight: 100 }] }
const rig = new Rig()
const fleet = new Fleet()
const agents: Agent[] = []

function job(name: string, count: number, more: object = {}, script = 'exec sleep 1000000', replaceAfter = '5s'): object {
  return {
    job: name,
    groups: {
      g: {
        count,
        update: { min_healthy_time: '1s', healthy_deadline: '1m' },
        disconnect: { replace_after: replaceAfter },
        tasks: {
          app: { driver: 'raw_exec', config: { command: '/bin/sh', args: ['-c', script] }, resources: { cpu: '20 MHz', memory: '16 MiB' } },
        },
        ...more,
      },
    },
  }
}

before(async () => {
  for (const name of names) rig.addBoard(name)
  const address = (name: string): string => `/ip4/${rig.address(name)}/tcp/${port}`
  await fleet.init(names.slice(0, 2).map(address))
  for (const [index, name] of names.entries()) {
    agents.push(fleet.start(name, { namespace: rig.namespace(name), listen: address(name), labels: { disk: index === 4 ? 'ssd' : 'sd' } }))
  }
  await until('five boards see each other', 60_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 5),
  )
})

after(async () => {
  await fleet.stop()
  rig.destroy()
})

async function healed(jobName: string, slots: number): Promise<Record<string, string>> {
  return await until(`one holder for each of ${slots} slots of ${jobName}, the same everywhere`, 90_000, async () => {
    const seen = await Promise.all(agents.map((agent) => holders(agent, jobName)))
    const first = JSON.stringify(seen[0], Object.keys(seen[0]!).toSorted())
    const isSame = seen.every((one) => JSON.stringify(one, Object.keys(one).toSorted()) === first)
    const running = await Promise.all(
      agents.map(async (agent) => (await allocsOf(agent, jobName)).filter((alloc) => alloc.state === 'running').length),
    )
    return isSame && Object.keys(seen[0]!).length === slots && running.every((count) => count === slots) ? seen[0]! : false
  })
}

function boardOf(where: Record<string, string>, slot: string): Agent {
  return fleet.agent(where[slot]!)
}

test('a job of five copies runs on five boards', async () => {
  const ran = await fleet.runJob(agents[0]!, job('web', 5))
  assert.equal(ran.code, 0, ran.output)
  const where = await healed('web', 5)
  assert.deepEqual(Object.values(where).toSorted(), names)
})

test('kill -9 of an agent: its task lives on and is adopted by the next start, nothing is replaced', async () => {
  const usual = agents.map((agent) => taskPids(agent).length)
  // An agent on a busy machine may take more than five seconds to start: only what comes too late is to be replaced.
  const ran = await fleet.runJob(agents[0]!, job('lasting', 5, {}, 'exec sleep 1000001', '2m'))
  assert.equal(ran.code, 0, ran.output)
  await healed('lasting', 5)
  const victim = agents[2]!
  const before = taskPids(victim).toSorted()
  assert.ok(before.length > usual[2]!)
  await fleet.kill(victim)
  assert.deepEqual(taskPids(victim).toSorted(), before, 'the tasks live on without their agent')
  fleet.launch(victim)
  await until('back', 30_000, async () => (await aliveOn(victim)).length === 5)
  await healed('lasting', 5)
  await healed('web', 5)
  assert.ok(
    before.every((pid) => taskPids(victim).includes(pid)),
    'the same processes',
  )
  const generations = (await allocsOf(agents[0]!, 'lasting')).map((alloc) => alloc.generation)
  assert.deepEqual(generations, [1, 1, 1, 1, 1])
  const stopped = await fleet.cli(['job', 'stop', 'lasting', '--peer', `unix:${agents[0]!.socket}`])
  assert.equal(stopped.code, 0, stopped.output)
  await until('its copies have ended', 30_000, async () => agents.every((agent, index) => taskPids(agent).length === usual[index]))
})

test('a board that is gone is replaced; when it comes back on a tie, the original stays', async () => {
  const where = await healed('web', 5)
  const victim = boardOf(where, 'default/web/g/0')
  const witness = agents.find((agent) => agent !== victim)!
  await fleet.powerCut(victim)
  await until('replaced', 60_000, async () => ((await holders(witness, 'web'))['default/web/g/0'] ?? victim.name) !== victim.name)
  fleet.launch(victim)
  const after = await healed('web', 5)
  await atRest(fleet, agents, 90_000)
  assert.equal(after['default/web/g/0'], victim.name)
})

test('a board cut off in full goes on and takes a job; after the heal there is one holder a slot and the original was not disturbed', async () => {
  const where = await healed('web', 5)
  const victim = boardOf(where, 'default/web/g/1')
  const witness = agents.find((agent) => agent !== victim)!
  const pids = taskPids(victim)
  rig.unplug(victim.name)
  await until('replaced', 60_000, async () => ((await holders(witness, 'web'))['default/web/g/1'] ?? victim.name) !== victim.name)
  const alone = await fleet.runJob(victim, job('alone', 1))
  assert.equal(alone.code, 0, alone.output)
  const rest = await fleet.runJob(witness, job('rest', 1))
  assert.equal(rest.code, 0, rest.output)
  rig.heal()
  const after = await healed('web', 5)
  await atRest(fleet, agents, 90_000)
  assert.equal(after['default/web/g/1'], victim.name, 'a tie: the original')
  for (const pid of pids) assert.ok(taskPids(victim).includes(pid), 'the original was not restarted')
  assert.equal(Object.keys(await holders(agents[0]!, 'alone')).length, 1)
  assert.equal(Object.keys(await holders(agents[0]!, 'rest')).length, 1)
})

for (const direction of ['in', 'out'] as const) {
  test(`one-way cut (${direction}): both sides notice, each goes on, one holder after the heal`, async () => {
    const where = await healed('web', 5)
    const victim = boardOf(where, 'default/web/g/2')
    const witness = agents.find((agent) => agent !== victim)!
    rig.oneWay(victim.name, direction)
    await until('the others lose it', 60_000, async () => !(await aliveOn(witness)).includes(victim.name))
    await until('it loses the others', 60_000, async () => (await aliveOn(victim)).length === 1)
    const there = await fleet.runJob(victim, job(`there-${direction}`, 1))
    assert.equal(there.code, 0, there.output)
    rig.heal()
    assert.equal((await healed('web', 5))['default/web/g/2'], victim.name)
    await atRest(fleet, agents, 90_000)
  })
}

test('partial cut: two boards that cannot talk stay alive to each other through the rest, nothing moves, and both take jobs', async () => {
  const before = await healed('web', 5)
  const pids = agents.map(taskPids)
  const [a, b] = [fleet.agent('a'), fleet.agent('b')]
  rig.part('a', 'b')
  // Long enough for a wrong detector to fire and for replace_after to pass; one look at a missing board is a failure.
  for (const deadline = Date.now() + 12_000; Date.now() < deadline;) {
    for (const agent of [a, b]) assert.deepEqual((await aliveOn(agent)).toSorted(), names)
  }
  assert.deepEqual(agents.map(taskPids), pids, 'every copy is the process that it was')
  assert.deepEqual(await healed('web', 5), before)
  for (const agent of [a, b]) {
    const ran = await fleet.runJob(agent, job(`beside-${agent.name}`, 1))
    assert.equal(ran.code, 0, ran.output)
    await healed(`beside-${agent.name}`, 1)
  }
  rig.heal()
})

test('a static port that something else on the best board has: the copy runs on another board', async () => {
  const port = 8_099
  const listen = `require('node:net').createServer().listen(${port}, () => console.log('taken'))`
  const squatter = spawn('ip', ['netns', 'exec', rig.namespace('e'), process.execPath, '-e', listen], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    await once(squatter.stdout, 'data')
    const wants = job('port', 1, {
      ...preferringSsd,
      network: { ports: { web: { static: port } } },
      reschedule: { delay: '5s', delay_function: 'constant', unlimited: true },
    })
    const ran = await fleet.runJob(agents[0]!, wants)
    assert.equal(ran.code, 0, ran.output)
    const after = await healed('port', 1)
    assert.notEqual(after['default/port/g/0'], 'e')
    const onBest = (await allocsOf(agents[0]!, 'port')).find((alloc) => alloc.nodeName === 'e')
    assert.match(onBest?.reason ?? 'nothing of e', new RegExp(`port-in-use: .*${port}`))
  } finally {
    squatter.kill()
  }
})

test('the better-ranked board keeps the slot; newest job version everywhere; edits of two fields made on two sides are both in force', async () => {
  rig.unplug('e')
  await until('e is alone', 60_000, async () => (await aliveOn(fleet.agent('e'))).length === 1)
  const here = await fleet.runJob(fleet.agent('a'), job('rank', 1, preferringSsd))
  assert.equal(here.code, 0, here.output)
  const there = await fleet.runJob(fleet.agent('e'), job('rank', 1, preferringSsd))
  assert.equal(there.code, 0, there.output)
  // Two edits of one job, one on each side: a count here, a command there.
  const scaled = await fleet.runJob(fleet.agent('a'), job('rank', 2, preferringSsd))
  assert.equal(scaled.code, 0, scaled.output)
  const changed = await fleet.runJob(fleet.agent('e'), job('rank', 1, preferringSsd, 'exec sleep 1000002'))
  assert.equal(changed.code, 0, changed.output)
  rig.heal()
  const after = await healed('rank', 2)
  await atRest(fleet, agents, 90_000)
  assert.equal(after['default/rank/g/0'], 'e')
  const { job: detail } = await ask(agents[0]!, 'job', { method: 'job.status', job: 'rank' })
  assert.match(JSON.stringify(detail.spec), /sleep 1000002/)
  assert.equal(new Set(detail.allocs.filter((alloc) => alloc.state === 'running').map((alloc) => alloc.version)).size, 1)
})

test('cold boot of every board with the network down: each starts its last known work', async () => {
  const before = await healed('web', 5)
  for (const agent of agents) await fleet.powerCut(agent)
  for (const name of names) rig.unplug(name)
  for (const agent of agents) fleet.launch(agent)
  for (const [slot, name] of Object.entries(before)) {
    await until(`${name} runs ${slot} again`, 30_000, async () => (await holders(fleet.agent(name), 'web'))[slot] === name)
  }
  rig.heal()
  assert.deepEqual(await healed('web', 5), before)
  await atRest(fleet, agents, 90_000)
})
