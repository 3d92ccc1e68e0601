// `audit`: every signed change once, by whom, with what it changed; what does not count or does not hold is told.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'

import type { AuditRow } from '../../../../cli/documents/audit.ts'
import { fromBase64, toBase64 } from '../../../../crdt/base64.ts'
import { type CliRun, testNow } from '../../../support/cli-io.ts'
import { type CliFleet, cliFleet, fakePeer } from '../../../support/cli-fleet.ts'
import { jobText } from '../../../support/cli-job.ts'

let fleet: CliFleet
let guest = ''
let now = 0

beforeEach(async () => {
  now = testNow
  fleet = await cliFleet()
  const added = await fleet.cli.run(['context', 'add', fleet.joinFile, '--name', 'guest', '--output', 'json'])
  guest = (JSON.parse(added.stdout) as { key: string }).key
  await run('fleet', 'operator', 'add', guest, '--role', 'operator', '--name', 'guest')
  await submit(2, 'bay')
  await submit(3, 'guest')
})

afterEach(async () => await fleet.cli.close())

async function run(...argv: string[]): Promise<CliRun> {
  const context = argv.includes('--context') ? [] : ['--context', 'bay']
  return await fleet.cli.run([...argv, ...context, ...fakePeer], { now })
}

async function submit(count: number, context: string): Promise<void> {
  const file = join(fleet.cli.dir, 'job.yaml')
  await writeFile(file, jobText({ count }))
  const { exitCode, stderr } = await run('job', 'run', file, '--detach', '--context', context)
  assert.equal(exitCode, 0, stderr)
}

async function audited(...argv: string[]): Promise<readonly AuditRow[]> {
  const { exitCode, stdout, stderr } = await run('audit', ...argv, '-o', 'json')
  assert.equal(exitCode, 0, stderr)
  return (JSON.parse(stdout) as { readonly changes: readonly AuditRow[] }).changes
}

test('each change is told once, with who signed it and what stood there before', async () => {
  const rows = await audited('--doc', 'job/')
  assert.deepEqual(rows.map(({ author, doc, pool, counts }) => [author === guest, doc, pool, counts]).sort(), [
    [false, 'job/default/hello', 'default', true],
    [true, 'job/default/hello', 'default', true],
  ])
  assert.deepEqual(rows.find(({ author }) => author === guest)!.changes, [
    { path: 'spec/groups/main/count', before: 2, after: 3 },
    { path: 'state/by', before: 'ada', after: 'guest' },
  ])
  const all = await audited()
  assert.equal(new Set(all.map(({ hash }) => hash)).size, all.length)
  assert.ok(all.some(({ doc, pool, changes }) => doc === 'fleet' && pool === null && changes.some(({ path }) => path.includes(guest))))
})

test('of one operator, by name or by the beginning of the key; nobody of that name is a wrong word', async () => {
  for (const by of ['guest', guest, guest.slice(8, 16)])
    assert.deepEqual(
      (await audited('--by', by)).map(({ author }) => author),
      [guest],
    )
  assert.ok((await audited('--by', 'ada')).every(({ author }) => author !== guest))
  const { exitCode, stderr } = await run('audit', '--by', 'nobody')
  assert.deepEqual([exitCode, stderr.includes("called 'nobody'")], [1, true])
})

test('changes of a revoked key are listed, and that they do not count', async () => {
  await run('fleet', 'operator', 'revoke', guest, '--void')
  const rows = await audited('--by', guest)
  assert.deepEqual(
    rows.map(({ counts }) => counts),
    [false],
  )
  assert.match(
    (await run('audit', '--by', guest)).stdout,
    /guest \(.*without effect: the key is revoked\n {4}spec\/groups\/main\/count: 2 -> 3\n/,
  )
})

test('older changes are left out by their authors’ clocks', async () => {
  now += 3_600_000
  await submit(4, 'bay')
  assert.equal((await audited('--doc', 'job/', '--since', '30m')).length, 1)
  assert.equal((await audited('--doc', 'job/', '--since', '2h')).length, 3)
})

test('a document that the peer falsified is named, the others are told all the same, and the exit code says so', async () => {
  const sent = fleet.mesh.requests.flatMap((request) => (request.method === 'doc.put' ? [request.envelopes] : []))
  const envelopes = sent.at(-1)!.map(falsified)
  fleet.mesh.answer = (request) =>
    request.method === 'doc.get' && request.doc.startsWith('job/')
      ? [{ kind: 'doc', doc: request.doc, pool: 'default', epoch: 1, envelopes }]
      : undefined
  const told = await run('audit')
  assert.equal(told.exitCode, 1)
  assert.match(told.stderr, /error E_SIGNATURE: the peer sent a change of job\/default\/hello that does not hold/)
  assert.match(told.stdout, / {2}fleet {2}/)
  assert.doesNotMatch(told.stdout, /job\/default\/hello/)
})

/** With one bit of its signature turned. */
function falsified(text: string): string {
  const bytes = fromBase64(text)
  assert.ok(bytes.ok)
  bytes.value[bytes.value.length - 1]! ^= 1
  return toBase64(bytes.value)
}
