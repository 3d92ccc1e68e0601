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
