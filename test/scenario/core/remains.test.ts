// What ended copies leave on a board (containers, log folders) goes sooner or later, however often the agent starts anew.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { jobDocId } from '../../../crdt/ids.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import type { TaskId } from '../../../node/core/ports.ts'
import type { World } from '../../../simulator/world.ts'
import { claimOf, createWorld, edit, jobSpec, runJob, slot } from '../../support/world.ts'

/** Every task that was started, and every one whose remains were removed. */
function watchTasks(world: World): { readonly started: Set<TaskId>; readonly removed: Set<TaskId> } {
  const seen = { started: new Set<TaskId>(), removed: new Set<TaskId>() }
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const effect of effects) {
      if (effect.kind === 'start') seen.started.add(effect.task.id)
      if (effect.kind === 'remove') seen.removed.add(effect.task)
    }
    return effects
  }
  return seen
}

test('an agent that starts anew remembers what ended copies left: so much is kept for logs, the rest is removed', () => {
  const world = createWorld(1)
  const { started, removed } = watchTasks(world)
  world.bootAll()
  world.run(7_000)
  const b0 = world.board('b0')
  const count = coreLimits.finishedAllocsMax + 4
  for (let n = 0; n < count; n++) {
    const job = runJob(world, b0, jobSpec({ name: `job-${n}`, cpuMhz: 10 }))
    world.run(5_000)
    edit(world, b0, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
    world.run(5_000)
    world.kill(b0)
    world.boot(b0)
    world.run(6_000)
  }
  assert.equal(started.size, count)
  assert.deepEqual([...removed], [...started].slice(0, 4), 'the oldest go first')

  const newest = claimOf(b0, slot(`default/job-${count - 1}` as never), b0)!
  const asked = world.ask(b0, { method: 'alloc.logs', alloc: newest.alloc, stream: 'stdout', follow: false, tailBytes: null })
  assert.equal(
    asked.replies.find((reply) => reply.kind === 'error'),
    undefined,
  )

  for (let n = 0; n < count; n++)
    edit(world, b0, jobDocId(`default/job-${n}` as never), 'default', () => new Map([[jobPaths.desired, 'removed']]))
  world.run(5_000)
  assert.deepEqual([...removed].sort(), [...started].sort(), 'nobody can ask for the logs of a removed job')
  assert.deepEqual(
    [...b0.disk.keys()].filter((key) => key.startsWith('meta/finished/')),
    [],
  )
})

test('what runs without a claim is removed once it has stopped', () => {
  const world = createWorld(2)
  const { started, removed } = watchTasks(world)
  world.bootAll()
  world.run(7_000)
  const [b0, b1] = [world.board('b0'), world.board('b1')]
  const job = runJob(world, b0, jobSpec())
  world.run(5_000)
  const home = [b0, b1].find((board) => board.tasks.size > 0)!
  const other = home === b0 ? b1 : b0
  world.kill(home)
  home.disk.clear()
  edit(world, other, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
  world.boot(home)
  world.run(15_000)
  assert.equal(home.tasks.size, 0)
  assert.deepEqual([...removed], [...started])
})
