// `shoal agent --dev`: a fleet for trying things out, made once; what is printed leads to the next command, not to more boards.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { devArguments } from '../../../../cli/fleet/dev-fleet.ts'
import type { Io } from '../../../../cli/io.ts'
import { testNow, testOut } from '../../../support/cli-io.ts'
import { testCrypto } from '../../../support/crypto.ts'

test('the throw-away fleet is made on first use, and only when nothing else is named', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-dev-'))
  t.after(async () => await rm(dir, { recursive: true }))
  const stdout = testOut()
  const random = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(7)
  const io = { env: { SHOAL_CONFIG_DIR: dir }, stdout, crypto: testCrypto(), random, now: () => testNow } as unknown as Io
  const joinFile = join(dir, 'dev/dev.join.json')
  const data = join(dir, 'dev/data')
  assert.deepEqual(await devArguments(io, ['--dev', '--join', 'x']), ['--dev', '--join', 'x'])
  assert.equal(stdout.text(), '')
  const here = '/ip4/127.0.0.1/tcp/7420'
  assert.deepEqual(await devArguments(io, ['--dev']), ['--dev', '--join', joinFile, '--data-dir', data, '--listen', here])
  assert.match(stdout.text(), /^fleet dev is made, for trying things out; your key is .*dev\.key\nin another terminal +shoal status\n/)
  assert.doesNotMatch(stdout.text(), /agent --join/)
  const said = stdout.text()
  const elsewhere = ['--dev', '--listen', '/ip4/127.0.0.1/tcp/1']
  assert.deepEqual(await devArguments(io, elsewhere), [...elsewhere, '--join', joinFile, '--data-dir', data])
  assert.equal(stdout.text(), said, 'made once')
})
