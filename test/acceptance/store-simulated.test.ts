// The store suite against the simulated disk, and what only it can show: power that fails between writes, and a disk that is full, read-only or
// broken for a while.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { ok, refuse } from '../../crdt/errors.ts'
import type { Store, StoreWrite } from '../../node/core/ports.ts'
import { Disk, diskRefusals } from '../../simulator/disk.ts'
import { storeSuite } from './store-suite.ts'

/** The disk behind the port; what it found broken is told from its opening on. */
function openStore(disk: Disk): Store {
  const before = disk.repairs.length
  let isClosed = false
  return {
    get repairs() {
      return disk.repairs.slice(before)
    },
    write: async (writes, sync) => {
      if (isClosed) return refuse('E_STORE_BROKEN', 'the store is closed')
      if (disk.write(writes, sync)) return ok(undefined)
      const { code, reason } = diskRefusals[disk.fault!]
      return refuse(code, reason)
    },
    read: async (key) => (isClosed ? undefined : disk.read(key)),
    readMany: async (keys) => keys.map((key) => (isClosed ? undefined : disk.read(key))),
    async *scan(prefix) {
      if (!isClosed) yield* disk.scan(prefix)
    },
    close: async () => void (isClosed = true),
  }
}

storeSuite('simulator', async () => {
  const disk = new Disk()
  return { open: async () => openStore(disk), damage: async (key) => disk.damage(key) }
})

const put = (key: string, value: number): StoreWrite => ({ key, value: new Uint8Array([value]) })

describe('store: simulator, power that fails', () => {
  it('keeps what was synced, and of the rest loses whole calls, newest first', () => {
    const disk = new Disk()
    disk.write([put('a', 1), put('b', 1)], true)
    disk.write([put('a', 2), { key: 'b', value: null }], false)
    disk.write([put('a', 3), put('c', 3), put('c', 4)], false)
    disk.losePower(1)
    assert.deepEqual(disk.scan(''), [['a', new Uint8Array([2])]])
    disk.losePower(5)
    assert.deepEqual(disk.scan(''), [['a', new Uint8Array([2])]], 'what stood after a power cut has been written')
    disk.write([put('a', 9)], false)
    disk.write([], true)
    disk.losePower(5)
    assert.deepEqual(disk.scan(''), [['a', new Uint8Array([9])]], 'a sync is for all that came before it')
  })
})

describe('store: simulator, full disk', () => {
  it('says E_STORE_FULL, still reads, and writes again once there is room', async () => {
    const disk = new Disk()
    const store = openStore(disk)
    assert.ok((await store.write([put('first', 1)], true)).ok)
    disk.fault = 'full'
    const full = await store.write([put('first', 2), put('filler', 2)], false)
    assert.equal(full.ok ? '' : full.code, 'E_STORE_FULL')
    assert.deepEqual([await store.read('first'), await store.read('filler')], [new Uint8Array([1]), undefined], 'all of the writes or none')
    disk.fault = null
    assert.ok((await store.write([put('again', 2)], true)).ok)
    await store.close()
    assert.deepEqual(await openStore(disk).readMany(['again', 'first']), [new Uint8Array([2]), new Uint8Array([1])])
  })
})

describe('store: simulator, a disk that fails for a while', () => {
  for (const [fault, code, readsBefore] of [
    ['read-only', 'E_STORE_FULL', true],
    ['io-error', 'E_STORE_BROKEN', false],
  ] as const) {
    it(`says ${code} when it is ${fault}, reads nothing after that, and loses nothing`, async () => {
      const disk = new Disk()
      const store = openStore(disk)
      assert.ok((await store.write([put('first', 1)], true)).ok)
      disk.fault = fault
      assert.equal(disk.opens, false)
      assert.equal((await store.read('first')) !== undefined, readsBefore)
      const refused = await store.write([put('first', 2)], true)
      assert.equal(refused.ok ? '' : refused.code, code)
      // As the real one, which closes its database when a write has failed and cannot open it again.
      assert.equal(await store.read('first'), undefined)
      disk.fault = null
      assert.deepEqual(await store.read('first'), new Uint8Array([1]))
      assert.ok((await store.write([put('first', 3)], true)).ok)
      assert.deepEqual(store.repairs, [])
    })
  }
})
