// The bootstrap list and the pre-shared key change under real agents: one is down meanwhile, one is cut off, one sleeps through all of it.
// What runs is never touched.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { JoinFile } from '../../cli/fleet/fleet-files.ts'
import { type Agent, Fleet, aliveOn, ask, runningOn, allocsOf, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'
import type { Ran } from './support/run.ts'

const fleet = new Fleet()
const boards: Agent[] = []
let addresses: readonly string[]
let pids: ReadonlyMap<string, readonly number[]>

before(async () => {
  addresses = await loopbacks(7)
  await fleet.init(addresses.slice(0, 2))
  for (const [index, name] of ['a', 'b', 'c', 'sleeper'].entries()) boards.push(fleet.start(name, { listen: addresses[index]! }))
  await until('all see each other', 120_000, async () => {
    for (const board of boards) if ((await aliveOn(board)).length < 4) return false
    return true
  })
  const config = { command: '/bin/sh', args: ['-c', 'exec sleep 1000000'] }
  const groups = { g: { tasks: { app: { driver: 'raw_exec', config, resources: { cpu: '20 MHz', memory: '16 MiB' } } } } }
  const ran = await fleet.runJob(boards[0]!, { ...job('each'), type: 'system', groups })
  assert.equal(ran.code, 0, ran.output)
  await until('each has a copy', 60_000, async () => runningOn(await allocsOf(boards[0]!, 'each')).length === 4)
  pids = pidsNow()
})

after(async () => await fleet.stop())

const pidsNow = (): ReadonlyMap<string, readonly number[]> => new Map(boards.map((board) => [board.name, taskPids(board).toSorted()]))
const readJoin = (file: string): JoinFile => JSON.parse(readFileSync(file, 'utf8')) as JoinFile
const listOf = (board: Agent): string => readFileSync(join(board.folder, 'worked-addresses'), 'utf8')

async function ok(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran> {
  const ran = await fleet.cli(args, env)
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.output}`)
  return ran
}

async function boardsWithNewKey(): Promise<string[]> {
  const { stdout } = await ok(['fleet', 'psk', 'status', '-o', 'json'])
  const { boards: rows } = JSON.parse(stdout) as { boards: { name: string; has: boolean }[] }
  return rows.filter(({ has }) => has).map(({ name }) => name)
}

test('an agent whose whole join file is out of date, and whose peers have moved, comes back by the list', async () => {
  const [a, b, , sleeper] = boards as [Agent, Agent, Agent, Agent]
  const [first, second, , , planned, moved] = addresses as [string, string, string, string, string, string]
  await ok(['fleet', 'bootstrap', 'add', planned])
  await ok(['fleet', 'bootstrap', 'remove', first, second])
  await until('it is told', 60_000, async () => {
    const { envelopes } = await ask(sleeper, 'doc', { method: 'doc.get', doc: 'fleet' })
    return envelopes.length === (await ask(a, 'doc', { method: 'doc.get', doc: 'fleet' })).envelopes.length && envelopes.length > 2
  })
  assert.match(listOf(sleeper), new RegExp(`${first}/p2p/12D3KooW`))
  assert.equal(statSync(join(sleeper.folder, 'worked-addresses')).mode & 0o777, 0o600)
  for (const board of boards) await fleet.terminate(board)
  // All that these two know leads nowhere now: their join file, what others told of themselves, what worked.
  for (const [index, listen] of [
    [2, planned],
    [3, moved],
  ] as const)
    boards[index] = fleet.start(boards[index]!.name, { listen })
  await until('the two see each other', 120_000, async () => (await aliveOn(boards[3]!)).toSorted().join() === 'c,sleeper')
  for (const board of [a, b]) fleet.launch(board)
  await until('all are back', 120_000, async () => (await aliveOn(a)).length === 4)
  assert.ok([2, 3].some((index) => listOf(boards[index]!).includes(planned)))
  const out = join(fleet.folder, 'bundle')
  await ok(['provision', '--pool', 'default', '--join', fleet.joinFile, '--out', out, '--peer', planned, '--context', 'e2e'])
  assert.deepEqual(readJoin(join(out, 'overlay/etc/shoal/join.json')).bootstrap, [planned])
  assert.deepEqual(pidsNow(), pids)
})

test('the key is rotated while one board is down and one is cut off; both come in, and only then the old key is closed', async () => {
  const [, b, c, sleeper] = boards as [Agent, Agent, Agent, Agent]
  const operator = join(fleet.folder, 'operator')
  const late = join(fleet.folder, 'late')
  cpSync(operator, late, { recursive: true })
  cpSync(operator, join(fleet.folder, 'stranger'), { recursive: true })
  await fleet.kill(c)
  await fleet.kill(sleeper)
  await ask(b, 'done', { method: 'fault.cut', peers: ['a', 'c', 'sleeper'] })
  await ok(['fleet', 'psk', 'rotate', '--peer', addresses[0]!])
  const refused = await fleet.cli(['fleet', 'psk', 'finish', '--peer', addresses[0]!])
  assert.match(refused.output, /E_PSK_BEHIND: 3 boards or pools/)
  fleet.launch(c)
  await until('c has it', 120_000, async () => (await boardsWithNewKey()).includes('c'))
  await ask(b, 'done', { method: 'fault.cut', peers: [] })
  await until('b has it', 120_000, async () => (await boardsWithNewKey()).toSorted().join() === 'a,b,c')
  // A context that has the old key alone is served while that is valid, and learns the new one.
  await ok(['status'], { SHOAL_CONFIG_DIR: late })
  assert.equal(readFileSync(join(late, 'keys/e2e.psk'), 'utf8'), readFileSync(join(operator, 'keys/e2e.psk'), 'utf8'))
  await ok(['fleet', 'psk', 'finish', '--force'])
  for (const env of [{}, { SHOAL_CONFIG_DIR: late }]) await ok(['status'], env)
  assert.deepEqual(pidsNow(), pids)
})

test('a stranger with the old key is refused', async () => {
  const { output } = await fleet.cli(['status', '--peer', addresses[0]!], { SHOAL_CONFIG_DIR: join(fleet.folder, 'stranger') })
  assert.match(output, /E_WRONG_FLEET/)
})

test('agents start again with join files that have the old key alone', async () => {
  const [a, b, c] = boards as [Agent, Agent, Agent]
  for (const board of [a, b, c]) await fleet.kill(board)
  for (const board of [a, b, c]) fleet.launch(board)
  for (const board of [a, b, c])
    await until(`${board.name} sees the others`, 120_000, async () => (await aliveOn(board)).toSorted().join() === 'a,b,c')
  assert.deepEqual(pidsNow(), pids)
})

test('the board that slept through it is alone, and back with an up-to-date join file; so are new ones', async () => {
  const [a, , , sleeper] = boards as [Agent, Agent, Agent, Agent]
  fleet.launch(sleeper)
  await until('it says that its key is not theirs', 120_000, async () => sleeper.log.includes('the handshake failed'))
  assert.deepEqual(await aliveOn(sleeper), ['sleeper'])
  const old = readFileSync(fleet.joinFile, 'utf8')
  await ok(['fleet', 'join-file', fleet.joinFile])
  assert.notEqual(readJoin(fleet.joinFile).psk, (JSON.parse(old) as JoinFile).psk)
  await fleet.terminate(sleeper)
  fleet.launch(sleeper)
  await until('it is back', 120_000, async () => (await aliveOn(a)).includes('sleeper'))
  assert.deepEqual(pidsNow(), pids)
  const fresh = fleet.start('fresh', { listen: addresses[6]! })
  await until('a new board is in', 120_000, async () => (await aliveOn(fresh)).length === 5)
  writeFileSync(fleet.joinFile, old)
})
