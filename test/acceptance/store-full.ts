// Fills the small file system given as argument through the store, makes room, and prints what the store said. Run by
// `store-level.test.ts` in a mount namespace of its own.

import { rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { openStore } from '../../node/adapters/store-level.ts'
import type { Store } from '../../node/core/ports.ts'

const root = process.argv[2]!
const path = join(root, 'store')
const ballast = join(root, 'ballast')

async function open(): Promise<Store> {
  const opened = await openStore(path)
  if (!opened.ok) throw new Error(opened.message)
  return opened.value
}

async function fillUp(store: Store): Promise<string> {
  for (let n = 0; n < 1_000; n++) {
    const result = await store.write([{ key: `filler/${n}`, value: randomBytes(20_000) }], n % 5 === 0)
    if (!result.ok) return result.code
  }
  return 'never full'
}

const store = await open()
// Room enough, once it is gone, for all that was written to be written twice: LevelDB writes its log anew when it opens.
writeFileSync(ballast, randomBytes(2_500_000))
const first = await store.write([{ key: 'first', value: new Uint8Array([1]) }], true)
const full = await fillUp(store)
// While it is full the store may be closed for good: reads then find nothing, and must not hang or throw.
await store.read('first')
rmSync(ballast)
const again = await store.write([{ key: 'again', value: new Uint8Array([2]) }], true)
const kept = (await store.read('first'))?.[0] === 1
await store.close()
const reopened = await open()
const afterRestart = (await reopened.read('again'))?.[0] === 2 && (await reopened.read('first'))?.[0] === 1
await reopened.close()
console.log(JSON.stringify({ full, kept, again: again.ok, first: first.ok, afterRestart }))
