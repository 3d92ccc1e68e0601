// A board whose disk is full: what runs goes on, nothing new is accepted there (with a code), and once there is room it takes
// part again. The data directory is a small file system of its own; needs root to mount it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { execFileSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { undoAtExit } from './support/cleanup.ts'
import { type Agent, Fleet, aliveOn, ask, holders, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
const agents: Agent[] = []
let unmount = (): void => undefined

before(async () => {
  const addresses = await loopbacks(2)
  await fleet.init(addresses)
  const [roomy, small] = ['roomy', 'small'].map((name, index) =>
    fleet.prepare(name, { listen: addresses[index]!, config: { reserved: { disk: '0 MiB' }, capacity: { disk: '10 GiB' } } }),
  )
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'shoal-e2e', small!.folder])
  unmount = undoAtExit(() => execFileSync('umount', ['--lazy', small!.folder]))
  // Its configuration was under the mount.
  fleet.prepare('small', small!.options)
  agents.push(roomy!, fleet.agent('small'))
  for (const agent of agents) fleet.launch(agent)
  await until('both see each other', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 2),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
  const ran = await fleet.runJob(agents[0]!, job('web', { count: 2 }))
  assert.equal(ran.code, 0, ran.output)
})

after(async () => {
  for (const agent of agents) if (agent.process?.exitCode === null) await fleet.kill(agent)
  for (const agent of agents) for (const pid of taskPids(agent)) process.kill(pid, 'SIGKILL')
  unmount()
  await fleet.stop()
})

/** Writes until nothing more goes in. */
function fillUp(file: string): void {
  const open = openSync(file, 'a')
  try {
    for (const size of [65_536, 4_096, 1]) {
      for (;;) {
        try {
          writeSync(open, Buffer.alloc(size))
        } catch {
          break
        }
      }
    }
  } finally {
    closeSync(open)
  }
}

test('full: what runs goes on, and changes are refused there with a code and a hint', async () => {
  const small = agents[1]!
  const pids = taskPids(small)
  assert.ok(pids.length > 0)
  fillUp(join(small.folder, 'ballast'))
  let tries = 0
  const refused = await until('it notices', 120_000, async () => {
    // The log file has a little room left at first.
    const ran = await fleet.runJob(small, job(`try-${tries++}`, { count: 0 }), '--detach')
    fillUp(join(small.folder, 'ballast'))
    return ran.code === 0 ? false : ran
  })
  assert.equal(refused.code, 1)
  assert.match(refused.output, /error E_STORE_FULL: .*\nhint: /)
  assert.deepEqual(taskPids(small), pids, 'its copy runs on')
  assert.equal((await aliveOn(agents[0]!)).length, 2, 'it is alive to the others')
})

test('the other board takes the change, and the full one starts nothing new', async () => {
  const [roomy, small] = agents as [Agent, Agent]
  const pids = taskPids(small)
  const ran = await fleet.runJob(roomy, job('more', { count: 1 }))
  assert.equal(ran.code, 0, ran.output)
  assert.deepEqual(Object.values(await holders(roomy, 'more')), ['roomy'])
  assert.deepEqual(taskPids(small), pids)
})

test('with room again it takes part again by itself, and what it was told meanwhile is on its disk', async () => {
  const [roomy, small] = agents as [Agent, Agent]
  rmSync(join(small.folder, 'ballast'))
  await until('it accepts a change', 120_000, async () => (await fleet.runJob(small, job('again', { count: 0 }), '--detach')).code === 0)
  const pids = taskPids(small)
  await fleet.kill(small)
  fleet.launch(small)
  await until('it is back and knows all', 120_000, async () => {
    const { jobs } = await ask(small, 'jobs', { method: 'job.list' })
    return (await aliveOn(roomy)).length === 2 && ['web', 'more', 'again'].every((name) => jobs.some((row) => row.id === `default/${name}`))
  })
  assert.deepEqual(taskPids(small), pids)
})
