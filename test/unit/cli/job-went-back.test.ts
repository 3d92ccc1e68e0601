// A job that went back to an earlier version by itself, as the command line tells it.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'

import { type FakeMesh, coverage, jobDetail } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { jobText } from '../../support/cli-job.ts'

let mesh: FakeMesh
let cli: TestCli
let file: string

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
  file = join(cli.dir, 'job.yaml')
  await writeFile(file, jobText({ args: ['a'] }))
  assert.equal((await cli.run(['job', 'run', file, ...fakePeer])).exitCode, 0)
  mesh.answer = (request) => {
    if (request.method !== 'job.status') return undefined
    const job = { ...jobDetail(mesh.job('default/hello'), 'default/hello'), wentBackTo: '1.1.0a1b2c3d' }
    return [{ kind: 'job', coverage: coverage(), job, settled: true }]
  }
})

afterEach(async () => await cli.close())

it('job run ends with 2 and says why, however well the older version runs', async () => {
  await writeFile(file, jobText({ args: ['b'] }))
  const ran = await cli.run(['job', 'run', file, ...fakePeer])
  assert.equal(ran.exitCode, 2)
  assert.match(
    ran.stderr,
    /version 1\.1\.0a1b2c3d, since 1\.2\.[0-9a-f]{8} failed \(auto_revert\); to try it again: shoal job revert hello 1\.1\.0a1b2c3d, and then job run/,
  )
})

it('job status names the version in force, and job compact drops no history of such a job', async () => {
  assert.match((await cli.run(['job', 'status', 'hello', ...fakePeer])).stdout, /In force +version 1\.1\.0a1b2c3d, since 1\.1\./)
  const compacted = await cli.run(['job', 'compact', 'hello', ...fakePeer])
  assert.match(compacted.stderr, /^error E_WENT_BACK: the newest version of job hello failed, and 1\.1\.0a1b2c3d is in force/)
})
