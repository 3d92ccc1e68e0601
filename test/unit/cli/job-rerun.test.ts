// When `job run` orders that complete copies run once more.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, it } from 'node:test'

import { type FakeMesh } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer, runJobFile } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import type { JobFileLike } from '../../support/cli-job.ts'

let mesh: FakeMesh
let cli: TestCli

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
})

afterEach(async () => await cli.close())

const runJob = async (job: JobFileLike, ...options: string[]): Promise<CliRun> => await runJobFile(cli, job, ...options)

const rerun = (): unknown => mesh.job('default/hello').registers.get('spec/rerun') ?? null

it('is when it is told to, when it is another program, and when the job had been removed', async () => {
  await runJob({ type: 'batch', count: 1 })
  await runJob({ type: 'batch', count: 2 })
  assert.equal(rerun(), null)
  const ordered = await runJob({ type: 'batch', count: 2 }, '--rerun')
  assert.match(ordered.stdout, /^job hello changes; what is complete runs once more\n/)
  assert.equal(rerun(), 1)
  assert.match((await runJob({ type: 'batch', count: 2 })).stdout, /^job hello is already as the file says\n/)
  await runJob({ type: 'batch', count: 2, args: ['a'] })
  assert.equal(rerun(), 2)
  assert.equal((await cli.run(['job', 'stop', 'hello', ...fakePeer, '--detach'])).exitCode, 0)
  await runJob({ type: 'batch', count: 2, args: ['a'] })
  assert.equal(rerun(), 2)
  assert.equal((await cli.run(['job', 'remove', 'hello', ...fakePeer, '--detach'])).exitCode, 0)
  await runJob({ type: 'batch', count: 2, args: ['a'] })
  assert.equal(rerun(), 3)
})

it('is counted on when the job had times in between, so that no copy of then counts', async () => {
  await runJob({ type: 'batch' })
  await runJob({ type: 'batch' }, '--rerun')
  await runJob({ type: 'batch', cron: '0 3 * * *', args: ['a'] })
  await runJob({ type: 'batch' })
  assert.equal(rerun(), 2)
})

it('is never of a service', async () => {
  await runJob({ type: 'batch' }, '--rerun')
  await runJob({ args: ['b'] }, '--rerun')
  assert.equal(rerun(), null)
})
