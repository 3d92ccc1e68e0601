// `shoal doctor` as an operator types it, against simulated boards: words, JSON, exit codes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Diagnosis } from '../../../crdt/api-doctor.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { restingPool } from '../../support/doctor.ts'
import { testCli } from '../../support/cli-io.ts'

test('0 and good words, 1 for a warning, 2 for something critical; between whom, since when, and what to do', async () => {
  const { world, boards } = restingPool(4)
  const cli = await cliOnWorld(world, () => boards[0]!)
  try {
    const well = await cli.run(['doctor', '--matrix'])
    assert.equal(well.exitCode, 0)
    assert.match(well.stdout, /^nothing is wrong, as b0 and 3 other boards see it$/m)
    assert.match(well.stdout, /^b1 +b0 +yes +0s ago/m)
    world.cut(boards[0]!, boards[1]!, true)
    world.run(120_000)
    const warned = await cli.run(['doctor'])
    assert.equal(warned.exitCode, 1)
    assert.match(warned.stdout, /^warning one-way: nothing gets from b0 to b1, for \d+m?\d*s? ?.*\(since 20\d\d-/m)
    assert.match(warned.stdout, /^ {4}b0 heard \d+ probes of b1 while its own were not answered$/m)
    assert.match(warned.stdout, /^ {4}what to do: /m)
    world.heal()
    world.run(120_000)
    world.split(boards.slice(0, 2), boards.slice(2))
    world.run(60_000)
    const critical = await cli.run(['doctor', '--output', 'json'])
    assert.equal(critical.exitCode, 2)
    const { diagnosis } = JSON.parse(critical.stdout) as { readonly diagnosis: Diagnosis }
    assert.equal(diagnosis.findings[0]?.id, 'partition')
    assert.ok(diagnosis.reach.some(({ from, to, heard }) => from === 'b3' && to === 'b0' && heard === 'no'))
  } finally {
    await cli.close()
  }
})

test('3 where nobody answers', async () => {
  const cli = await testCli(async () => {
    throw new Error('nobody')
  })
  try {
    assert.equal((await cli.run(['doctor', '--peer', 'unix:/nowhere.sock'])).exitCode, 3)
    assert.equal((await cli.run(['doctor', '--wrong'])).exitCode, 3)
  } finally {
    await cli.close()
  }
})
