// A board leaves for good, as real processes: its copies move, its agent ends, a supervisor that starts it again is told why it does
// not run, and with --rejoin it is another board.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
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
  addresses = await loopbacks(3)
  await fleet.init(addresses)
  boards = addresses.map((listen, index) => fleet.start(`b${index}`, { listen }))
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
