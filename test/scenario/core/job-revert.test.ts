// `job revert` from the command line to the boards, on both sides of a cut.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { World } from '../../../simulator/world.ts'
import { closeStages, hello, ok, run, stage } from '../../support/operator-stage.ts'
import { answer } from '../../support/pool.ts'
import { areEqual, runners, slot } from '../../support/world.ts'

afterEach(closeStages)

const only = slot(hello, 0, 'main')

function programs(world: World): readonly unknown[] {
  return runners(world, only).map((name) => world.board(name).core!.state!.allocs.get(only)!.body.group.tasks[0]!.config.args[0])
}

for (const [here, there] of [
  ['1.1', '1.2'],
  ['--last', '--last'],
] as const)
  test(`reverted with ${here} on one side of a cut and with ${there} on the other: after the heal one version runs, once`, async () => {
    const { world, boards, admin, at } = await stage(4)
    for (const args of ['a', 'b', 'c']) {
      assert.equal((await run(admin, { args: [args] })).exitCode, 0)
      world.run(30_000)
    }
    assert.deepEqual(programs(world), ['c'])
    world.split(boards.slice(0, 2), boards.slice(2))
    await ok(admin, 'job', 'revert', 'hello', here, '--detach')
    at.admin = boards[2]!
    await ok(admin, 'job', 'revert', 'hello', there, '--detach')
    world.run(60_000)
    world.heal()
    world.until('both sides know of both', () => areEqual(boards), 60_000)
    world.run(120_000)
    const { job, settled } = answer(world, at.admin, 'job', { method: 'job.status', job: hello })
    assert.deepEqual([settled, job.healthy], [true, 1])
    const { spec } = at.admin.core!.state!.view.jobs.get(hello)!
    assert.deepEqual(programs(world), [spec!.groups[0]!.tasks[0]!.config.args[0]])
    assert.notDeepEqual(programs(world), ['c'])
  })
