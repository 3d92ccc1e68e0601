// Work that ends, on real agents and processes: done once, also when the agent was dead at its end.

import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, aliveOn, ask, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  const addresses = await loopbacks(2)
  await fleet.init(addresses)
  for (const [index, name] of ['a', 'b'].entries()) agents.push(fleet.start(name, { listen: addresses[index]! }))
  await until('two boards see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 2),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => await fleet.stop())

const diary = (name: string): string => join(fleet.folder, `${name}.diary`)
const linesOf = (name: string): number => (existsSync(diary(name)) ? readFileSync(diary(name), 'utf8').split('\n').length - 1 : 0)
const completeAt = async (agent: Agent, name: string): Promise<number> =>
  (await ask(agent, 'job', { method: 'job.status', job: `default/${name}` })).job.complete

test('two copies end, are complete on both boards, and --rerun runs them once more', async () => {
  const work = job('work', { type: 'batch', count: 2, script: `echo done >> ${diary('work')}` })
  assert.equal((await fleet.runJob(agents[0]!, work)).code, 0)
  const areDone = async (): Promise<boolean> => (await Promise.all(agents.map((agent) => completeAt(agent, 'work')))).every((n) => n === 2)
  await until('both are done', 120_000, areDone)
  assert.equal(linesOf('work'), 2)
  const status = await fleet.cli(['job', 'status', '--peer', `unix:${agents[1]!.socket}`])
  assert.match(status.stdout, /work +batch +default +complete/)
  assert.equal((await fleet.runJob(agents[1]!, work)).code, 0)
  assert.equal(linesOf('work'), 2)
  assert.equal((await fleet.runJob(agents[1]!, work, '--rerun')).code, 0)
  await until('both are done again', 120_000, async () => linesOf('work') === 4 && (await areDone()))
})

test('it ends while its agent is dead: the next agent tells so, and nobody runs it again', async () => {
  const gate = join(fleet.folder, 'gate')
  const script = `while [ ! -e ${gate} ]; do sleep 0.1; done; echo done >> ${diary('late')}`
  const late = job('late', { type: 'batch', script, group: { disconnect: { replace_after: '10m' } } })
  assert.equal((await fleet.runJob(agents[0]!, late)).code, 0)
  const board = await until('it runs', 120_000, async () => agents.find((agent) => taskPids(agent).length > 0))
  await fleet.kill(board)
  appendFileSync(gate, '')
  await until('it has ended', 60_000, async () => linesOf('late') === 1)
  fleet.launch(board)
  const other = agents.find((agent) => agent !== board)!
  await until('the other board knows', 120_000, async () => (await completeAt(other, 'late')) === 1)
  assert.deepEqual([linesOf('late'), agents.flatMap(taskPids)], [1, []])
})
