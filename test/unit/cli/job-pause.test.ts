// `job pause` and `job resume`: what they write, what a new version leaves of it, and how it is told.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'

import { type FakeMesh } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { type JobFileLike, jobText } from '../../support/cli-job.ts'

let mesh: FakeMesh
let cli: TestCli

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
  assert.equal((await runJob({})).exitCode, 0)
})

afterEach(async () => await cli.close())

async function runJob(job: JobFileLike, ...options: string[]): Promise<CliRun> {
  const file = join(cli.dir, 'job.yaml')
  await writeFile(file, jobText(job))
  return await cli.run(['job', 'run', file, ...fakePeer, ...options])
}

const order = async (what: 'pause' | 'resume', ...options: string[]): Promise<CliRun> =>
  await cli.run(['job', what, 'hello', ...fakePeer, ...options])
const paused = (): unknown => mesh.job('default/hello').registers.get('x/paused') ?? null

it('pauses until it is resumed, whatever is run meanwhile', async () => {
  const ran = await order('pause')
  assert.deepEqual([ran.exitCode, ran.stderr], [0, ''])
  assert.match(ran.stdout, /^the roll-outs of job hello are paused\nreceipt /)
  assert.match((await order('pause')).stdout, /^the roll-outs of job hello are paused already\n/)
  assert.equal((await runJob({ args: ['b'] }, '--detach')).exitCode, 0)
  assert.equal(paused(), true)
  const shown = await cli.run(['job', 'status', 'hello', ...fakePeer])
  assert.match(shown.stdout, /State +paused\n.*Roll-outs +paused: shoal job resume hello\n/s)
  const resumed = await order('resume')
  assert.match(resumed.stdout, /^the roll-outs of job hello go on\nreceipt [^]*job hello: 1 of 1 copies healthy\n$/)
  assert.equal(paused(), null)
  assert.match((await order('resume', '--detach')).stdout, /^the roll-outs of job hello are not paused\nreceipt [^\n]*\n$/)
})

it('answers as data, waits for confirmation, and knows no job that is not there', async () => {
  const ran = await order('pause', '--output', 'json')
  assert.deepEqual(Object.keys(JSON.parse(ran.stdout) as object), ['job', 'paused', 'exitCode', 'receipt', 'detail'])
  assert.equal((await order('resume', '--confirm', '2')).exitCode, 3)
  assert.match((await cli.run(['job', 'pause', 'helo', ...fakePeer])).stderr, /^error E_JOB_UNKNOWN: /)
})
