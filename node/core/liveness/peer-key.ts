// The raw ed25519 key inside a PeerId: the inverse of `peerIdOfKey`, so that a link state need not carry its author's key.

import { type NodeId, peerIdOfKey } from '../../../crdt/ids.ts'

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** null when the text has the form of a PeerId but holds no ed25519 key. */
export function keyOfPeerId(node: NodeId): Uint8Array | null {
  let value = 0n
  for (const letter of node) {
    const digit = alphabet.indexOf(letter)
    if (digit < 0) return null
    value = value * 58n + BigInt(digit)
  }
  const key = new Uint8Array(32)
  for (let i = 31; i >= 0; i--) {
    key[i] = Number(value & 0xffn)
    value >>= 8n
  }
  return peerIdOfKey(key) === node ? key : null
}
