// What the command line tells of checks: from the copy's own board, from another one, and while that board cannot be asked.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { check, checkedGroup } from '../../support/checks.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool, home, place } from '../../support/pool.ts'
import { claimOf, slot } from '../../support/world.ts'

async function stage() {
  const { world, boards } = bootPool(3)
  const says = { ready: 'passes' as 'passes' | 'fails' }
  world.checks.of = (_board, request) => (request.check.name === 'ready' ? says.ready : 'passes')
  const job = place(world, { group: checkedGroup([check(), check({ name: 'port', type: 'tcp' })]) })
  world.run(6_000)
  const holder = home(world, slot(job))
  const other = boards.find((board) => board !== holder)!
  const { alloc } = claimOf(holder, slot(job), holder)!
  let peer = other
  const cli = await cliOnWorld(world, () => peer)
  const runOn = async (board: typeof peer, ...argv: string[]) => {
    peer = board
    return await cli.run(argv)
  }
  return { world, boards, cli, says, job, holder, other, alloc, runOn }
}

test('alloc status has the states and the last outputs of checks, whichever board is asked', async () => {
  const { world, cli, says, holder, other, alloc, runOn } = await stage()
  try {
    for (const board of [holder, other]) {
      const { stdout, exitCode } = await runOn(board, 'alloc', 'status', alloc)
      assert.equal(exitCode, 0)
      assert.match(stdout, /CHECK +TYPE +STATE +ASKED +LAST OUTPUT\n/)
      assert.match(stdout, /app\/port +tcp +passing +\ds ago +ok\n/)
      assert.match(stdout, /app\/ready +http +passing +\ds ago +ok\n/)
    }
    says.ready = 'fails'
    world.run(5_000)
    const { stdout } = await runOn(other, 'alloc', 'status', alloc)
    assert.match(stdout, /State +running, not healthy: check-failing: app\/ready\n/)
    assert.match(stdout, /app\/ready +http +failing +\ds ago +not well\n/)
    const data = JSON.parse((await runOn(other, 'alloc', 'status', alloc, '--output', 'json')).stdout) as { checks: { name: string }[] }
    assert.deepEqual(
      data.checks.map(({ name }) => name),
      ['app/port', 'app/ready'],
    )
  } finally {
    await cli.close()
  }
})

test('of a board that cannot be asked the documents tell which check failed, and alloc status says so', async () => {
  const { world, boards, cli, says, holder, other, alloc, runOn } = await stage()
  try {
    says.ready = 'fails'
    world.run(5_000)
    world.split(
      [holder],
      boards.filter((board) => board !== holder),
    )
    world.run(5_000)
    const { stdout, exitCode } = await runOn(other, 'alloc', 'status', alloc)
    assert.equal(exitCode, 0)
    assert.match(stdout, /State +running, not healthy \(node disconnected\): check-failing: app\/ready\n/)
    assert.match(stdout, /\nchecks: b\d, which holds its checks, does not answer\n/)
    assert.match((await runOn(other, 'job', 'status', 'web')).stdout, /running, not healthy .* check-failing: app\/ready/)
  } finally {
    await cli.close()
  }
})

test('job plan shows a changed check field by field', async () => {
  const { cli, other, runOn } = await stage()
  try {
    const file = join(cli.dir, 'job.json')
    const { stdout: text } = await runOn(other, 'job', 'inspect', 'web', '--output', 'json')
    await writeFile(file, text.replace('"interval": "2s"', '"interval": "5s"'))
    const { stdout, exitCode } = await runOn(other, 'job', 'plan', file)
    assert.equal(exitCode, 1, stdout)
    assert.match(stdout, /^~ groups\.g\.tasks\.app\.checks\.port\.interval: 2s → 5s$/m)
    assert.match(stdout, /web\/g\/0 +stays on/)
  } finally {
    await cli.close()
  }
})
