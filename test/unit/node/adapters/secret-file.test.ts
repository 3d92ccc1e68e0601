// A file of secrets is replaced as a whole, and nobody else may read it, whatever an earlier try has left.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { replaceSecretFile } from '../../../../node/adapters/secret-file.ts'

test('the new content in the place of the old, for its owner alone; what a power cut left beside it is used up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-secret-'))
  try {
    const file = join(folder, 'psk')
    await writeFile(file, 'old', { mode: 0o644 })
    await writeFile(`${file}.new`, 'half of something that is longer', { mode: 0o644 })
    await replaceSecretFile(file, 'new')
    assert.equal(await readFile(file, 'utf8'), 'new')
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(folder), ['psk'])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
