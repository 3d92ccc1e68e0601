// A fleet that the real `fleet init` made, and the peer in memory that its commands talk to.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { JoinFile } from '../../cli/fleet-files.ts'
import type { ApiClient } from '../../cli/io.ts'
import { type FakeMesh, fakeMesh } from './cli-fake-mesh.ts'
import { type CliRun, type TestCli, testCli } from './cli-io.ts'
import { type JobFileLike, jobText } from './cli-job.ts'

/** For `--peer`: the fake answers whatever the address. */
export const fakePeer = ['--peer', '/ip4/192.0.2.1/tcp/1'] as const

export interface CliFleet {
  readonly cli: TestCli
  readonly mesh: FakeMesh
  readonly joinFile: string
}

/** Its context is `bay`, its founder `ada`. The caller closes `cli`. */
export async function cliFleet(): Promise<CliFleet> {
  let fleet = ''
  const mesh = fakeMesh(() => fleet)
  const cli = await testCli((): Promise<ApiClient> => mesh.connect())
  const joinFile = join(cli.dir, 'bay.join.json')
  const made = await cli.run(['fleet', 'init', 'bay', '--out', joinFile, '--operator', 'ada'])
  assert.equal(made.exitCode, 0, made.stderr)
  const founded = JSON.parse(await readFile(joinFile, 'utf8')) as JoinFile
  fleet = founded.fleet
  assert.equal(mesh.put(founded.envelopes).kind, 'receipt')
  return { cli, mesh, joinFile }
}

/** `job run` of this job, from a file. */
export async function runJobFile(cli: TestCli, job: JobFileLike, ...options: readonly string[]): Promise<CliRun> {
  const file = join(cli.dir, 'job.yaml')
  await writeFile(file, jobText(job))
  return await cli.run(['job', 'run', file, ...fakePeer, ...options])
}
