// XSalsa20 as a stream, for the two directions of a connection. Without a state outside of itself: the package that libp2p's pnet uses keeps a
// place for every connection that there ever was, in a memory that has room for five thousand, and then takes the process down.

import { xsalsa20 } from '@noble/ciphers/salsa.js'

const blockBytes = 64
/** Made at a time: most messages are shorter, and each call costs as much as this many bytes. */
const aheadBytes = 16 * blockBytes
const zeros = new Uint8Array(aheadBytes)

/** XORs what it is given with the key stream, from where it stopped before. Throws after 256 GiB, which is as far as the library counts. */
export function xsalsa20Stream(nonce: Uint8Array, key: Uint8Array): (bytes: Uint8Array) => Uint8Array {
  let stream = new Uint8Array(0)
  let used = 0
  let block = 0
  const next = (): number => {
    if (used === stream.length) {
      stream = xsalsa20(key, nonce, zeros, undefined, block)
      block += aheadBytes / blockBytes
      used = 0
    }
    return stream[used++]!
  }
  return (bytes) => bytes.map((byte) => byte ^ next())
}
