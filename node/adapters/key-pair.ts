// An ed25519 key pair and its two text forms. A key's PeerId is its identity everywhere, so the same pair serves envelopes
// and Noise. It must never log or return key bytes except as the `seed` that libp2p needs.

import { createPrivateKey, createPublicKey, randomBytes, sign } from 'node:crypto'
import type { Signer } from '../../crdt/crypto.ts'
import { type AuthorId, peerIdOfKey } from '../../crdt/ids.ts'

export interface KeyPair {
  readonly id: AuthorId
  readonly signer: Signer
  /** The 32 secret bytes (RFC 8032). */
  readonly seed: Uint8Array
}

// DER in front of the 32 raw bytes of an ed25519 key (RFC 8410).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
export const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')
export const keyBytes = 32

export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  if (seed.length !== keyBytes) throw new RangeError(`an ed25519 seed has ${keyBytes} bytes, not ${seed.length}`)
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length))
  return {
    id: peerIdOfKey(publicKey),
    signer: { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) },
    seed: Uint8Array.from(seed),
  }
}

export function generateKeyPair(): KeyPair {
  return keyPairFromSeed(randomBytes(keyBytes))
}

/** PKCS #8 PEM, as `openssl genpkey -algorithm ed25519` writes it. */
export function keyToPem(key: KeyPair): string {
  const der = Buffer.concat([privatePrefix, key.seed])
  return `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`
}

/** Reads a PEM or one line of 64 hex digits (the seed); null when it is neither, or not an ed25519 key. */
export function keyFromText(text: string): KeyPair | null {
  const trimmed = text.trim()
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return keyPairFromSeed(Buffer.from(trimmed, 'hex'))
  if (!trimmed.startsWith('-----BEGIN')) return null
  try {
    const key = createPrivateKey(trimmed)
    if (key.asymmetricKeyType !== 'ed25519') return null
    const der = key.export({ format: 'der', type: 'pkcs8' })
    return keyPairFromSeed(der.subarray(privatePrefix.length, privatePrefix.length + keyBytes))
  } catch {
    return null
  }
}
