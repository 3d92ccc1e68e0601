import assert from 'node:assert/strict'
import { test } from 'node:test'

import { authoredHeads, holdsHeads } from '../../../crdt/authored.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { compactDoc } from '../../../crdt/epoch.ts'
import { nodeDocId } from '../../../crdt/ids.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { testAuthor, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()
const id = nodeDocId(testSigner(10).node)
const write = (doc: Doc, value: number, boot = 1): Doc => editDoc(crypto, doc, testAuthor(10, boot), new Map([['x/y', value]])).doc

test('a document holds the heads that it had and those before, not later ones', () => {
  const one = write(emptyDoc(crypto, id, testPool), 1)
  const two = write(one, 2)
  const rebooted = write(two, 3, 2)
  for (const doc of [one, two, rebooted]) assert.ok(holdsHeads(doc, authoredHeads(doc)))
  assert.ok(holdsHeads(rebooted, authoredHeads(two)) && holdsHeads(two, authoredHeads(one)))
  assert.ok(!holdsHeads(one, authoredHeads(two)))
  assert.ok(!holdsHeads(two, authoredHeads(rebooted)))
})

test('a later epoch holds all that came before it', () => {
  const one = write(emptyDoc(crypto, id, testPool), 1)
  const compacted = compactDoc(crypto, one, testAuthor(10), one.registers).doc
  assert.ok(holdsHeads(compacted, authoredHeads(one)))
  assert.ok(!holdsHeads(one, authoredHeads(compacted)))
})

test('what a disk that was set back writes is not held by those who have what it lost', () => {
  const one = write(emptyDoc(crypto, id, testPool), 1)
  const ahead = write(write(one, 2), 3)
  const setBack = write(one, 9, 2)
  assert.ok(!holdsHeads(ahead, authoredHeads(setBack)))
})

test('heads that mean nothing are not held', () => {
  const one = write(emptyDoc(crypto, id, testPool), 1)
  for (const text of [
    '',
    '/',
    '//',
    'x/y/z',
    `0//0`,
    `${one.epoch}/${'f'.repeat(32)}/1`,
    `9/${'f'.repeat(32)}/1`,
    '1/'.repeat(20),
    `NaN/${'f'.repeat(32)}/0`,
  ]) {
    assert.equal(holdsHeads(one, text), false, text)
  }
})
