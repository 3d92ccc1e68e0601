// A claim waits for better ones before anything of it is started, whatever happens meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coreLimits } from '../../../node/core/limits.ts'
import { bootPool } from '../../support/pool.ts'
import { jobSpec, runJob } from '../../support/world.ts'

// Chaos seed 12, by the rule `settles-first`: a board that had been away claimed a slot at the version that it knew, heard of the next one a
// moment later, and went on to that as if it ran already: at once, and beside the copy that it did not know of yet.
test('a new version that comes while a claim waits does not start it', () => {
  const { world, first } = bootPool(1)
  world.run(10_000)
  const submittedAt = world.queue.now
  runJob(world, first, jobSpec({ count: 1 }))
  world.run(100)
  runJob(world, first, jobSpec({ count: 1, command: '/bin/second' }))
  world.until('it runs', () => first.tasks.size > 0, 5_000)
  const [start] = first.trail.filter(({ what }) => what === 'start')
  assert.ok(start !== undefined && start.at - submittedAt >= coreLimits.settleMsMin, `started after ${(start?.at ?? 0) - submittedAt} ms`)
  const [alloc] = first.core!.state!.allocs.values()
  assert.deepEqual([alloc!.generation, alloc!.body.group.tasks[0]!.config.command], [1, '/bin/second'])
})
