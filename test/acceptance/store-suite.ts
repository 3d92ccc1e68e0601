// What every Store must do, whatever it is made of: LevelDB and the simulator's run the same cases. `open` opens the store of one
// test (again, if it was closed), `damage` flips bits inside the stored record of a key.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Store } from '../../node/core/ports.ts'

export interface StoreUnderTest {
  open(): Promise<Store>
  /** Called while the store is closed. */
  damage(key: string): Promise<void>
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | undefined): string | undefined => (value === undefined ? undefined : new TextDecoder().decode(value))

async function scanned(store: Store, prefix: string): Promise<string[]> {
  const found: string[] = []
  for await (const [key, value] of store.scan(prefix)) found.push(`${key}=${text(value)}`)
  return found
}

async function put(store: Store, entries: Record<string, string>, sync = false): Promise<void> {
  const result = await store.write(
    Object.entries(entries).map(([key, value]) => ({ key, value: bytes(value) })),
    sync,
  )
  assert.deepEqual(result, { ok: true, value: undefined })
}

export function storeSuite(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`store: ${name}`, () => {
    it('reads back what was written, and nothing for an unknown key', async () => {
      const store = await (await make()).open()
      await put(store, { 'env/1': 'one', empty: '' })
      assert.equal(text(await store.read('env/1')), 'one')
      assert.equal(text(await store.read('empty')), '')
      assert.equal(await store.read('env/2'), undefined)
      assert.deepEqual((await store.readMany(['env/2', 'env/1', 'env/2'])).map(text), [undefined, 'one', undefined])
      assert.deepEqual(store.repairs, [])
      await store.close()
    })

    it('applies the writes of one call together, the later of two for one key last', async () => {
      const store = await (await make()).open()
      await put(store, { a: 'old', b: 'old' })
      await store.write(
        [
          { key: 'a', value: null },
          { key: 'b', value: bytes('1') },
          { key: 'b', value: bytes('2') },
          { key: 'c', value: bytes('3') },
        ],
        true,
      )
      assert.deepEqual(await scanned(store, ''), ['b=2', 'c=3'])
      await store.close()
    })

    it('scans exactly the keys with the prefix, in order', async () => {
      const store = await (await make()).open()
      await put(store, { 'doc/job/b': '2', 'doc/job/a': '1', 'doc/zz': '3', 'dod/x': 'no', do: 'no' })
      assert.deepEqual(await scanned(store, 'doc/'), ['doc/job/a=1', 'doc/job/b=2', 'doc/zz=3'])
      assert.deepEqual(await scanned(store, 'none/'), [])
      await store.close()
    })

    it('keeps what was written when it is opened again', async () => {
      const under = await make()
      const first = await under.open()
      await put(first, { a: '1' }, true)
      await first.close()
      const second = await under.open()
      assert.deepEqual(await scanned(second, ''), ['a=1'])
      assert.deepEqual(second.repairs, [])
      await second.close()
    })

    it('carries many concurrent reads and writes', async () => {
      const store = await (await make()).open()
      await Promise.all(Array.from({ length: 200 }, (_, n) => put(store, { [`k${n}`]: String(n) }, n % 50 === 0)))
      const values = await Promise.all(Array.from({ length: 200 }, (_, n) => store.read(`k${n}`)))
      assert.deepEqual(
        values.map(text),
        Array.from({ length: 200 }, (_, n) => String(n)),
      )
      await store.close()
    })

    it('refuses after it was closed instead of throwing', async () => {
      const store = await (await make()).open()
      await store.close()
      const result = await store.write([{ key: 'a', value: null }], false)
      assert.ok(!result.ok && result.code === 'E_STORE_BROKEN')
      assert.equal(await store.read('a'), undefined)
    })

    for (const how of ['scan', 'read'] as const) {
      it(`skips a damaged record, says so and forgets it (${how})`, async () => {
        const under = await make()
        const first = await under.open()
        await put(first, { a: 'first', b: 'the damaged one', c: 'third' }, true)
        await first.close()
        await under.damage('b')
        const second = await under.open()
        if (how === 'read') assert.equal(await second.read('b'), undefined)
        assert.deepEqual(await scanned(second, ''), ['a=first', 'c=third'])
        assert.equal(second.repairs.length, 1, second.repairs.join('\n'))
        assert.match(second.repairs[0]!, /'b'/)
        await second.close()
        const third = await under.open()
        assert.deepEqual(await scanned(third, ''), ['a=first', 'c=third'])
        assert.deepEqual(third.repairs, [])
        await third.close()
      })
    }
  })
}
