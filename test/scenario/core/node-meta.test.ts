// Labels and weights that operators give boards while they run.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { jobText } from '../../support/cli-job.ts'
import { closeStages, hello, ok, run, stage } from '../../support/operator-stage.ts'
import { runners, slot } from '../../support/world.ts'

afterEach(closeStages)

const at = slot(hello, 0, 'main')

test('a label given to a running board lets a job come to it; taken back, what runs stays and nothing new comes', async () => {
  const { world, admin } = await stage(3)
  const file = join(admin.dir, 'north.yaml')
  await writeFile(file, `${jobText({})}constraints: [{ attribute: '\${meta.site}', value: north }]\n`)
  await ok(admin, 'job', 'run', file, '--detach')
  world.run(10_000)
  assert.deepEqual(runners(world, at), [])
  assert.match((await ok(admin, 'node', 'meta', 'b1', 'site=north', 'rack=a=b')).stdout, /^node b1 is labelled site=north, rack=a=b\n/)
  world.until('it runs there', () => runners(world, at)[0] === 'b1', 10_000)
  assert.equal((await ok(admin, 'node', 'meta', 'b1')).stdout, 'rack=a=b\nsite=north\n')
  assert.match((await ok(admin, 'node', 'meta', 'b1', 'site=north')).stdout, /already\n/)
  await ok(admin, 'node', 'meta', 'b1', '--unset', 'site')
  world.run(10_000)
  assert.equal((await ok(admin, 'node', 'meta', 'b1')).stdout, 'rack=a=b\n')
  assert.deepEqual(runners(world, at), ['b1'])
  await ok(admin, 'job', 'stop', 'hello', '--detach')
  world.run(10_000)
  await ok(admin, 'job', 'run', file, '--detach')
  world.run(10_000)
  assert.deepEqual(runners(world, at), [])
})

test('of boards that suit as well, the one with more weight is taken', async () => {
  for (const [weight, better] of [
    ['60', 'b2'],
    ['-60', 'b0'],
  ] as const) {
    const { world, admin } = await stage(3)
    await ok(admin, 'node', 'weight', 'b1', '-5')
    await ok(admin, 'node', 'weight', 'b2', weight)
    world.run(2_000)
    assert.match((await ok(admin, 'node', 'status', 'b1')).stdout, /Weight +-5\n/)
    assert.equal((await run(admin)).exitCode, 0)
    world.until('it runs', () => runners(world, at).length === 1, 10_000)
    assert.deepEqual(runners(world, at), [better])
  }
})

test('what is no label and no weight is refused before anything is sent', async () => {
  const { admin, boards } = await stage(1)
  const refused: [string[], RegExp][] = [
    [['meta', 'b0', 'site'], /E_USAGE: 'site' is not NAME=VALUE/],
    [['meta', 'b0', 'site=a', '--unset', 'site'], /E_USAGE: 'site' is named twice/],
    [['weight', 'b0', '101'], /E_USAGE: .*-100 to 100/],
    [['weight', 'b0', 'much'], /E_USAGE: .*-100 to 100/],
  ]
  for (const [words, why] of refused) {
    const ran = await admin.run(['node', ...words])
    assert.equal(ran.exitCode, 1)
    assert.match(ran.stderr, why)
  }
  assert.match((await ok(admin, 'node', 'meta', 'b0', '--unset', 'site')).stdout, /^nothing was ever wished about node b0\n/)
  const data = JSON.parse((await ok(admin, 'node', 'meta', 'b0', '--unset', 'site', '-o', 'json')).stdout) as { receipt: unknown }
  assert.equal(data.receipt, null)
  assert.equal(
    [...boards[0]!.core!.state!.docs.keys()].some((id) => id.startsWith('ops/')),
    false,
  )
})
