// `fleet preemption`: an admin says whose copies may take the room of others; plans, explanations and allocations say whom it meets.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { bootPool, place, slotsOf } from '../../support/pool.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { runners, slot } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

const urgent = {
  job: 'urgent',
  priority: 80,
  groups: {
    g: { tasks: { app: { driver: 'raw_exec', config: { command: '/bin/app' }, resources: { cpu: '800 MHz', memory: '64 MiB' } } } },
  },
}

test('services wait until an admin lets them preempt; then a plan shows whom, and status says by whom and for whom', async () => {
  const { world, boards, first } = bootPool(1, { board: () => ({ capacity: { cpuMhz: 1_000, memoryMib: 4_096, diskMib: 16_384 } }) })
  const cli = await cliOnWorld(world, () => boards[0]!)
  open.push(cli)
  const low = place(world, { name: 'low', cpuMhz: 800, priority: 30 })
  const withFile = (verb: string, ...flags: readonly string[]) => cli.run(['job', verb, ...flags, '-'], { stdin: JSON.stringify(urgent) })
  const before = await withFile('plan')
  assert.match(before.stdout, /urgent\/g\/0 +is not placed/, before.stderr)
  assert.doesNotMatch((await cli.run(['fleet', 'status'])).stdout, /PREEMPTS/)
  const ran = await cli.run(['fleet', 'preemption', 'default', 'service', 'on'])
  assert.equal(ran.exitCode, 0, ran.stderr)
  assert.match(ran.stdout, /pool default: copies of service jobs may stop copies of jobs whose priority is lower by 10 or more/)
  world.run(2_000)
  assert.match((await cli.run(['fleet', 'status'])).stdout, /PREEMPTS[^]*service, system/)

  const planned = await withFile('plan')
  assert.equal(planned.exitCode, 1, planned.stderr)
  assert.match(planned.stdout, /EVICTS[^]*urgent\/g\/0 +starts on +b0 +low\/g\/0/)
  assert.equal(runners(world, slot(low)).length, 1, 'a plan stops nobody')
  await withFile('run', '--detach')
  world.until('it runs', () => runners(world, 'default/urgent/g/0' as never).length === 1, 20_000)
  world.run(5_000)
  assert.match((await cli.run(['job', 'status', 'low'])).stdout, /preempted: default\/urgent\/g\/0/)
  assert.match(
    (await cli.run(['job', 'explain', 'low'])).stdout,
    /preempted: default\/urgent\/g\/0 \(it made room for a copy of higher priority/,
  )
  const alloc = (id: string): string => [...first.core!.state!.view.claims.get(id as never)!][0]!.alloc
  assert.match((await cli.run(['alloc', 'status', alloc(slotsOf(low, 1)[0]!)])).stdout, /State +stopped: preempted: default\/urgent\/g\/0/)
  assert.match((await cli.run(['alloc', 'status', alloc('default/urgent/g/0')])).stdout, /Takes the room of +low\/g\/0/)
  assert.match((await cli.run(['status'])).stdout, /low\/g\/0 makes room for default\/urgent\/g\/0/)
})

test('what is no pool’s name, no kind of job and no choice is refused', async () => {
  const { world, boards } = bootPool(1)
  const cli = await cliOnWorld(world, () => boards[0]!)
  open.push(cli)
  const pool = await cli.run(['fleet', 'preemption', 'No Pool', 'service', 'on'])
  assert.deepEqual([pool.exitCode, /E_POOL_NAME.*not a pool name/.test(pool.stderr)], [1, true], pool.stderr)
  const kind = await cli.run(['fleet', 'preemption', 'default', 'cron', 'on'])
  assert.deepEqual([kind.exitCode, /service, batch, system, sysbatch/.test(kind.stderr)], [1, true], kind.stderr)
  const choice = await cli.run(['fleet', 'preemption', 'default', 'batch', 'maybe'])
  assert.deepEqual([choice.exitCode, /on, off/.test(choice.stderr)], [1, true], choice.stderr)
})
