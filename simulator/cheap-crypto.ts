// Cryptography that costs nothing and protects nothing, for thousands of simulated nodes: a mixing hash instead of SHA-256, and
// a "signature" that anybody could make. No decision of a node depends on which of the two it runs with.

import type { Crypto, Signer } from '../crdt/crypto.ts'
import { type NodeId, peerIdOfKey } from '../crdt/ids.ts'

export const cheapCrypto: Crypto = {
  sha256: (bytes) => expand(mix(bytes, 0x811c9dc5), mix(bytes, 0x9e3779b9), 32),
  verify: (publicKey, message, signature) => {
    const wanted = fakeSignature(publicKey, message)
    return signature.length === wanted.length && signature.every((byte, i) => byte === wanted[i])
  },
}

export function cheapIdentity(index: number): { readonly node: NodeId; readonly signer: Signer } {
  const publicKey = expand(Math.imul(index + 1, 0x9e3779b1), index, 32)
  return { node: peerIdOfKey(publicKey) as NodeId, signer: cheapSigner(publicKey) }
}

/** "Signs" as the holder of any public key, also a real board's. */
export function cheapSigner(publicKey: Uint8Array): Signer {
  return { publicKey, sign: (message) => fakeSignature(publicKey, message) }
}

function fakeSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  return expand(mix(message, mix(publicKey, 7)), mix(message, mix(publicKey, 11)), 64)
}

function mix(bytes: Uint8Array, seed: number): number {
  let x = seed
  for (let i = 0; i < bytes.length; i++) x = Math.imul(x ^ bytes[i]!, 0x01000193)
  return finish(x)
}

function finish(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

function expand(a: number, b: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i += 4) {
    const word = finish((a + Math.imul(b, i + 1) + Math.imul(i, 0x9e3779b9)) >>> 0)
    bytes[i] = word >>> 24
    bytes[i + 1] = word >>> 16
    bytes[i + 2] = word >>> 8
    bytes[i + 3] = word
  }
  return bytes
}
