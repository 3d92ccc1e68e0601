// A program that the board fetches itself: on a real agent, over HTTP, and once more after the link and the agent have gone.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type FileServer, fileServer, sha256Of } from '../support/artifacts.ts'
import { type Agent, Fleet, allocsOf, startAlone, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'

const fleet = new Fleet()
let agent: Agent
let server: FileServer

before(async () => {
  server = await fileServer()
  agent = await startAlone(fleet, { mirror: server.url })
})

after(async () => {
  await fleet.stop()
  await server.close()
})

test('a program is fetched, run, and run again by a new agent without a link; another file under its name is not', async () => {
  const out = join(fleet.folder, 'said')
  writeFileSync(out, '')
  const program = Buffer.from(`#!/bin/sh\necho began >> '${out}'\nwhile true; do sleep 0.1; done\n`)
  server.files.set('/app', program)
  const artifact = { source: '${label.mirror}/app', destination: 'bin/app', checksum: `sha256:${sha256Of(program)}` }
  const file = (checksum: string): object =>
    job('fetched', { task: { config: { command: './bin/app' }, artifacts: [{ ...artifact, checksum }] } })
  const ran = await fleet.runJob(agent, file(artifact.checksum))
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  const began = (): number => readFileSync(out, 'utf8').split('\n').length - 1
  await until('it has begun', 60_000, async () => began() === 1)

  server.files.clear()
  await fleet.kill(agent)
  fleet.launch(agent)
  await until('the agent is back', 60_000, async () => (await allocsOf(agent, 'fetched'))[0]?.healthy === true)
  const restarted = await fleet.cli(['alloc', 'restart', (await allocsOf(agent, 'fetched'))[0]!.alloc, '--peer', `unix:${agent.socket}`])
  assert.equal(restarted.code, 0, restarted.output)
  await until('it has begun again', 60_000, async () => began() === 2)
  assert.deepEqual(server.asked, ['GET /app'])

  server.files.set('/app', Buffer.from('<html>Please log in</html>'))
  await fleet.runJob(agent, file(`sha256:${'0'.repeat(64)}`), '--detach')
  await until('it says why', 60_000, async () => {
    const { output } = await fleet.cli(['job', 'status', 'fetched', '--peer', `unix:${agent.socket}`])
    return /is another file: its sha256 is/.test(output) || /another file/.test(fleet.logs())
  })
  assert.equal(began(), 2)
})
