// The life cycle of tasks on a real agent with real processes: kill -9 while the prestart task runs, and while the poststop task does.

import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, aliveOn, allocsOf, ask, until } from './support/fleet.ts'
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

const diary = (): string => (existsSync(join(fleet.folder, 'diary')) ? readFileSync(join(fleet.folder, 'diary'), 'utf8') : '')

/** Tells that it began, waits for its gate, and tells that it ended. */
function task(name: string, lifecycle?: object): object {
  const [said, gate] = [join(fleet.folder, 'diary'), join(fleet.folder, `${name}.gate`)]
  const script = `echo +${name} >> ${said}; while [ ! -e ${gate} ]; do sleep 0.1; done; echo ${name}. >> ${said}`
  const resources = { cpu: '20 MHz', memory: '16 MiB' }
  return { driver: 'raw_exec', config: { command: '/bin/sh', args: ['-c', script] }, resources, ...(lifecycle && { lifecycle }) }
}

/** The task ends while no agent runs. */
async function endUnseen(name: string): Promise<void> {
  await until(`${name} runs`, 60_000, async () => diary().includes(`+${name}\n`))
  await fleet.kill(agent)
  appendFileSync(join(fleet.folder, `${name}.gate`), '')
  await until(`${name} has ended`, 60_000, async () => diary().includes(`${name}.\n`))
  fleet.launch(agent)
}

test('tasks that end while the agent is dead are not run again, and what waits for them comes next', async () => {
  const tasks = { init: task('init', { hook: 'prestart' }), app: task('app'), bye: task('bye', { hook: 'poststop' }) }
  const update = { min_healthy_time: '1s', healthy_deadline: '2m' }
  const ran = await fleet.runJob(agent, { job: 'stages', groups: { g: { update, tasks } } }, '--detach')
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  await endUnseen('init')
  const isHealthy = async (): Promise<boolean> => (await allocsOf(agent, 'stages'))[0]?.healthy === true
  await until('the copy is healthy', 120_000, isHealthy).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
  const [row] = await allocsOf(agent, 'stages')
  const { alloc } = await ask(agent, 'alloc', { method: 'alloc.status', alloc: row!.alloc })
  assert.deepEqual([alloc.tasks['init']?.event, alloc.tasks['app']?.state, alloc.tasks['bye']?.state], ['complete', 'running', 'pending'])
  await fleet.cli(['job', 'stop', 'stages', '--detach'])
  await endUnseen('bye')
  const isOver = async (): Promise<boolean> => (await allocsOf(agent, 'stages')).every(({ state }) => state === 'stopped')
  await until('the copy is over', 120_000, isOver)
  assert.equal(diary(), '+init\ninit.\n+app\n+bye\nbye.\n')
})
