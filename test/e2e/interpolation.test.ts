// Names in the texts of a job, on a real agent and real processes: what they become, what is refused, and what a changed label does.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, allocsOf, ask, startAlone, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'

const fleet = new Fleet()
let agent: Agent

before(async () => {
  agent = await startAlone(fleet, { zone: 'north' })
})

after(async () => await fleet.stop())

/** Nothing is tried again: what is wrong is told at once. */
const once = { restart: { attempts: 0 }, reschedule: { unlimited: false, attempts: 0 } }

const checksOf = async (alloc: string) => (await ask(agent, 'checks', { method: 'alloc.checks', alloc })).checks

test('a task and its check are told what their board is; a label that changes later restarts nothing', async () => {
  const out = join(fleet.folder, 'told')
  writeFileSync(out, '')
  // In single quotes: what is left in braces is for the eye, and no name of a shell's.
  const words = ['${label.zone}', '${SHOAL_PORT_web}', '${env["WHERE"]}', '$${label.zone}', '${attr.kernel.name}']
  const script = `own=x; echo '${words.join(' ')}' "\${own}" >> '${out}'; exec sleep 1000000`
  const check = { type: 'exec', command: '/bin/echo', args: ['${meta.zone}', '${env["WHERE"]}'], interval: '1s', timeout: '900ms' }
  const task = { env: { WHERE: '${node.pool}/${SHOAL_JOB}' }, checks: { where: check } }
  const ran = await fleet.runJob(agent, job('told', { script, task, group: { ...once, network: { ports: { web: {} } } } }))
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  const [row] = await allocsOf(agent, 'told')
  assert.match(readFileSync(out, 'utf8'), /^north \d+ default\/told \$\{label\.zone\} linux x\n$/)
  await until('the check has passed', 60_000, async () => (await checksOf(row!.alloc))[0]?.state === 'passing')
  assert.equal((await checksOf(row!.alloc))[0]!.output.trim(), 'north default/told')

  assert.equal((await fleet.cli(['node', 'meta', 'a', 'zone=south', '--peer', `unix:${agent.socket}`])).code, 0)
  const restarted = await fleet.cli(['alloc', 'restart', row!.alloc, '--peer', `unix:${agent.socket}`])
  assert.equal(restarted.code, 0, restarted.output)
  await until('it runs again', 60_000, async () => readFileSync(out, 'utf8').split('\n').length === 3)
  assert.match(readFileSync(out, 'utf8'), /^north .*\nsouth .*\n$/)
})

test('what no board can know is refused at its line; what this board lacks is said of the copy', async () => {
  const refused = await fleet.runJob(agent, job('refused', { script: 'echo ${node.datacenter}' }))
  assert.equal(refused.code, 1)
  assert.match(
    refused.output,
    /\.json:\d+:\d+: groups\.g\.tasks\.app\.config\.args\[1\]: found "\$\{node\.datacenter\}"; allowed: .*\$\{node\.pool\}/,
  )
  const lacking = await fleet.runJob(agent, job('lacking', { script: 'echo ${attr.gpu.model}' }), '--detach')
  assert.notEqual(lacking.code, 1, lacking.output)
  await until('it is said', 60_000, async () => {
    const status = await fleet.cli(['job', 'status', 'lacking', '--peer', `unix:${agent.socket}`])
    return status.output.includes('this board has no ${attr.gpu.model}')
  })
})
