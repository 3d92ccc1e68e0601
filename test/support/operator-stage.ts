// A pool, its admin's command line and that of key 2, for tests about who may do what.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { jobId } from '../../crdt/ids.ts'
import type { Board, World } from '../../simulator/world.ts'
import type { CliRun, TestCli } from './cli-io.ts'
import { type JobFileLike, jobText } from './cli-job.ts'
import { cliOnWorld } from './cli-on-world.ts'
import { testSigner } from './crypto.ts'
import { bootPool } from './pool.ts'

const open: TestCli[] = []

export async function closeStages(): Promise<void> {
  for (const cli of open.splice(0)) await cli.close()
}

export const other = testSigner(2).id
export const hello = jobId('default', 'hello')

export interface Stage {
  readonly world: World
  readonly boards: Board[]
  /** Of the admin and of key 2, each at a board that the test may change. */
  readonly admin: TestCli
  readonly two: TestCli
  readonly at: { admin: Board; two: Board }
}

export async function stage(boardCount: number): Promise<Stage> {
  const { world, boards, first } = bootPool(boardCount)
  const at = { admin: first, two: boards.at(-1)! }
  const admin = await cliOnWorld(world, () => at.admin)
  const two = await cliOnWorld(world, () => at.two, 2)
  open.push(admin, two)
  return { world, boards, admin, two, at }
}

export async function ok(cli: TestCli, ...argv: string[]): Promise<CliRun> {
  const done = await cli.run(argv)
  assert.equal(done.exitCode, 0, `${argv.join(' ')}: ${done.stderr}`)
  return done
}

export async function run(cli: TestCli, job: JobFileLike = {}): Promise<CliRun> {
  const file = join(cli.dir, 'job.yaml')
  await writeFile(file, jobText(job))
  return await cli.run(['job', 'run', file, '--detach'])
}
