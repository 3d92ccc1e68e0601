import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'

import { ClassicLevel } from 'classic-level'

import { openStore } from '../../node/adapters/store-level.ts'
import type { Store } from '../../node/core/ports.ts'
import { storeSuite } from './store-suite.ts'

const root = await mkdtemp(join(tmpdir(), 'shoal-store-'))
after(() => rm(root, { recursive: true, force: true }))
let made = 0
const newPath = (): string => join(root, `store-${made++}`)

async function open(path: string): Promise<Store> {
  const opened = await openStore(path)
  assert.ok(opened.ok, JSON.stringify(opened))
  return opened.value
}

async function filled(path: string, count: number): Promise<void> {
  const store = await open(path)
  await store.write(
    Array.from({ length: count }, (_, n) => ({ key: `k${String(n).padStart(4, '0')}`, value: new Uint8Array(900).fill(n % 251) })),
    true,
  )
  await store.close()
}

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = []
  for await (const [key] of store.scan('')) keys.push(key)
  return keys
}

async function fileIn(path: string, pattern: RegExp): Promise<string> {
  const file = (await readdir(path)).find((name) => pattern.test(name))
  assert.ok(file !== undefined, `no ${pattern} in ${path}`)
  return join(path, file)
}

async function flip(file: string, from: number, to: number): Promise<void> {
  const bytes = await readFile(file)
  for (let at = from; at < Math.min(to, bytes.length); at++) bytes[at]! ^= 0xff
  await writeFile(file, bytes)
}

storeSuite('LevelDB', async () => {
  const path = newPath()
  return {
    open: () => open(path),
    damage: async (key) => {
      const level = new ClassicLevel<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
      const record = (await level.get(key))!.slice()
      record[record.length - 1]! ^= 1
      await level.put(key, record, { sync: true })
      await level.close()
    },
  }
})

describe('store on LevelDB, damaged', () => {
  it('refuses a second agent on the same folder with a clear message', async () => {
    const path = newPath()
    const store = await open(path)
    const second = await openStore(path)
    assert.ok(!second.ok)
    assert.equal(second.code, 'E_STORE_LOCKED')
    assert.match(second.message, /another agent uses .*data_dir/)
    await store.close()
  })

  it('refuses a path that is no folder', async () => {
    const path = newPath()
    await writeFile(path, 'a file')
    const opened = await openStore(path)
    assert.ok(!opened.ok)
    assert.equal(opened.code, 'E_STORE_BROKEN')
  })

  it('loses at most the end of a torn log', async () => {
    const path = newPath()
    await filled(path, 20)
    const store = await open(path)
    await store.write([{ key: 'last', value: new Uint8Array(5_000) }], true)
    await store.close()
    const log = await fileIn(path, /\.log$/)
    const bytes = await readFile(log)
    await writeFile(log, bytes.subarray(0, bytes.length - 100))
    const again = await open(path)
    assert.equal((await keysOf(again)).length, 20)
    await again.close()
  })

  it('says what it lost when the log is damaged in the middle', async () => {
    const path = newPath()
    await filled(path, 200)
    await flip(await fileIn(path, /\.log$/), 60_000, 60_010)
    const store = await open(path)
    assert.match(store.repairs.join('\n'), /log was damaged: \d+ bytes were dropped/)
    await store.close()
  })

  it('repairs a damaged manifest and keeps the records', async () => {
    const path = newPath()
    await filled(path, 50)
    await writeFile(await fileIn(path, /^MANIFEST/), 'garbage')
    const store = await open(path)
    assert.equal((await keysOf(store)).length, 50)
    assert.match(store.repairs.join('\n'), /was damaged.*\n.*repaired/)
    await store.close()
  })

  it('tells what it found broken at once, also long after it was opened', async () => {
    const path = newPath()
    await filled(path, 300)
    const level = new ClassicLevel(path)
    await level.compactRange('', '~')
    await level.close()
    const told: string[] = []
    const opened = await openStore(path, (words) => void told.push(words))
    assert.ok(opened.ok)
    assert.deepEqual(told, [])
    await flip(await fileIn(path, /\.ldb$/), 100, 400)
    assert.equal(await opened.value.read('k0000'), undefined)
    assert.match(told.join('\n'), /'k0000'/)
    assert.deepEqual(told, opened.value.repairs)
    await opened.value.close()
  })

  it('does not take a folder without CURRENT for a new one', async () => {
    const path = newPath()
    await filled(path, 50)
    await rm(join(path, 'CURRENT'))
    const store = await open(path)
    assert.equal((await keysOf(store)).length, 50)
    await store.close()
  })

  it('goes on behind a damaged block of a table, and reads and writes afterwards', async () => {
    const path = newPath()
    await filled(path, 300)
    const level = new ClassicLevel(path)
    await level.compactRange('', '~')
    await level.close()
    await flip(await fileIn(path, /\.ldb$/), 100, 400)
    const store = await open(path)
    assert.equal(await store.read('k0000'), undefined)
    const keys = await keysOf(store)
    assert.ok(keys.length > 200 && keys.length < 300, `${keys.length} keys`)
    assert.equal(new Set(keys).size, keys.length, 'no key twice')
    assert.ok(store.repairs.length > 0)
    assert.ok((await store.write([{ key: 'new', value: new Uint8Array(1) }], true)).ok)
    assert.deepEqual(await store.read('new'), new Uint8Array(1))
    await store.close()
  })
})

describe('store on LevelDB, full disk', () => {
  it('says E_STORE_FULL, still reads, and writes again once there is room', async () => {
    // A file system of 4 MiB in a mount namespace of its own, gone with the process; -r makes it possible without root.
    const mountPoint = newPath()
    const script = `mkdir -p ${mountPoint} && mount -t tmpfs -o size=4m none ${mountPoint} && exec ${process.execPath} --import tsx test/acceptance/store-full.ts ${mountPoint}`
    const unshare = process.getuid?.() === 0 ? ['-m'] : ['-r', '-m']
    const { stdout } = await promisify(execFile)('unshare', [...unshare, 'sh', '-c', script])
    assert.deepEqual(JSON.parse(stdout), { full: 'E_STORE_FULL', kept: true, again: true, first: true, afterRestart: true })
  })
})
