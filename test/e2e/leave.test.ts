// A board leaves for good, as real processes: its copies move, its agent ends, a supervisor that starts it again is told why it does
// not run, and with --rejoin it is another board. And a copied card: two machines with one key, of which an operator keeps one.

import assert from 'node:assert/strict'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, aliveOn, allocsOf, ask, runningOn, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'
import { ended } from './support/run.ts'

const fleet = new Fleet()
let addresses: readonly string[]
let boards: readonly Agent[]

before(async () => {
  addresses = await loopbacks(4)
  await fleet.init(addresses)
  boards = addresses.slice(0, 3).map((listen, index) => fleet.start(`b${index}`, { listen }))
  for (const board of boards) await until(`${board.name} sees all`, 120_000, async () => (await aliveOn(board)).length === 3)
})

after(async () => await fleet.stop())

async function nodeIdOf(board: Agent): Promise<string> {
  return (await ask(board, 'status', { method: 'status' })).coverage.node
}

test('node leave: copies move, the agent ends with 0, and started again it says why it does not run', async () => {
  const [going, ...others] = boards as [Agent, Agent, Agent]
  const ran = await fleet.runJob(others[0], job('web', { count: 3 }))
  assert.equal(ran.code, 0, ran.output)
  const id = await nodeIdOf(going)
  assert.equal(readFileSync(join(going.folder, 'node.id'), 'utf8'), `${id}\n`)
  const exit = ended(going.process)
  const left = await fleet.cli(['node', 'leave', 'b0', '--peer', addresses[1]!])
  assert.equal(left.code, 0, `${left.output}\n${fleet.logs()}`)
  assert.match(left.stdout, /node b0 has left the fleet/)
  assert.equal(await exit, 0)
  assert.deepEqual(taskPids(going), [])
  assert.equal(runningOn(await allocsOf(others[0], 'web')).filter((name) => name !== 'b0').length, 3)
  going.log = ''
  fleet.launch(going)
  assert.equal(await ended(going.process), 69)
  assert.match(going.log, /E_LEFT: this board has left its fleet; start it with --rejoin/)
  assert.ok(existsSync(join(going.folder, 'left')))
})

test('with --rejoin it joins as a new board, and takes new work', async () => {
  const [going, ...others] = boards as [Agent, Agent, Agent]
  const before = readFileSync(join(going.folder, 'node.id'), 'utf8')
  const again = fleet.start('b0', { ...going.options, config: { rejoin: true } })
  await until('it is there', 120_000, async () => (await aliveOn(others[0])).length === 3)
  assert.notEqual(`${await nodeIdOf(again)}\n`, before)
  const ran = await fleet.runJob(others[0], { ...job('each', { count: 3 }), constraints: [{ operator: 'distinct_hosts' }] })
  assert.equal(ran.code, 0, ran.output)
  assert.deepEqual(runningOn(await allocsOf(others[0], 'each')), ['b0', 'b1', 'b2'])
  const shown = await fleet.cli(['node', 'status', 'b0', '--peer', addresses[1]!])
  assert.match(shown.stdout, /State +alive/)
  // The setting stays where it was written: a restart is a restart.
  const id = await nodeIdOf(again)
  await fleet.terminate(again)
  fleet.launch(again)
  await until('it is back', 120_000, async () => (await nodeIdOf(again)) === id)
})

test('a copied data directory: both machines are told of, neither stops anything; one is sent away, and joins as a new board', async () => {
  const [, b1, b2] = boards as [Agent, Agent, Agent]
  const id = await nodeIdOf(b1)
  await fleet.terminate(b1)
  const copy = fleet.prepare('copy', { listen: addresses[3]! })
  for (const name of ['store', 'node.key']) cpSync(join(b1.folder, name), join(copy.folder, name), { recursive: true })
  for (const machine of [b1, copy]) fleet.launch(machine)
  const clones = await until('both are known', 120_000, async () => {
    const { nodes } = await ask(b2, 'nodes', { method: 'node.list' })
    return nodes.find((node) => node.id === id)?.clones
  })
  const port = addresses[3]!.split('/').at(-1)!
  const goes = clones.find(({ where }) => where.includes(`/tcp/${port}`))!
  assert.equal(clones.length, 2)
  assert.ok(taskPids(b1).length > 0)
  await until('the copy runs the same', 60_000, async () => taskPids(copy).length === taskPids(b1).length)
  const exit = ended(copy.process)
  const ran = await fleet.cli(['node', 'evict', id, '--clone', goes.id.slice(0, 6), '--peer', addresses[2]!])
  assert.equal(ran.code, 0, ran.output)
  assert.equal(await exit, 0)
  assert.deepEqual(taskPids(copy), [])
  // Here the two share one machine, where equal task ids are one task to the driver: what ended with the copy's is started again.
  await until('the one that stays runs its copy', 60_000, async () => taskPids(b1).length > 0)
  await until('nobody tells of two', 60_000, async () => {
    const { nodes } = await ask(b2, 'nodes', { method: 'node.list' })
    return nodes.every((node) => node.clones === undefined)
  })
  const again = fleet.start('copy', { ...copy.options, config: { rejoin: true } })
  await until('it is a board of its own', 120_000, async () => (await aliveOn(b2)).includes('copy') && (await nodeIdOf(again)) !== id)
})
