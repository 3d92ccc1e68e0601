// What operators do to copies and boards, and what copies run into: a port in use, logs from afar, restart and stop, a drain, an
// eviction that the board hears of when it returns.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { type Agent, Fleet, aliveOn, allocsOf, ask, holders, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { freePort, loopbacks } from './support/ports.ts'
import { program } from './support/program.ts'
import { ended } from './support/run.ts'

const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  const addresses = await loopbacks(3)
  await fleet.init(addresses)
  for (const [index, name] of ['a', 'b', 'c'].entries()) agents.push(fleet.start(name, { listen: addresses[index]! }))
  await until('three boards see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 3),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => await fleet.stop())

function other(name: string): Agent {
  return agents.find((agent) => agent.name !== name)!
}

async function holderOf(name: string): Promise<Agent> {
  const found = await until(`${name} has a holder`, 120_000, async () => (await holders(agents[0]!, name))[`default/${name}/g/0`])
  return fleet.agent(found)
}

async function cli(...args: readonly string[]): Promise<string> {
  const ran = await fleet.cli([...args, '--peer', `unix:${agents[0]!.socket}`])
  assert.equal(ran.code, 0, ran.output)
  return ran.stdout
}

test('a static port that somebody else has: the reason is shown, and once it is free the copy runs', async () => {
  const port = await freePort()
  const server = createServer()
  await new Promise<void>((done) => server.listen(port, '0.0.0.0', done))
  const wants = job('port', {
    group: { network: { ports: { web: { static: port } } }, reschedule: { delay: '5s', delay_function: 'constant', unlimited: true } },
  })
  const ran = await fleet.runJob(agents[0]!, wants, '--follow', '15s')
  assert.equal(ran.code, 2, ran.output)
  assert.match(ran.output, new RegExp(`port-in-use: .*${port}`))
  assert.deepEqual(agents.flatMap(taskPids), [])
  await new Promise((done) => server.close(done))
  await holderOf('port')
  await cli('job', 'remove', 'port')
  await until('it is gone', 120_000, async () => agents.flatMap(taskPids).length === 0)
})

test('alloc logs -f of a copy on another board, and the end of it by Ctrl-C', async () => {
  const ran = await fleet.runJob(
    agents[0]!,
    job('talk', { script: 'n=0; while true; do n=$((n+1)); echo "line $n"; echo "oops $n" >&2; sleep 0.2; done' }),
  )
  assert.equal(ran.code, 0, ran.output)
  const board = await holderOf('talk')
  const [alloc] = await allocsOf(board, 'talk')
  const far = other(board.name)
  const child = spawn(program, ['alloc', 'logs', '-f', alloc!.alloc, '--peer', `unix:${far.socket}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...fleet.operatorEnv },
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  await until('lines that were not there at the beginning', 60_000, async () => said.split('\n').length > 25)
  child.kill('SIGINT')
  assert.equal(await ended(child), 130)
  const lines = said.split('\n').filter((line) => line !== '')
  assert.deepEqual(
    lines,
    lines.map((_line, index) => `line ${index + 1}`),
    'every line, once, in order',
  )
  const tail = await fleet.cli(['alloc', 'logs', alloc!.alloc, '--stderr', '-n', '2', '--peer', `unix:${far.socket}`])
  assert.match(tail.stdout, /^oops \d+\noops \d+\n$/)
})

test('alloc restart: other processes, the same copy on the same board', async () => {
  const board = await holderOf('talk')
  const [alloc] = await allocsOf(board, 'talk')
  const before = taskPids(board)
  await cli('alloc', 'restart', alloc!.alloc)
  await until('other processes', 60_000, async () => {
    const now = taskPids(board)
    return now.length > 0 && now.every((pid) => !before.includes(pid))
  })
  const running = await until('it runs again', 60_000, async () => (await allocsOf(board, 'talk')).find((one) => one.state === 'running'))
  assert.equal(running.alloc, alloc!.alloc)
  assert.equal(running.generation, 1)
})

test('alloc stop: the slot is placed anew, at the next generation', async () => {
  const board = await holderOf('talk')
  const [alloc] = await allocsOf(board, 'talk')
  await cli('alloc', 'stop', alloc!.alloc)
  await until('a second generation runs alone', 120_000, async () => {
    const running = (await allocsOf(agents[0]!, 'talk')).filter((one) => one.state === 'running')
    return running.length === 1 && running[0]!.generation === 2
  })
  await cli('job', 'remove', 'talk')
  await until('nothing of it runs', 120_000, async () => agents.flatMap(taskPids).length === 0)
})

test('node drain: it is followed until the copies run elsewhere, the board gets no new ones; --disable takes it back', async () => {
  const ran = await fleet.runJob(agents[0]!, job('web', { count: 3 }))
  assert.equal(ran.code, 0, ran.output)
  const drained = agents[1]!
  const followed = await cli('node', 'drain', drained.name, '--deadline', '5m')
  assert.match(followed, new RegExp(`node ${drained.name} is drained\n`))
  const where = Object.values(await holders(agents[0]!, 'web'))
  assert.ok(where.length === 3 && !where.includes(drained.name), where.join())
  await until('its task ended', 60_000, async () => taskPids(drained).length === 0)
  await cli('node', 'drain', drained.name, '--disable')
  const more = await fleet.runJob(agents[0]!, job('more', { count: 3 }))
  assert.equal(more.code, 0, more.output)
  assert.ok(Object.values(await holders(agents[0]!, 'more')).includes(drained.name))
})

test('node evict of a board that is away: replaced at once; on its return it hears of it and stops its copies', async () => {
  const evicted = agents[2]!
  await fleet.kill(evicted)
  const orphans = taskPids(evicted)
  assert.ok(orphans.length > 0, 'its tasks live on without it')
  await cli('node', 'evict', evicted.name)
  await until('others hold its copies', 120_000, async () => {
    const where = [...Object.values(await holders(agents[0]!, 'web')), ...Object.values(await holders(agents[0]!, 'more'))]
    return where.length === 6 && !where.includes(evicted.name)
  })
  fleet.launch(evicted)
  await until('it stops its copies', 120_000, async () => taskPids(evicted).length === 0).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
  const { nodes } = await ask(agents[0]!, 'nodes', { method: 'node.list' })
  assert.equal(nodes.find((node) => node.name === evicted.name)?.evicted, true)
  await cli('node', 'evict', evicted.name, '--undo')
  await until('admitted again, it is alive', 180_000, async () => (await aliveOn(agents[0]!)).length === 3).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

test('node evict of a board that is connected: it stops its copies and is hung up on; --undo brings it back', async () => {
  const evicted = agents[1]!
  await until('it holds something', 120_000, async () => taskPids(evicted).length > 0)
  const hangUps = (): number => agents[0]!.log.split('hanging up').length
  const before = hangUps()
  await cli('node', 'evict', evicted.name)
  await until('it stops its copies', 60_000, async () => taskPids(evicted).length === 0)
  await until('it is hung up on, and sees nobody', 60_000, async () => hangUps() > before && (await aliveOn(evicted)).length <= 1)
  await until('the others hold them', 120_000, async () => {
    const where = Object.values(await holders(agents[0]!, 'web'))
    return where.length === 3 && !where.includes(evicted.name)
  })
  await cli('node', 'evict', evicted.name, '--undo')
  const allMeet = async (): Promise<boolean> => (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 3)
  await until('all are alive to one another again', 180_000, allMeet).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})
