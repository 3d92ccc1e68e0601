// The real `Crypto`, on node:crypto with cached KeyObjects: building one costs more than half a signature (facts/libp2p.md,
// section 4). A stranger's key or signature of any shape must never make it throw. The key pair and the key file live beside it.

import { type KeyObject, createHash, createPublicKey, verify } from 'node:crypto'
import type { Crypto } from '../../crdt/crypto.ts'
import { keyBytes, publicPrefix } from './key-pair.ts'

export { type KeyPair, generateKeyPair, keyPairFromSeed } from './key-pair.ts'
export { loadKey, loadOrCreateKey } from './key-file.ts'

const signatureBytes = 64

// About 0.5 kB each: covers every author of a large pool, and a flood of strange keys costs half a megabyte.
const cachedKeysMax = 1024

/** The node's and the operator's `Crypto`. Each call has its own cache of public keys, least recently used out first. */
export function createCrypto(): Crypto {
  const cache = new Map<string, KeyObject>()
  return {
    sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
    verify: (publicKey, message, signature) => {
      if (publicKey.length !== keyBytes || signature.length !== signatureBytes) return false
      const name = Buffer.from(publicKey).toString('latin1')
      const key = cache.get(name) ?? publicKeyObject(publicKey)
      cache.delete(name)
      cache.set(name, key)
      if (cache.size > cachedKeysMax) cache.delete(cache.keys().next().value as string)
      try {
        return verify(null, message, key, signature)
      } catch {
        return false // OpenSSL refuses some malformed points by throwing
      }
    },
  }
}

function publicKeyObject(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([publicPrefix, publicKey]), format: 'der', type: 'spki' })
}
