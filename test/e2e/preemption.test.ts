// Preemption on a real agent and real processes: on a board whose memory is given away, a system job's copy starts once a less important one
// has ended, which comes back when there is room.

import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, aliveOn, allocsOf, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
let agent: Agent

before(async () => {
  const [listen = ''] = await loopbacks(1)
  await fleet.init([listen])
  agent = fleet.start('a', { listen, config: { capacity: { memory: '128 MiB' }, reserved: { memory: '28 MiB' } } })
  await until('the board sees itself', 120_000, async () => (await aliveOn(agent)).length === 1).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => await fleet.stop())

const log = join(fleet.folder, 'log')
const said = (): string[] => readFileSync(log, 'utf8').split('\n').slice(0, -1)
const cli = async (...words: readonly string[]): Promise<string> => (await fleet.cli([...words, '--peer', `unix:${agent.socket}`])).output
const memory = { resources: { memory: '64 MiB' } }

test('what is in the way ends before the copy that displaces it starts, says for whom, and is back once there is room', async () => {
  appendFileSync(log, '')
  const slow = `trap "sleep 0.5; echo 'low ended' >> '${log}'; exit 0" TERM; echo 'low began' >> '${log}'; while :; do sleep 0.1; done`
  assert.equal((await fleet.runJob(agent, { ...job('low', { ...memory, script: slow }), priority: 30 })).code, 0, fleet.logs())
  const watch = {
    ...job('watch', { ...memory, script: `echo 'watch began' >> '${log}'; exec sleep 1000000` }),
    priority: 80,
    type: 'system',
  }
  assert.match(await cli('job', 'plan', fleet.jobFile(watch)), /EVICTS[^]*watch\/g\/\S+ +starts on +a +low\/g\/0/)
  assert.equal((await fleet.runJob(agent, watch)).code, 0, fleet.logs())
  assert.deepEqual(said(), ['low began', 'low ended', 'watch began'])
  const [low] = await allocsOf(agent, 'low')
  assert.match(low!.reason, /^preempted: default\/watch\/g\/12D3/)
  await cli('job', 'stop', 'watch')
  await until('it is back', 60_000, async () => said().length === 4)
  assert.equal(said().at(-1), 'low began')
})
