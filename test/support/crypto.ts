// Real cryptography for tests: Node's sha256 and ed25519, with key pairs that follow from a small number, so that a failing
// test fails the same way again. Key objects are cached: parsing a key costs as much as verifying a signature.

import { type KeyObject, createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'

import type { Crypto, Signer } from '../../crdt/crypto.ts'
import { type AuthorId, type NodeId, type OperatorId, hex, peerIdOfKey } from '../../crdt/ids.ts'

// DER frames around a raw ed25519 key (RFC 8410): private (PKCS 8) and public (SPKI).
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex')

const publicKeys = new Map<string, KeyObject | null>()

function publicKeyObject(raw: Uint8Array): KeyObject | null {
  const name = hex(raw)
  const known = publicKeys.get(name)
  if (known !== undefined) return known
  let key: KeyObject | null = null
  try {
    key = createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' })
  } catch {
    // not a key: nothing verifies under it
  }
  publicKeys.set(name, key)
  return key
}

const crypto: Crypto = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  verify: (publicKey, message, signature) => {
    const key = publicKeyObject(publicKey)
    return key !== null && verify(null, message, key, signature)
  },
}

export function testCrypto(): Crypto {
  return crypto
}

export interface TestSigner {
  /** The same PeerId under its three types. */
  readonly id: AuthorId
  readonly node: NodeId
  readonly operator: OperatorId
  readonly signer: Signer
}

/** As a key file may hold it, in hex. */
export function testSecret(seed: number): Buffer {
  return createHash('sha256').update(`shoal test key ${seed}`).digest()
}

const signers = new Map<number, TestSigner>()

export function testSigner(seed: number): TestSigner {
  const known = signers.get(seed)
  if (known !== undefined) return known
  const secret = testSecret(seed)
  const key = createPrivateKey({ key: Buffer.concat([privatePrefix, secret]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  const publicKey = new Uint8Array(spki.subarray(publicPrefix.length))
  const id = peerIdOfKey(publicKey)
  const made: TestSigner = {
    id,
    node: id as NodeId,
    operator: id as OperatorId,
    signer: { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) },
  }
  signers.set(seed, made)
  return made
}
