// What goes wrong on a board: a second agent, a damaged store, a sudden end, a quick restart, a folder that cannot be used, a
// mistyped setting. Each with a clear message and a code, and nothing lost.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Agent, Fleet, aliveOn, allocsOf, ask, holders, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopback, loopbacks } from './support/ports.ts'
import { program } from './support/program.ts'
import { type Ran, run } from './support/run.ts'

const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  const addresses = await loopbacks(3)
  await fleet.init(addresses.slice(0, 2))
  for (const [index, name] of ['a', 'b', 'c'].entries()) agents.push(fleet.start(name, { listen: addresses[index]! }))
  await allTogether()
  // Long enough for any start of an agent on a loaded machine: nothing here is to be replaced.
  const ran = await fleet.runJob(agents[0]!, job('web', { count: 3, group: { disconnect: { replace_after: '10m' } } }))
  assert.equal(ran.code, 0, ran.output)
})

after(async () => await fleet.stop())

async function allTogether(): Promise<void> {
  await until('three boards see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 3),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
}

async function settled(): Promise<void> {
  for (const agent of agents) {
    await until(`${agent.name} sees one running copy on each board`, 120_000, async () => {
      const where = await holders(agent, 'web')
      return Object.keys(where).length === 3 && new Set(Object.values(where)).size === 3
    }).catch((error: unknown) => {
      throw new Error(fleet.logs(), { cause: error })
    })
  }
}

/** An agent that is expected to end by itself. */
async function agentOnce(config: object): Promise<Ran> {
  const file = join(fleet.folder, 'once.yaml')
  writeFileSync(file, stringify(config))
  return await run(program, ['agent', '--config', file])
}

test('a second agent on the same data directory: told so, with a code; the first is undisturbed', async () => {
  const first = agents[0]!
  const pids = taskPids(first)
  const second = await run(program, ['agent', '--config', join(first.folder, 'agent.yaml')])
  assert.equal(second.code, 1)
  assert.match(second.output, /^E_STORE_LOCKED: another agent uses .*data_dir$/m)
  assert.deepEqual(taskPids(first), pids)
  assert.equal((await ask(first, 'nodes', { method: 'node.list' })).coverage.nodeName, 'a', 'its socket still answers')
})

test('a data directory that cannot be made, or is a file', async () => {
  const rest = { join: fleet.joinFile, listen: [await loopback()] }
  const nowhere = await agentOnce({ ...rest, data_dir: '/dev/null/shoal' })
  assert.equal(nowhere.code, 1)
  assert.match(nowhere.output, /^E_DATA_DIR: cannot use the data directory .dev.null.shoal: /m)
  const isFile = await agentOnce({ ...rest, data_dir: fleet.joinFile })
  assert.equal(isFile.code, 1)
  assert.match(isFile.output, /^E_(DATA_DIR|STORE_BROKEN): .*e2e\.join\.json/m)
})

test('settings that nobody knows: every fault at once, each with its line, and what was meant', async () => {
  const ran = await agentOnce({
    join: fleet.joinFile,
    data_dri: '/tmp/x',
    listen: [await loopback()],
    http: { sockte: '/tmp/y' },
    reserved: { memory: '64' },
  })
  assert.equal(ran.code, 1)
  assert.match(ran.output, /^E_CONFIG: /m)
  assert.match(ran.output, /once\.yaml:2: data_dri: unknown key; did you mean 'data_dir'\?/)
  assert.match(ran.output, /once\.yaml:\d+: http\.sockte: unknown key; did you mean 'socket'\?/)
  assert.match(ran.output, /reserved\.memory: "64" is not an amount with its unit/)
  const flag = await run(program, ['agent', '--data-dri', fleet.folder])
  assert.equal(flag.code, 1)
  assert.match(flag.output, /--data-dri is not an option; did you mean --data-dir\?/)
})

test('no join file, and one that is damaged', async () => {
  const rest = { data_dir: join(fleet.folder, 'fresh'), listen: [await loopback()] }
  const missing = await agentOnce({ ...rest, join: join(fleet.folder, 'none.json') })
  assert.equal(missing.code, 1)
  assert.match(missing.output, /^E_JOIN_FILE: .*shoal fleet init/m)
  const damaged = join(fleet.folder, 'damaged.json')
  writeFileSync(damaged, readFileSync(fleet.joinFile, 'utf8').replace(/"fleet": "./, '"fleet": "!'))
  const ran = await agentOnce({ ...rest, join: damaged })
  assert.equal(ran.code, 1)
  assert.match(ran.output, /^E_JOIN_FORMAT: /m)
})

test('a port to listen on that is taken', async () => {
  const ran = await agentOnce({ join: fleet.joinFile, data_dir: join(fleet.folder, 'taken'), listen: [agents[0]!.options.listen] })
  assert.equal(ran.code, 1)
  assert.match(ran.output, /^E_LISTEN: cannot listen: /m)
})

test('SIGTERM ends the agent with 0 and leaves its task running; the next start adopts it', async () => {
  const board = agents[1]!
  const pids = taskPids(board)
  assert.ok(pids.length > 0)
  assert.equal(await fleet.terminate(board), 0)
  assert.deepEqual(taskPids(board), pids)
  fleet.launch(board)
  await allTogether()
  await settled()
  assert.deepEqual(taskPids(board), pids)
  assert.deepEqual(
    (await allocsOf(agents[0]!, 'web')).map((alloc) => alloc.generation),
    [1, 1, 1],
  )
})

test('killed and started again at once: news goes both ways', async (t) => {
  const board = agents[2]!
  await fleet.kill(board)
  fleet.launch(board)
  const up = performance.now()
  await until('its socket answers', 60_000, async () => await ask(board, 'nodes', { method: 'node.list' }))
  const answered = performance.now()
  const knows = async (agent: Agent, name: string): Promise<boolean> =>
    (await ask(agent, 'jobs', { method: 'job.list' })).jobs.some((row) => row.id === `default/${name}`)
  // No copies: only the document has to travel.
  for (const [from, to, name] of [
    [board, agents[0]!, 'out'],
    [agents[0]!, board, 'in'],
  ] as const) {
    const ran = await fleet.runJob(from, job(name, { count: 0 }), '--detach')
    assert.equal(ran.code, 0, ran.output)
    const sent = performance.now()
    await until(`${to.name} hears of ${name}`, 60_000, async () => await knows(to, name))
    t.diagnostic(
      `${from.name} to ${to.name}: ${Math.round(performance.now() - sent)} ms after the receipt; answered ${Math.round(answered - up)} ms after its start`,
    )
  }
  await allTogether()
})

test('a damaged store: the agent starts, says what it did, gets its documents again, and adopts its task', async () => {
  const board = agents[2]!
  const pids = taskPids(board)
  assert.equal(await fleet.terminate(board), 0)
  damage(join(board.folder, 'store'))
  board.log = ''
  fleet.launch(board)
  await allTogether()
  await settled()
  assert.match(board.log, /damaged|repaired/, fleet.logs())
  assert.deepEqual(taskPids(board), pids, 'the task was not touched')
  await equalViews()
})

test('a store of which nothing is left: the same board, the same task', async () => {
  const board = agents[2]!
  const { coverage } = await ask(board, 'nodes', { method: 'node.list' })
  const pids = taskPids(board)
  await fleet.kill(board)
  const store = join(board.folder, 'store')
  for (const file of readdirSync(store)) if (statSync(join(store, file)).isFile()) writeFileSync(join(store, file), 'rubbish')
  board.log = ''
  fleet.launch(board)
  await allTogether()
  await settled()
  assert.match(board.log, /moved to .*broken|damaged|repaired/)
  assert.equal((await ask(board, 'nodes', { method: 'node.list' })).coverage.node, coverage.node)
  assert.deepEqual(taskPids(board), pids, 'the task was not touched')
  await equalViews()
})

async function equalViews(): Promise<void> {
  await until('equal views', 120_000, async () => {
    const hashes = await Promise.all(agents.map(async (agent) => (await ask(agent, 'nodes', { method: 'node.list' })).coverage.view))
    return new Set(hashes).size === 1
  })
}

/** Zeroes in the middle of every file that holds records. */
function damage(store: string): void {
  const files = readdirSync(store).filter((file) => /\.(log|ldb)$/.test(file) && statSync(join(store, file)).size > 0)
  assert.ok(files.length > 0, 'the store holds records')
  for (const file of files) {
    const bytes = readFileSync(join(store, file))
    const from = Math.floor(bytes.length / 3)
    bytes.fill(0xa5, from, from + Math.max(64, Math.floor(bytes.length / 3)))
    writeFileSync(join(store, file), bytes)
  }
}
