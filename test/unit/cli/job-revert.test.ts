// `job revert`: which version is meant, what is written, and when nothing is.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, it } from 'node:test'

import { pastVersions } from '../../../crdt/documents/job-versions.ts'
import { jobView } from '../../../crdt/documents/job.ts'
import { type FakeMesh } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer, runJobFile } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import type { JobFileLike } from '../../support/cli-job.ts'
import { testCrypto } from '../../support/crypto.ts'

const crypto = testCrypto()

let mesh: FakeMesh
let cli: TestCli

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
})

afterEach(async () => await cli.close())

async function runJob(job: JobFileLike, ...options: string[]): Promise<CliRun> {
  const ran = await runJobFile(cli, job, ...options)
  assert.equal(ran.exitCode, 0, ran.stderr)
  return ran
}

const revert = async (...words: string[]): Promise<CliRun> => await cli.run(['job', 'revert', 'hello', ...words, ...fakePeer])
const register = (path: string): unknown => mesh.job('default/hello').registers.get(path) ?? null
const args = (): unknown => jobView(crypto, mesh.job('default/hello')).spec?.groups[0]?.tasks[0]?.config.args
const versions = (): string[] =>
  pastVersions(crypto, mesh.job('default/hello')).map(({ change, version }) => `${version.epoch}.${version.count}.${change.slice(0, 8)}`)

it('writes what an earlier version said as a newer one', async () => {
  await runJob({ args: ['a'], count: 1 })
  await runJob({ args: ['b'], count: 2 })
  await runJob({ args: ['c'], count: 3, priority: 70 })
  const [third, second, first] = versions()
  const ran = await revert('1.1')
  assert.equal(ran.exitCode, 0, ran.stderr)
  assert.ok(ran.stdout.startsWith(`job hello goes back to version ${first}\n~ groups.main.count: 3 → 1\n`), ran.stdout)
  assert.match(ran.stdout, /- priority: 70|~ priority: 70 → 50/)
  assert.match(ran.stdout, /job hello: 1 of 1 copies healthy\n$/)
  assert.deepEqual([args(), register('spec/priority'), versions().length], [['a'], null, 4])
  assert.equal((await revert(second!)).exitCode, 0)
  assert.deepEqual(args(), ['b'])
  // As `job status` names a version: by the hash of its heads.
  const ofThird = pastVersions(crypto, mesh.job('default/hello')).find(({ change }) => third!.endsWith(change.slice(0, 8)))!
  assert.equal((await revert(`1.3.${ofThird.version.hash.slice(0, 8)}`)).exitCode, 0)
  assert.deepEqual([args(), register('spec/priority')], [['c'], 70])
})

it('--last goes back to the newest version that says something else, and there again', async () => {
  await runJob({ args: ['a'] })
  await runJob({ args: ['b'] })
  assert.equal((await cli.run(['job', 'pause', 'hello', ...fakePeer])).exitCode, 0)
  assert.equal((await revert('--last', '--detach')).exitCode, 0)
  assert.deepEqual([args(), register('x/paused')], [['a'], true])
  assert.equal((await revert('--last', '--detach')).exitCode, 0)
  assert.deepEqual(args(), ['b'])
})

it('refuses with words what is not there, is the same, or is named badly, and writes nothing', async () => {
  await runJob({ args: ['a'] })
  const before = versions()
  const words = async (...given: string[]): Promise<string> => {
    const ran = await revert(...given)
    assert.equal(ran.exitCode, given.includes('--plan') ? 255 : 1)
    return ran.stderr
  }
  assert.match(await words('1.7'), /^error E_VERSION_UNKNOWN: job hello has no version 1\.7/)
  assert.match(await words('1.1.ffffffff'), /^error E_VERSION_UNKNOWN: /)
  assert.match(await words('seven'), /^error E_VERSION_UNKNOWN: 'seven' is not a version/)
  assert.match(await words('1.1'), /^error E_VERSION_SAME: job hello is as it was at 1\.1\.[0-9a-f]{8}; nothing was changed/)
  assert.match(await words('1.1', '--plan'), /^error E_VERSION_SAME/)
  assert.match(await words('--last'), /^error E_VERSION_UNKNOWN: nothing in the history of job hello says anything else/)
  assert.match(await words(), /^error E_USAGE: say either a version or --last/)
  assert.match(await words('1.1', '--last'), /^error E_USAGE/)
  assert.match((await cli.run(['job', 'revert', 'helo', '--last', ...fakePeer])).stderr, /^error E_JOB_UNKNOWN: /)
  assert.deepEqual(versions(), before)
})

it('says when a version was dropped with the history', async () => {
  await runJob({ args: ['a'] })
  await runJob({ args: ['b'] })
  const compacted = await cli.run(['job', 'compact', 'hello', ...fakePeer])
  assert.equal(compacted.exitCode, 0, compacted.stderr)
  await runJob({ args: ['c'] })
  for (const dropped of ['1.1', '1.2'])
    assert.match(
      (await revert(dropped)).stderr,
      /^error E_VERSION_UNKNOWN: version 1\.\d of job hello was dropped with the history before 2\.\d/,
    )
  assert.equal((await revert('--last')).exitCode, 0)
  assert.deepEqual(args(), ['b'])
})

it('--plan shows what it would change and sends nothing', async () => {
  await runJob({ args: ['a'] })
  await runJob({ args: ['b'] })
  const ran = await revert('1.1', '--plan')
  assert.deepEqual([ran.exitCode, ran.stderr.includes('error')], [1, false])
  assert.match(
    ran.stdout,
    /^job hello goes back to version 1\.1\.[0-9a-f]{8}\n~ groups\.main\.tasks\.app\.config\.args: \["b"\] → \["a"\]\n\nSLOT/,
  )
  assert.deepEqual(args(), ['b'])
})

it('of a job that was stopped it is an order to run; of work that ends, to run anew', async () => {
  await runJob({ type: 'batch', args: ['a'] })
  await runJob({ type: 'batch', args: ['b'] })
  assert.equal(register('spec/rerun'), 1)
  assert.equal((await cli.run(['job', 'stop', 'hello', '--detach', ...fakePeer])).exitCode, 0)
  const ran = await revert('1.1', '--detach')
  assert.match(ran.stdout, /^job hello was stopped, runs again and goes back to version 1\.1/)
  assert.deepEqual([args(), register('spec/rerun'), register('state/desired')], [['a'], 2, 'run'])
})

it('an order to run once more is no version to go back from', async () => {
  await runJob({ type: 'batch', args: ['a'] })
  await runJob({ type: 'batch', args: ['b'] })
  await runJob({ type: 'batch', args: ['b'] }, '--rerun')
  assert.match((await revert('1.2')).stderr, /^error E_VERSION_SAME/)
  assert.equal((await revert('--last', '--detach')).exitCode, 0)
  assert.deepEqual([args(), register('spec/rerun')], [['a'], 3])
})
