// `shoal doctor` on three real agents: nothing to say of a healthy mesh, an agent that was killed, a board that is cut off, and nobody to ask.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Diagnosis, Finding } from '../../crdt/api-doctor.ts'
import { type Agent, Fleet, aliveOn, ask, until } from './support/fleet.ts'
import { loopbacks } from './support/ports.ts'
import type { Ran } from './support/run.ts'

const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  const addresses = await loopbacks(3)
  await fleet.init(addresses.slice(0, 2))
  for (const [index, name] of ['a', 'b', 'c'].entries()) agents.push(fleet.start(name, { listen: addresses[index]! }))
  await allTogether()
})

after(async () => await fleet.stop())

async function allTogether(): Promise<void> {
  await until('three boards see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 3),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
}

async function doctor(agent: Agent, ...args: readonly string[]): Promise<Ran> {
  return await fleet.cli(['doctor', '--peer', `unix:${agent.socket}`, ...args])
}

async function findings(agent: Agent): Promise<readonly Finding[]> {
  const ran = await doctor(agent, '--output', 'json')
  const { diagnosis } = JSON.parse(ran.stdout) as { readonly diagnosis: Diagnosis }
  assert.equal(ran.code, codeOf(diagnosis.findings), ran.output)
  return diagnosis.findings
}

function codeOf(found: readonly Finding[]): number {
  const has = (severity: string): boolean => found.some((finding) => finding.severity === severity)
  return has('critical') ? 2 : has('warning') ? 1 : 0
}

test('a healthy mesh: nothing is named, by any board, in words and as JSON', async () => {
  for (const agent of agents) assert.deepEqual(await findings(agent), [])
  const ran = await doctor(agents[0]!, '--matrix')
  assert.equal(ran.code, 0, ran.output)
  assert.match(ran.stdout, /^nothing is wrong, as a and 2 other boards see it$/m)
  assert.match(ran.stdout, /^a +b +yes /m)
  assert.match(ran.stdout, /^c +\S+ +\d+s|^c +\S+ +\d+m/m)
  assert.match(ran.stdout, /^not examined: MTU/m)
})

test('over the network, as an operator from somewhere else', async () => {
  const ran = await fleet.cli(['doctor'])
  assert.equal(ran.code, 0, ran.output)
})

test('an agent that was killed: named with what its machine says, exit code 1; nothing once it is back', async () => {
  const [a, b, c] = agents as [Agent, Agent, Agent]
  await fleet.kill(c)
  await until('it is silent', 60_000, async () => (await aliveOn(a)).length === 2)
  const [finding, ...others] = await findings(a)
  assert.deepEqual(others, [])
  assert.deepEqual([finding?.id, finding?.from, finding?.to], ['agent-down', ['a', 'b'], ['c']])
  assert.ok(
    finding!.evidence.some((line) => line.includes('refuses connections')),
    finding!.evidence.join('\n'),
  )
  assert.match((await doctor(b)).stdout, /^warning agent-down: .*a, b and c.*, for \d+s/m)
  fleet.launch(c)
  await allTogether()
  for (const agent of agents) assert.deepEqual(await findings(agent), [])
})

test('a board that is cut off says so of itself, exit code 2; to the others it is silent', async () => {
  const [a, b, c] = agents as [Agent, Agent, Agent]
  await ask(c, 'done', { method: 'fault.cut', peers: null })
  await until('each side knows', 60_000, async () => (await aliveOn(a)).length === 2 && (await aliveOn(c)).length === 1)
  assert.deepEqual(
    (await findings(c)).map(({ id, from, to }) => [id, from, to]),
    [['cut-off', ['c'], ['a', 'b']]],
  )
  assert.deepEqual(
    (await findings(b)).map(({ id, to }) => [id, to]),
    [['board-silent', ['c']]],
  )
  await ask(c, 'done', { method: 'fault.cut', peers: [] })
  await allTogether()
  for (const agent of agents) assert.deepEqual(await findings(agent), [])
})

test('nobody to ask: exit code 3', async () => {
  const ran = await fleet.cli(['doctor', '--peer', `unix:${fleet.folder}/none.sock`])
  assert.equal(ran.code, 3, ran.output)
  assert.match(ran.output, /^error E_/m)
})
