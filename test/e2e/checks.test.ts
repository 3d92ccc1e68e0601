// Checks of all three types on a real agent and a real process: what a copy's health is, what its board tells of it, and a restart.

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, allocsOf, aliveOn, ask, until } from './support/fleet.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
let agent: Agent

before(async () => {
  const [listen = ''] = await loopbacks(1)
  await fleet.init([listen])
  agent = fleet.start('a', { listen })
  await until('the board sees itself', 120_000, async () => (await aliveOn(agent)).length === 1).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => await fleet.stop())

/** Well as long as the file is there. */
const server = `require('node:http').createServer((asked, answer) => {
  const isWell = require('node:fs').existsSync(process.env.WELL)
  answer.writeHead(isWell ? 200 : 503).end(isWell ? 'well' : 'the oven is cold')
}).listen(Number(process.env.SHOAL_PORT_web), '127.0.0.1')`

test('a copy is healthy while its checks pass; its board says what they said; check_restart restarts its task', async () => {
  const well = join(fleet.folder, 'well')
  const often = { interval: '1s', timeout: '900ms' }
  const checks = {
    answers: { type: 'http', port: 'web', path: '/health', ...often, check_restart: { limit: 2, grace: '1s' } },
    listens: { type: 'tcp', port: 'web', ...often },
    probe: { type: 'exec', command: '/bin/sh', args: ['-c', 'echo "task $SHOAL_TASK"; test -e "$WELL"'], ...often, on_update: 'ignore' },
  }
  const app = { driver: 'raw_exec', config: { command: process.execPath, args: ['-e', server] }, env: { WELL: well }, checks }
  const group = {
    network: { ports: { web: {} } },
    update: { min_healthy_time: '1s', healthy_deadline: '1m' },
    restart: { attempts: 5, interval: '10m', delay: '1s' },
    tasks: { app: { ...app, resources: { cpu: '20 MHz', memory: '16 MiB' } } },
  }
  writeFileSync(well, '')
  const ran = await fleet.runJob(agent, { job: 'oven', groups: { g: group } })
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  const [row] = await allocsOf(agent, 'oven')
  assert.ok(row !== undefined && row.healthy)
  const checksNow = async () => (await ask(agent, 'checks', { method: 'alloc.checks', alloc: row.alloc })).checks
  await until('all three have passed', 60_000, async () => (await checksNow()).every(({ state }) => state === 'passing'))
  const shown = await fleet.cli(['alloc', 'status', row.alloc, '--peer', `unix:${agent.socket}`])
  assert.match(shown.stdout, /app\/answers +http +passing +\S+ ago +HTTP 200 OK: well/)
  assert.match(shown.stdout, /app\/listens +tcp +passing/)
  assert.match(shown.stdout, /app\/probe +exec +passing +\S+ ago +task app/)

  rmSync(well)
  const isRestarted = async (): Promise<boolean> => ((await allocsOf(agent, 'oven'))[0]?.restarts ?? 0) >= 1
  await until('its task is restarted', 60_000, isRestarted).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
  const { tasks } = (await ask(agent, 'alloc', { method: 'alloc.status', alloc: row.alloc })).alloc
  assert.equal((await allocsOf(agent, 'oven'))[0]!.healthy, false)
  assert.ok(tasks['app'] !== undefined)
  writeFileSync(well, '')
  await until('it is healthy again', 60_000, async () => (await allocsOf(agent, 'oven'))[0]?.healthy === true)
})
