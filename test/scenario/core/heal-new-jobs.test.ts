// A job that one side of a cut took in and runs: after the heal the other side hears of the job before it knows who runs it. On any
// link, nothing is started for it and nothing that runs is moved.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bootPool } from '../../support/pool.ts'
import { jobSpec, runJob, runners, slot } from '../../support/world.ts'

for (const delayMs of [5, 100, 400, 900])
  for (const [here, there] of [
    [3, 2],
    [2, 3],
    [1, 4],
    [4, 1],
  ] as const) {
    test(`a side of ${there} starts nothing of what a side of ${here} runs already, ${delayMs} ms away`, () => {
      const { world, boards } = bootPool(here + there, { delayMs })
      world.run(20_000)
      const [mine, theirs] = [boards.slice(0, here), boards.slice(here)]
      world.split(mine, theirs)
      world.run(60_000)
      const job = runJob(world, mine[0]!, jobSpec({ name: 'menu', count: 1 }))
      world.run(20_000)
      const runner = runners(world, slot(job))
      assert.equal(runner.length, 1)
      world.heal()
      world.run(60_000)
      const started = theirs.flatMap(({ spec, trail }) => trail.map(({ what }) => `${spec.name} ${what}`))
      assert.deepEqual([started, runners(world, slot(job))], [[], runner])
    })
  }
