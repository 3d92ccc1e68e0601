// What the command line tells of a copy whose tasks have a life cycle, whichever board is asked.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { cliOnWorld } from '../../support/cli-on-world.ts'
import { tasksOf, tasksRunning, watchTasks, well } from '../../support/lifecycle.ts'
import { bootPool, home } from '../../support/pool.ts'
import { claimOf, jobSpec, runJob, slot } from '../../support/world.ts'

test('alloc status says as what each task runs, what it waits for, and that it is complete', async () => {
  const { world, boards, first } = bootPool(2)
  watchTasks(world, { init: [well(10_000)] })
  const tasks = tasksOf({ app: 'main', bye: 'poststop', init: 'prestart', proxy: 'beside' }, { app: { leader: true } })
  const id = slot(runJob(world, first, jobSpec({ group: { tasks } })))
  world.until('prestart runs', () => tasksRunning(world, id).length === 2, 20_000)
  world.run(2_000)
  const holder = home(world, id)
  const other = boards.find((board) => board !== holder)!
  const { alloc } = claimOf(holder, id, holder)!
  const cli = await cliOnWorld(world, () => other)
  try {
    const before = (await cli.run(['alloc', 'status', alloc])).stdout
    assert.match(before, /State +starting: prestart: init, proxy\n/)
    assert.match(before, /TASK +RUNS AS +STATE +RESTARTS +LAST EVENT\n/)
    assert.match(before, /app +leader +pending +0 +waits for prestart\n/)
    assert.match(before, /bye +poststop +pending +0 +waits until the others have ended\n/)
    assert.match(before, /init +prestart +running +0 +started\n/)
    world.run(20_000)
    const after = (await cli.run(['alloc', 'status', alloc])).stdout
    assert.match(after, /State +running, healthy\n/)
    assert.match(after, /app +leader +running/)
    assert.match(after, /init +prestart +dead +0 +complete\n/)
    assert.match(after, /proxy +prestart sidecar +running/)
  } finally {
    await cli.close()
  }
})
