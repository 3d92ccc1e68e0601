import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { readJoinFile } from '../../../node/join-file.ts'

const root = await mkdtemp(join(tmpdir(), 'shoal-join-'))
after(() => rm(root, { recursive: true }))
let made = 0

async function dataDir(): Promise<string> {
  const path = join(root, `data-${made++}`)
  await mkdir(path)
  return path
}

async function joinFile(name: string, change: object = {}): Promise<string> {
  const envelope = Buffer.from(`first envelope of ${name}`)
  const content = {
    fleet: createHash('sha256').update(envelope).digest('hex'),
    name,
    psk: 'ab'.repeat(32),
    envelopes: [envelope.toString('base64')],
    bootstrap: ['/ip4/192.0.2.1/tcp/1'],
    ...change,
  }
  const path = join(root, `${name}-${made++}.json`)
  await writeFile(path, JSON.stringify(content), { mode: 0o644 })
  return path
}

async function codeOf(path: string, folder: string): Promise<string> {
  const read = await readJoinFile(path, folder)
  return read.ok ? 'ok' : read.code
}

describe('join file', () => {
  it('is read, and a copy that only its owner may read makes it needless', async () => {
    const [path, folder] = [await joinFile('demo'), await dataDir()]
    const first = await readJoinFile(path, folder)
    assert.ok(first.ok)
    assert.equal(first.value.name, 'demo')
    assert.equal(first.value.psk.length, 32)
    assert.equal(Buffer.from(first.value.envelopes[0]!).toString(), 'first envelope of demo')
    assert.equal((await stat(join(folder, 'join.json'))).mode & 0o777, 0o600)
    await rm(path)
    assert.deepEqual(await readJoinFile(path, folder), first)
    assert.deepEqual(await readJoinFile(join(folder, 'join.json'), folder), first)
  })

  it('does not move a board to another fleet', async () => {
    const folder = await dataDir()
    assert.equal(await codeOf(await joinFile('one'), folder), 'ok')
    const kept = await readFile(join(folder, 'join.json'))
    assert.equal(await codeOf(await joinFile('two'), folder), 'E_OTHER_FLEET')
    assert.deepEqual(await readFile(join(folder, 'join.json')), kept)
  })

  it('takes a newer file of the same fleet', async () => {
    const folder = await dataDir()
    assert.equal(await codeOf(await joinFile('one'), folder), 'ok')
    const newer = await readJoinFile(await joinFile('one', { bootstrap: ['other:1'] }), folder)
    assert.deepEqual(newer.ok && newer.value.bootstrap, ['other:1'])
    const kept = await readJoinFile(join(folder, 'join.json'), folder)
    assert.deepEqual(kept.ok && kept.value.bootstrap, ['other:1'])
  })

  it('has tokens for some pools from format 2 on, and none before', async () => {
    const folder = await dataDir()
    const former = await readJoinFile(await joinFile('one'), folder)
    assert.deepEqual(former.ok && [...former.value.tokens], [])
    const newer = await readJoinFile(await joinFile('one', { format: 2, tokens: { shop: 'ab'.repeat(32) } }), folder)
    assert.deepEqual(newer.ok && [...newer.value.tokens], [['shop', new Uint8Array(32).fill(0xab)]])
  })

  it('says how to get one when there is none', async () => {
    const read = await readJoinFile(join(root, 'none.json'), await dataDir())
    assert.ok(!read.ok)
    assert.equal(read.code, 'E_JOIN_FILE')
    assert.match(read.message, /shoal fleet init/)
  })

  it('refuses damage of every kind', async () => {
    const changes = [
      { fleet: '00'.repeat(32) },
      { psk: 'short' },
      { envelopes: [] },
      { envelopes: ['!'] },
      { bootstrap: 'x' },
      { bootstrap: ['x'] },
      { name: 7 },
      { format: 3 },
      { format: 2, tokens: { 'No Pool': 'ab'.repeat(32) } },
      { format: 2, tokens: { shop: 'short' } },
      { format: 2, tokens: null },
    ]
    for (const change of changes) assert.equal(await codeOf(await joinFile('bad', change), await dataDir()), 'E_JOIN_FORMAT')
    const path = join(root, 'no.json')
    for (const text of ['', '{', 'null', '[]', '7']) {
      await writeFile(path, text)
      assert.equal(await codeOf(path, await dataDir()), 'E_JOIN_FORMAT')
    }
  })
})
