// yamux with one guard. Opening a stream sends its first frame in a microtask; when the connection was closed in between, yamux
// throws where nobody can catch it, which would end the agent. Bytes for a closed connection are dropped instead: the streams
// on it hear of its end anyway. (@libp2p/yamux 8.0.3, `onCreateStream`.) And with what it is to do otherwise here: `limit-streams.ts`,
// `fewer-packets.ts`.

import type { StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import type { YamuxMuxerInit } from '@libp2p/yamux'
import { sendTogether, updateWindowsLate } from './fewer-packets.ts'
import { limitStreams } from './limit-streams.ts'

export function guardedYamux(init: YamuxMuxerInit): () => StreamMuxerFactory {
  const create = yamux(init)
  return () => {
    const factory = create()
    const createMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = (connection) => {
      const muxer = createMuxer(connection)
      const send = muxer.send.bind(muxer)
      muxer.send = (data) => {
        try {
          return send(data)
        } catch (error) {
          if (error instanceof Error && error.name === 'StreamStateError') return false
          throw error
        }
      }
      limitStreams(muxer)
      updateWindowsLate(muxer)
      sendTogether(muxer)
      return muxer
    }
    return factory
  }
}
