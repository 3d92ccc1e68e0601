// A fleet that the real `fleet init` made, and the peer in memory that its commands talk to.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { JoinFile } from '../../cli/fleet/fleet-files.ts'
import type { ApiClient } from '../../cli/io.ts'
import { type OperatorId, fleetDocId } from '../../crdt/ids.ts'
import { fleetRights } from '../../crdt/rights/fleet-rights.ts'
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

export interface KeyedFleet extends CliFleet {
  readonly keys: ReadonlyMap<string, OperatorId>
  /** A command of that key; words that name keys become their ids. */
  readonly as: (who: string, ...words: string[]) => Promise<CliRun>
  /** What it prints; it ends with 0. */
  readonly ok: (who: string, ...words: string[]) => Promise<string>
  readonly role: (name: string) => string | undefined
}

/** A fleet of `bay`, whose founder's context has that name, and contexts of keys that somebody may make admins. */
export async function fleetWithKeys(names: readonly string[]): Promise<KeyedFleet> {
  const made = await cliFleet()
  const { cli, mesh } = made
  const keys = new Map<string, OperatorId>()
  for (const name of names) {
    const added = await cli.run(['context', 'add', made.joinFile, '--name', name, '--output', 'json'])
    keys.set(name, (JSON.parse(added.stdout) as { key: OperatorId }).key)
  }
  const as = (who: string, ...words: string[]): Promise<CliRun> =>
    cli.run([...words.map((word) => keys.get(word) ?? word), '--context', who, ...fakePeer])
  const ok = async (who: string, ...words: string[]): Promise<string> => {
    const done = await as(who, ...words)
    assert.equal(done.exitCode, 0, `${who} ${words.join(' ')}: ${done.stderr}${done.stdout}`)
    return done.stdout
  }
  const role = (name: string): string | undefined => fleetRights(mesh.docs.get(fleetDocId)!).now.get(keys.get(name)!)?.role
  return { ...made, keys, as, ok, role }
}
