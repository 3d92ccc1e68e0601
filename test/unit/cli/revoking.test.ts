// Revocations on the command line, by several admins one after the other: what is told is what is so.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'

import { fleetWithKeys } from '../../support/cli-fleet.ts'
import { type CliRun, type TestCli, testCli } from '../../support/cli-io.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

async function fleetOf(...names: string[]) {
  const fleet = await fleetWithKeys(names)
  open.push(fleet.cli)
  const as = (who: string, ...words: string[]): Promise<CliRun> => fleet.as(who, 'fleet', 'operator', ...words)
  const ok = (who: string, ...words: string[]): Promise<string> => fleet.ok(who, 'fleet', 'operator', ...words)
  return { as, ok, role: fleet.role }
}

const admin = ['--role', 'admin'] as const

test('who revokes a key that somebody revoked already says it, too: it stays revoked when that other one falls', async () => {
  const { ok, role } = await fleetOf('a', 'k')
  await ok('bay', 'add', 'a', ...admin)
  await ok('bay', 'add', 'k', ...admin)
  await ok('a', 'revoke', 'k')
  await ok('bay', 'revoke', 'k')
  await ok('bay', 'revoke', 'a', '--void')
  assert.deepEqual([role('a'), role('k')], [undefined, undefined])
})

test('a revocation that would have no effect is refused before anything is sent, though both were admins once', async () => {
  const { as, ok, role } = await fleetOf('a', 'o', 'k')
  await ok('bay', 'add', 'a', ...admin)
  await ok('a', 'add', 'o', ...admin)
  await ok('bay', 'revoke', 'a', '--void')
  await ok('bay', 'add', 'k', ...admin)
  await ok('bay', 'add', 'o', ...admin)
  for (const how of [[], ['--void']]) {
    const done = await as('o', 'revoke', 'k', ...how)
    assert.equal(done.exitCode, 1)
    assert.match(done.stderr, /error E_SENIORITY: /)
  }
  assert.equal(role('k'), 'admin')
})

test('a key that is found out to be stolen after its revocation: what was vouched for is not said to be void', async () => {
  const { ok } = await fleetOf('k', 'x')
  await ok('bay', 'add', 'k', ...admin)
  await ok('k', 'add', 'x', ...admin)
  assert.match(await ok('bay', 'revoke', 'k'), /is revoked; what it wrote in 0 documents still counts/)
  const told = await ok('bay', 'revoke', 'k', '--void')
  assert.match(told, /what admins vouched for before still counts/)
  assert.match(told, /which keep them; if it was stolen, revoke them, too/)
})

test('the recovery key is a file of its own', async () => {
  const cli = await testCli(() => Promise.reject(new Error('nobody is asked')))
  open.push(cli)
  for (const same of [join(cli.dir, 'keys', 'sea.key'), join(cli.dir, 'keys', '..', 'sea.join.json')]) {
    const made = await cli.run(['fleet', 'init', 'sea', '--out', join(cli.dir, 'sea.join.json'), '--recovery', same, '--recovery-kept'])
    assert.match(made.stderr, /error E_USAGE: two of the files that would be made are one/)
  }
  assert.equal((await cli.run(['fleet', 'init', 'sea', '--out', join(cli.dir, 'sea.join.json')])).exitCode, 0)
})
