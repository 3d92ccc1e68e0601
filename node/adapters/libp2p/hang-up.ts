// Whether something at an address hangs up on nonsense: a board of any fleet does, a dead one does not. It takes two round trips, where a
// handshake takes four.

import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'

// More than a pre-shared key's nonce (24 bytes) and the longest first message of multistream-select (2 and 1,024 bytes): whatever
// length the other side reads in it, the message is complete, and wrong.
const nonsenseBytes = 2_048

/**
 * Sends nonsense over plain TCP; true once the other side has ended the connection, false when it has not `withinMs`. Behind a relay
 * only the relay would answer: false.
 */
export async function hangsUpOnNonsense(address: string, withinMs: number): Promise<boolean> {
  const [where, over, ...more] = multiaddr(address).getComponents()
  const host = where?.value
  const port = Number(over?.value)
  if (host === undefined || over?.name !== 'tcp' || more.some(({ name }) => name !== 'p2p')) return false
  return await new Promise((tell) => {
    let reached = false
    const socket = connect({ host, port })
    const end = (hungUp: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      tell(hungUp)
    }
    // Of all of it, not of each silence.
    const timer = setTimeout(() => end(false), withinMs)
    socket.on('connect', () => {
      reached = true
      socket.write(randomBytes(nonsenseBytes))
    })
    socket.on('error', () => end(reached))
    socket.on('close', () => end(reached))
    // What it says itself is of no interest, but its end is told only behind it.
    socket.resume()
  })
}
