// `sync export` and `sync import` when something is wrong at the peer: what is left out or refused is told, and the exit code says so.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import type { Reply, Request } from '../../../crdt/api-types.ts'
import type { CliRun } from '../../support/cli-io.ts'
import { type CliFleet, cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import { jobText } from '../../support/cli-job.ts'

let fleet: CliFleet
let stick = ''

beforeEach(async () => {
  fleet = await cliFleet()
  stick = join(fleet.cli.dir, 'stick')
  for (const count of [1, 2, 3]) {
    await writeFile(join(fleet.cli.dir, 'job.yaml'), jobText({ count }))
    await run('job', 'run', join(fleet.cli.dir, 'job.yaml'), '--detach')
  }
})

afterEach(async () => await fleet.cli.close())

async function run(...argv: string[]): Promise<CliRun> {
  return await fleet.cli.run([...argv, ...fakePeer])
}

/** The peer answers so to these requests. */
function failing(isMeant: (request: Request) => boolean, code: string): void {
  const error: Reply = { kind: 'error', code, message: 'no' }
  fleet.mesh.answer = (request) => (isMeant(request) ? [error] : undefined)
}

test('a pool that nobody can be asked about is named, the rest is carried, and the exit code says that something is missing', async () => {
  failing(({ method }) => method === 'doc.list', 'E_POOL_UNREACHABLE')
  const told = await run('sync', 'export', stick)
  assert.equal(told.exitCode, 1)
  assert.match(told.stderr, /pool default did not answer: its jobs are not in the file/)
  assert.match(told.stdout, /1 change of 1 document,/)
})

test('any other fault makes no file', async () => {
  failing((request) => request.method === 'doc.get' && request.doc.startsWith('job/'), 'E_STORE_BROKEN')
  const told = await run('sync', 'export', stick)
  assert.equal(told.exitCode, 1)
  assert.match(told.stderr, /error E_STORE_BROKEN: no/)
  assert.equal(existsSync(stick), false)
})

test('of a document that is refused half-way, what was taken is counted; a document that cannot be had does not end the rest', async () => {
  assert.equal((await run('sync', 'export', stick)).exitCode, 0)
  const job = fleet.mesh.job('default/hello').id
  fleet.mesh.docs.delete(job)
  const { mesh } = fleet
  mesh.answer = (request) => {
    if (request.method !== 'doc.put') return undefined
    mesh.put(request.envelopes.slice(0, 2))
    return [{ kind: 'error', code: 'E_SIZE', message: 'full' }]
  }
  const half = await run('sync', 'import', stick)
  assert.equal(half.exitCode, 1)
  assert.match(half.stdout, /job\/default\/hello +default +2 +refused: E_SIZE: full/)
  failing((request) => request.method === 'doc.get' && request.doc === job, 'E_POOL_UNREACHABLE')
  const none = await run('sync', 'import', stick)
  assert.match(none.stdout, /fleet +- +0 +nothing new\n(.|\n)*hello +default +0 +refused: E_POOL_UNREACHABLE/)
})
