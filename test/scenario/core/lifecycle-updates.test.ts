// Updates in place of copies whose tasks have a life cycle, and records that were lost in the middle (docs/adr/0029).

import { powerFailsAfter } from '../../../simulator/deaths.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { jobDocId } from '../../../crdt/ids.ts'
import { LifecycleLaws } from '../../support/lifecycle-laws.ts'
import { group, stateOf, stopJob, task, tasksOf, tasksRunning, watchTasks, well } from '../../support/lifecycle.ts'
import { bootPool, home, withDisk } from '../../support/pool.ts'
import { claimOf, edit, jobSpec, runJob, slot } from '../../support/world.ts'

const minuteMs = 60_000

test('an update in place: the former form’s poststop comes before the next one’s prestart, whenever the agent is killed', () => {
  const story = '+init init. +app -app +bye bye. +init init. +app'
  for (const how of ['kill', 'powerCut'] as const) {
    for (let atMs = 0; atMs <= 6_000; atMs += 500) {
      const { world, first } = bootPool(1)
      const { lines } = watchTasks(world, { init: [well(2_000)], bye: [well(2_000)] })
      const tasks = tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' }, { app: { shutdownDelayMs: 1_000 } })
      const laws = new LifecycleLaws(world, Object.fromEntries(tasks.map(({ name, lifecycle }) => [name, lifecycle])))
      const version = (n: number) => jobSpec(group(tasks.map((one) => ({ ...one, env: { N: String(n) } }))))
      const job = runJob(world, first, version(1))
      const isHealthy = (): boolean => claimOf(first, slot(job), first)?.healthy === true
      world.until('healthy', isHealthy, 30_000)
      runJob(world, first, version(2))
      world.run(atMs)
      world[how](first)
      world.run(500)
      world.boot(first)
      const isThere = (): boolean => isHealthy() && tasksRunning(world, slot(job)).length === 1 && laws.begun.size === 2
      world.until('the next version is healthy', isThere, 60_000)
      assert.deepEqual([laws.broken, laws.missed()], [[], []], `${how} at ${atMs}: ${lines.join(' ')}`)
      if (how === 'kill') assert.equal(lines.join(' '), story, `at ${atMs}`)
      world.release()
    }
  }
})

test('an update that is taken back while the former form is on its way out: that ends first, and begins anew then', () => {
  for (const afterMs of [500, 2_500, 4_500]) {
    const { world, first } = bootPool(1)
    const { lines } = watchTasks(world, { init: [well(2_000)], bye: [well(4_000)] })
    const tasks = tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' }, { app: { shutdownDelayMs: 1_000 } })
    const version = (n: number) => jobSpec(group(tasks.map((one) => ({ ...one, env: { N: String(n) } }))))
    const job = runJob(world, first, version(1))
    const own = () => claimOf(first, slot(job), first)!
    world.until('healthy', () => own()?.healthy === true, 30_000)
    const form = own().form
    runJob(world, first, version(2))
    world.run(afterMs)
    runJob(world, first, version(1))
    world.run(90_000)
    const { state, healthy } = own()
    assert.deepEqual([state, healthy, own().form === form], ['running', true, true], `after ${afterMs}: ${lines.join(' ')}`)
    assert.deepEqual(tasksRunning(world, slot(job)), ['app'])
    stopJob(world, first, job)
    world.until('over', () => stateOf(first, slot(job)) === 'stopped', 30_000)
    assert.equal(lines.slice(-3).join(' '), '-app +bye bye.', `after ${afterMs}: ${lines.join(' ')}`)
    world.release()
  }
})

test('work whose first task is done is updated, and the board loses power between any two effects: the next version runs it as well', () => {
  for (let effects = 0; effects < 8; effects++) {
    const { world, first } = bootPool(1)
    const { lines } = watchTasks(world, { done: [well(2_000)] })
    const version = (n: number) => {
      const tasks = tasksOf({ done: 'main', on: 'main' }).map((one) => ({ ...one, env: { N: String(n) } }))
      return jobSpec({ type: 'batch', group: { tasks } })
    }
    const job = runJob(world, first, version(1))
    world.until('the first is done', () => task(first, slot(job), 'done')?.state === 'dead', 15_000)
    runJob(world, first, version(2))
    first.death = powerFailsAfter(effects)
    world.run(1_000)
    first.death = null
    if (first.core === null) world.boot(first)
    world.run(20_000)
    assert.equal(lines.filter((line) => line === '+done').length, 2, `${effects}: ${lines.join(' ')}`)
    world.release()
  }
})

test('a board whose disk was lost, or is an old one, while poststop runs: that runs to its end, and the copy begins anew only then', () => {
  for (const how of ['lost', 'old'] as const) {
    const { world, first } = bootPool(2)
    const { lines } = watchTasks(world, { init: [well(2_000)], bye: [well(30_000)] })
    const job = runJob(world, first, jobSpec(group(tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' }))))
    world.until('it runs', () => tasksRunning(world, slot(job)).includes('app'), 40_000)
    world.run(10_000)
    const board = home(world, slot(job))
    const old = new Map(board.disk)
    stopJob(world, first, job)
    world.until('poststop runs', () => tasksRunning(world, slot(job)).includes('bye'), 10_000)
    edit(world, first, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'run']]))
    withDisk(world, board, (disk) => {
      disk.clear()
      if (how === 'old') for (const [key, value] of old) disk.set(key, value)
    })
    world.run(2 * minuteMs)
    assert.equal(lines.join(' '), '+init init. +app -app +bye bye. +init init. +app', how)
    world.release()
  }
})
