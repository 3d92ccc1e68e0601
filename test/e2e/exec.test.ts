// The exec driver on a real agent: as whom tasks run, what binds them, what outlives the agent, and what a stop leaves.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, rmdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { boardCgroups } from '../../node/adapters/exec/cage.ts'
import { parentsOf } from '../../node/adapters/exec/cgroup-place.ts'
import { type Agent, Fleet, aliveOn, allocsOf, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'
import { pidsWith, runningTasks } from './support/processes.ts'

const fleet = new Fleet()
let agent: Agent
const cgroupParent = `shoal-e2e-${process.pid}`

before(async () => {
  const [listen = '', other = ''] = await loopbacks(2)
  await fleet.init([listen])
  const exec = { enabled: true, cgroup_parent: cgroupParent }
  agent = fleet.start('a', { listen, config: { drivers: { exec } } })
  // The second cannot run such tasks.
  fleet.start('b', { listen: other, config: { drivers: { exec: { ...exec, user: 'no-such-user' } } } })
  await until('the boards see each other', 120_000, async () => (await aliveOn(agent)).length === 2).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => {
  await fleet.stop()
  const found = boardCgroups(cgroupParent)()
  assert.ok(found.ok)
  for (const parent of parentsOf(found.value.place)) {
    for (const entry of readdirSync(parent, { withFileTypes: true })) if (entry.isDirectory()) await found.value.remove(entry.name)
    rmdirSync(parent)
  }
})

/** It is told why it ended, and stays. */
const waiting = { restart: { attempts: 1, interval: '2h', delay: '1h', mode: 'delay' } }

const at = (): readonly string[] => ['--peer', `unix:${agent.socket}`]

/** What `shoal alloc …` says of the job's one copy. */
async function ofAlloc(command: string, name: string): Promise<string> {
  const [row] = await allocsOf(agent, name)
  return row === undefined ? '' : (await fleet.cli(['alloc', command, row.alloc, ...at()])).output
}

async function submit(file: object): Promise<void> {
  const ran = await fleet.runJob(agent, file, '--detach')
  assert.equal(ran.code, 0, ran.output)
}

async function said(name: string, what: RegExp): Promise<string> {
  const log = async (): Promise<string> => await ofAlloc('logs', name)
  await until(`${what} in the log of ${name}`, 60_000, async () => what.test(await log())).catch(async (error: unknown) => {
    throw new Error(`${await log()}\n${fleet.logs()}`, { cause: error })
  })
  return await log()
}

test('a task is nobody, its /tmp is its own; it outlives the agent, and the next one finds and ends it, with what it hid', async () => {
  const mark = `8${process.pid}`
  const escape = `(setsid env -i /bin/sh -c 'setsid env -i sleep ${mark} & exit 0' & exit 0)`
  const script = `${escape}; echo "$(id -u) $(ls -A /tmp | wc -l)"; echo x >/tmp/shoal-e2e-${mark}; echo ready; sleep 1000000`
  const ran = await fleet.runJob(agent, job('caged', { driver: 'exec', script }))
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  assert.match(await said('caged', /ready/), /^65534 0$/m)
  assert.equal(existsSync(`/tmp/shoal-e2e-${mark}`), false)
  const [before] = runningTasks(agent)
  assert.ok(before !== undefined)
  const sleeper = (): number[] => pidsWith(mark).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('sleep'))
  await until('the grandchild', 60_000, async () => sleeper().length === 1)

  await fleet.kill(agent)
  assert.deepEqual([runningTasks(agent), sleeper().length], [[before], 1])
  fleet.launch(agent)
  await until('the agent is back', 60_000, async () => (await allocsOf(agent, 'caged'))[0]?.healthy === true)
  const [row] = await allocsOf(agent, 'caged')
  assert.deepEqual([runningTasks(agent), row!.restarts, row!.generation], [[before], 0, 1])

  assert.equal((await fleet.cli(['job', 'stop', 'caged', ...at()])).code, 0)
  await until('nothing of it runs', 60_000, async () => runningTasks(agent).length === 0 && sleeper().length === 0)
})

test('one that takes more memory than it has is ended, and the operator reads why', async () => {
  const file = job('greedy', {
    driver: 'exec',
    script: 'exec tail /dev/zero',
    group: waiting,
  })
  await submit(file)
  const status = async (): Promise<string> => await ofAlloc('status', 'greedy')
  await until('the reason', 60_000, async () => /out of memory/.test(await status())).catch(async (error: unknown) => {
    throw new Error(`${await status()}\n${fleet.logs()}`, { cause: error })
  })
})

test('root is refused by the board, in words; a board that cannot run such tasks says why', async () => {
  const asRoot = job('asroot', { driver: 'exec', group: waiting, task: { config: { command: '/bin/true', user: 'root' } } }) // prettier-ignore
  await submit(asRoot)
  const told = async (...args: string[]): Promise<string> => (await fleet.cli([...args, ...at()])).output
  await until('the refusal', 60_000, async () => /drivers\.exec\.allow_root/.test(await told('job', 'status', 'asroot'))).catch(
    async (error: unknown) => {
      throw new Error(`${await told('job', 'status', 'asroot')}\n${fleet.logs()}`, { cause: error })
    },
  )
  assert.match(await told('node', 'status', 'b'), /exec.*user 'no-such-user' does not exist on this board/)
  const onlyThere = { constraints: [{ attribute: '${node.unique.name}', value: 'b' }] }
  await submit(job('nowhere', { driver: 'exec', group: onlyThere }))
  const explain = async (): Promise<string> => await told('job', 'explain', 'nowhere')
  await until('explained', 60_000, async () => /driver-unhealthy/.test(await explain())).catch(async (error: unknown) => {
    throw new Error(await explain(), { cause: error })
  })
})
