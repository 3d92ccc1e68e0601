// The pre-shared key in the form that pnet reads: the swarm key file of go-ipfs. Without the key nobody gets past the first
// 24 bytes; it cannot revoke a single node, which is the gate's work.

const pskBytes = 32
const head = '/key/swarm/psk/1.0.0/'

/** From 32 raw bytes, or the bytes of a swarm key file as they are. */
export function swarmKeyFile(psk: Uint8Array): Uint8Array {
  const text = Buffer.from(psk).toString('latin1')
  if (psk.length === pskBytes) return new TextEncoder().encode(`${head}\n/base16/\n${Buffer.from(psk).toString('hex')}\n`)
  if (text.startsWith(head) && /^[0-9a-f]{64}\s*$/i.test(text.split(/\r?\n/).slice(2).join(''))) return psk
  throw new RangeError(`a pre-shared key has ${pskBytes} bytes, or is a swarm key file; got ${psk.length} bytes`)
}
