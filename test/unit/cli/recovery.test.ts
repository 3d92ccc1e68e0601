// The recovery key, from the command that makes it to the one for which it was made: the founder's key was stolen.

import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { rebuildFleet } from '../../../cli/documents/document.ts'
import type { JoinFile } from '../../../cli/fleet/fleet-files.ts'
import type { ApiClient } from '../../../cli/io.ts'
import { type AuthorId, type FleetId, fleetDocId } from '../../../crdt/ids.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { fakeMesh } from '../../support/cli-fake-mesh.ts'
import { testCli } from '../../support/cli-io.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'

const peer = ['--peer', '/ip4/192.0.2.1/tcp/1']

test('fleet init makes a recovery key that is before the founder’s; used where it is, it revokes that and adds another admin', async () => {
  let fleet = ''
  const mesh = fakeMesh(() => fleet)
  const cli = await testCli((): Promise<ApiClient> => mesh.connect())
  try {
    const [joinFile, stick] = [join(cli.dir, 'bay.join.json'), join(cli.dir, 'stick', 'bay.recovery.key')]
    const made = await cli.run(['fleet', 'init', 'bay', '--out', joinFile, '--recovery', stick, '--recovery-kept', '--output', 'json'])
    assert.equal(made.exitCode, 0, made.stderr)
    const { operator, recovery } = JSON.parse(made.stdout) as { operator: AuthorId; recovery: { id: AuthorId; keyFile: string } }
    assert.equal((await stat(stick)).mode & 0o777, 0o600)
    const file = JSON.parse(await readFile(joinFile, 'utf8')) as JoinFile
    fleet = file.fleet
    assert.deepEqual(
      [...rebuildFleet(testCrypto(), fleet as FleetId, file.envelopes).rights.seniority],
      [
        [recovery.id, 0],
        [operator, 1],
      ],
    )
    assert.equal(mesh.put(file.envelopes).kind, 'receipt')

    assert.match((await cli.run(['fleet', 'operator', 'revoke', recovery.id, '--void', ...peer])).stderr, /E_SENIORITY/)
    const added = await cli.run(['context', 'add', joinFile, '--name', 'rescue', '--key', stick, '--output', 'json'])
    assert.deepEqual(JSON.parse(added.stdout), { context: 'rescue', key: recovery.id, keyFile: stick }, added.stderr)
    const heir = testSigner(7).id
    for (const words of [
      ['revoke', operator, '--void'],
      ['add', heir, '--role', 'admin'],
    ]) {
      const done = await cli.run(['fleet', 'operator', ...words, ...peer])
      assert.equal(done.exitCode, 0, done.stderr)
    }
    const rights = fleetRights(mesh.docs.get(fleetDocId)!)
    assert.deepEqual([...rights.now.keys()].sort(), [heir, recovery.id].sort())
    assert.match((await cli.run(['fleet', 'operator', 'add', testSigner(8).id, '--context', 'bay', ...peer])).stderr, /E_ROLE.*is revoked/)
  } finally {
    await cli.close()
  }
})

test('a recovery key overwrites nothing, and a key that is brought along is neither made nor removed', async () => {
  const cli = await testCli(() => Promise.reject(new Error('nobody is asked')))
  try {
    const [joinFile, stick] = [join(cli.dir, 'bay.join.json'), join(cli.dir, 'bay.recovery.key')]
    await cli.run(['fleet', 'init', 'bay', '--out', joinFile, '--recovery', stick, '--recovery-kept'])
    const before = await readFile(stick, 'utf8')
    const again = await cli.run(['fleet', 'init', 'sea', '--out', join(cli.dir, 'sea.json'), '--recovery', stick, '--recovery-kept'])
    assert.match(again.stderr, /not overwriting: .*recovery\.key/)
    const taken = await cli.run(['context', 'add', joinFile, '--name', 'bay', '--key', stick])
    assert.match(taken.stderr, /E_EXISTS/)
    const missing = await cli.run(['context', 'add', joinFile, '--name', 'lost', '--key', join(cli.dir, 'nothing')])
    assert.equal(missing.exitCode, 1)
    assert.doesNotMatch((await cli.run(['context', 'list'])).stdout, /lost|sea/)
    assert.equal(await readFile(stick, 'utf8'), before)
  } finally {
    await cli.close()
  }
})

test('without a word that its file will be locked away there is no recovery key and no fleet', async () => {
  const cli = await testCli(() => Promise.reject(new Error('nobody is asked')))
  try {
    const stick = join(cli.dir, 'bay.recovery.key')
    const init = ['fleet', 'init', 'bay', '--out', join(cli.dir, 'bay.join.json'), '--recovery', stick]
    const alone = await cli.run(init)
    assert.equal(alone.exitCode, 1)
    assert.match(alone.stderr, /E_RECOVERY: .*no terminal to ask: no fleet was made\nhint: .*--recovery-kept/)
    const unsure = await cli.run(init, { isTty: true, stdin: 'y\n' })
    assert.match(unsure.stdout, /lock up\? Type yes: /)
    assert.match(unsure.stderr, /E_RECOVERY.*the recovery key has no safe place yet/)
    await assert.rejects(stat(stick))
    assert.equal((await cli.run(init, { isTty: true, stdin: 'yes\n' })).exitCode, 0)
    assert.equal((await stat(stick)).mode & 0o777, 0o600)
  } finally {
    await cli.close()
  }
})
