// Fewer and larger packets from yamux: each costs both ends an encryption, a system call and a pass through every layer of libp2p,
// which is most of what a small message costs. It changes when bytes leave, never which. (@libp2p/yamux 8.0.3)

import type { StreamMuxer } from '@libp2p/interface'

/** A Uint8Array or libp2p's list of them. */
interface Bytes {
  readonly byteLength: number
  subarray(): Uint8Array
}

/** What is used of yamux's muxer and streams beyond libp2p's interface. */
interface Muxer {
  readonly status: string
  send(data: Bytes): boolean
  _newStream?(...args: unknown[]): YamuxStream
}

interface YamuxStream {
  readonly state: number
  readonly recvWindow: number
  readonly recvWindowCapacity: number
  sendWindowUpdate(): void
}

/** Yamux's states of a stream in which a window update opens or accepts nothing: SYNSent and Established. */
const quietStates: readonly unknown[] = [1, 3]

/**
 * js-yamux answers every data frame with a window update: as many packets again as there are messages. As other implementations of
 * yamux do, the other end is told once half of its window is used.
 */
export function updateWindowsLate(muxer: StreamMuxer): void {
  const yamux = muxer as unknown as Muxer
  const create = yamux._newStream?.bind(muxer)
  if (create === undefined) return
  yamux._newStream = (...args) => {
    const stream = create(...args)
    const update = stream.sendWindowUpdate.bind(stream)
    stream.sendWindowUpdate = () => {
      const used = stream.recvWindow - stream.recvWindowCapacity
      if (quietStates.includes(stream.state) && used < stream.recvWindow / 2) return
      update()
    }
    return stream
  }
}

/** What is sent on one connection in one turn leaves as one packet: opening a stream alone is three messages, a greeting of the core four. */
export function sendTogether(muxer: StreamMuxer): void {
  const yamux = muxer as unknown as Muxer
  const send = yamux.send.bind(muxer)
  let waiting: Uint8Array[] = []
  let bytes = 0
  const flush = (): boolean => {
    if (waiting.length === 0) return true
    const data = waiting.length === 1 ? waiting[0]! : Buffer.concat(waiting, bytes)
    waiting = []
    bytes = 0
    return send(data)
  }
  yamux.send = (data) => {
    if (waiting.length === 0) process.nextTick(flush)
    waiting.push(data.subarray())
    bytes += data.byteLength
    // Last words must not wait: the connection is closed right after them. Nor should more than one message holds.
    return yamux.status !== 'open' || bytes >= togetherBytesMax ? flush() : true
  }
}

/** What one encrypted message of Noise may hold; a longer one is cut again anyway. */
const togetherBytesMax = 65_519
