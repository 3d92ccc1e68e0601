// Ids that are keys: a board's PeerId holds its public key.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyOfPeerId, peerIdOfKey } from '../../../crdt/ids.ts'
import { testSigner } from '../../support/crypto.ts'

test('a PeerId gives back the key that it is made of', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { id, signer } = testSigner(seed)
    assert.deepEqual(keyOfPeerId(id), signer.publicKey)
  }
  for (const byte of [0, 1, 255]) {
    const key = new Uint8Array(32).fill(byte)
    assert.deepEqual(keyOfPeerId(peerIdOfKey(key)), key)
  }
})

test('what only has the form of a PeerId, or not even that, holds no key', () => {
  const { id } = testSigner(1)
  for (const text of [`12D3KooW${'1'.repeat(44)}`, `12D3KooW${'z'.repeat(44)}`, `${id}1`, id.slice(0, -1), `${id.slice(0, -1)}0`, ''])
    assert.equal(keyOfPeerId(text), null, text)
})
