// How fast the other end of one connection may open streams, of whatever protocol. libp2p bounds those that are open at a time; one that is
// opened and closed without end costs a negotiation each. What is too much is reset before anything looks at it. (@libp2p/yamux 8.0.3)

import type { Stream, StreamMuxer } from '@libp2p/interface'
import { fullBucket, take } from '../../core/bucket.ts'
import { networkLimits } from './limits.ts'

/** What is used of the muxer beyond libp2p's interface. */
interface Muxer {
  onRemoteStream?(stream: Stream): void
}

export function limitStreams(muxer: StreamMuxer): void {
  const yamux = muxer as unknown as Muxer
  const accept = yamux.onRemoteStream?.bind(muxer)
  if (accept === undefined) return
  const rate = networkLimits.streamsPerConnection
  const bucket = fullBucket(rate, performance.now())
  yamux.onRemoteStream = (stream) => {
    if (take(bucket, rate, performance.now())) accept(stream)
    else stream.abort(new Error('too many streams are opened'))
  }
}
