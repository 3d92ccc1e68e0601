import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type KeptHandles, createKeptHandles } from '../../../crdt/kept-handles.ts'
import type { OwnedHandle } from '../../../crdt/replica-handle.ts'
import { emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto } from '../../support/crypto.ts'
import { jobDoc, testPool } from '../../support/envelopes.ts'

const doc = emptyDoc(testCrypto(), jobDoc, testPool)

/** Keeps a handle of its own for bytes of this length; the bytes, and whether the handle has been freed. */
function keepOne(kept: KeptHandles, length = 1): { saved: Uint8Array; handle: OwnedHandle; isFree: () => boolean } {
  let freed = 0
  const saved = new Uint8Array(length)
  const handle = { free: () => void freed++ } as unknown as OwnedHandle
  kept.keep(saved, handle)
  return {
    saved,
    handle,
    isFree: () => {
      assert.ok(freed <= 1, 'freed once at most')
      return freed === 1
    },
  }
}

test('a kept handle is given out once, and then the document is opened', () => {
  const kept = createKeptHandles({ countMax: 4, bytesMax: 1_000 })
  const handle = kept.take(doc)
  kept.keep(doc.saved, handle)
  assert.equal(kept.take(doc), handle)
  const other = kept.take(doc)
  assert.notEqual(other, handle)
  assert.deepEqual(other.heads(), doc.heads)
  handle.free()
  other.free()
})

test('equal bytes are not the same bytes: nobody gets a handle of another document', () => {
  const kept = createKeptHandles({ countMax: 4, bytesMax: 1_000 })
  const handle = kept.take(doc)
  kept.keep(doc.saved, handle)
  const copy = kept.take({ ...doc, saved: doc.saved.slice() })
  assert.notEqual(copy, handle)
  copy.free()
  kept.clear()
})

test('beyond the count the longest unused is freed', () => {
  const kept = createKeptHandles({ countMax: 2, bytesMax: 1_000 })
  const [a, b] = [keepOne(kept), keepOne(kept)]
  kept.keep(a.saved, kept.take({ saved: a.saved, heads: [] }))
  const c = keepOne(kept)
  assert.deepEqual([a.isFree(), b.isFree(), c.isFree()], [false, true, false])
})

test('beyond the bytes as well, down to none for a document that is too large by itself', () => {
  const kept = createKeptHandles({ countMax: 10, bytesMax: 100 })
  const [a, b, c] = [keepOne(kept, 40), keepOne(kept, 40), keepOne(kept, 40)]
  assert.deepEqual([a.isFree(), b.isFree(), c.isFree()], [true, false, false])
  const large = keepOne(kept, 101)
  assert.deepEqual([b.isFree(), c.isFree(), large.isFree()], [true, true, true])
  const d = keepOne(kept, 100)
  assert.equal(d.isFree(), false)
})

test('what is kept a second time for the same bytes replaces the first', () => {
  const kept = createKeptHandles({ countMax: 2, bytesMax: 100 })
  const a = keepOne(kept)
  const handle = { free: () => assert.fail('still kept') } as unknown as OwnedHandle
  kept.keep(a.saved, handle)
  assert.equal(a.isFree(), true)
  assert.equal(kept.take({ saved: a.saved, heads: [] }), handle)
})

test('cleared: every handle is freed, and what is taken is gone from it', () => {
  const kept = createKeptHandles({ countMax: 4, bytesMax: 100 })
  const [a, b] = [keepOne(kept), keepOne(kept)]
  kept.take({ saved: a.saved, heads: [] })
  kept.clear()
  assert.deepEqual([a.isFree(), b.isFree()], [false, true])
})
