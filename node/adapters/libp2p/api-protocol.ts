// The API over libp2p, both ends: a stream carries one request, then the answer's frames and an end mark, then closes. The
// caller is whoever Noise authenticated; what he may do is the core's business. The operator's client and a board that passes
// a request on use the same function.

import type { Connection, Stream } from '@libp2p/interface'
import type { ApiChannel } from '../../core/ports.ts'
import { ByteSource, sendFrame } from './byte-source.ts'
import { FrameTooLargeError, encodeFrame } from './frame-codec.ts'
import { networkLimits } from './limits.ts'
import { type NetworkLog, wordsOf } from './log.ts'

export const apiProtocol = '/shoal/api/1'

const endMark = encodeFrame(new Uint8Array(0))

/** Answers streams that strangers open; the number of all together is bounded, and each must ask in time. */
export class ApiServer {
  readonly #onRequest: (channel: ApiChannel) => void
  readonly #log: NetworkLog
  #open = 0

  constructor(onRequest: (channel: ApiChannel) => void, log: NetworkLog) {
    this.#onRequest = onRequest
    this.#log = log
  }

  accept(stream: Stream, connection: Connection): void {
    if (this.#open >= networkLimits.apiStreamsMax) return stream.abort(new Error('too many requests at a time'))
    this.#open += 1
    stream.addEventListener('close', () => (this.#open -= 1), { once: true })
    this.#serve(stream, connection).catch((error: unknown) => {
      this.#log.debug({ caller: connection.remotePeer.toString(), error: wordsOf(error) }, 'API request failed')
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }

  async #serve(stream: Stream, connection: Connection): Promise<void> {
    const gone = new AbortController()
    stream.addEventListener('close', () => gone.abort(), { once: true })
    const source = new ByteSource(stream, networkLimits.apiRequestBytesMax)
    const request = await source.next(AbortSignal.any([gone.signal, AbortSignal.timeout(networkLimits.apiRequestMs)]))
    if (request === null) return await closeOrAbort(stream) // only asked whether somebody is here
    this.#onRequest({
      caller: connection.remotePeer.toString(),
      request,
      signal: gone.signal,
      send: async (frame) => {
        if (frame.length > networkLimits.apiReplyBytesMax) throw new FrameTooLargeError(`a reply of ${frame.length} bytes`)
        await sendFrame(stream, encodeFrame(frame))
      },
      end: async () => {
        if (stream.status !== 'open') return
        await sendFrame(stream, endMark)
        await closeOrAbort(stream)
      },
    })
  }
}

/** One request on an open connection. Ending the iteration early aborts the stream, which tells the other side. */
export async function* requestOn(connection: Connection, request: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  if (request.length === 0 || request.length > networkLimits.apiRequestBytesMax) {
    throw new FrameTooLargeError(`a request has 1 to ${networkLimits.apiRequestBytesMax} bytes, not ${request.length}`)
  }
  const stream = await openStream(connection, signal)
  const source = new ByteSource(stream, networkLimits.apiReplyBytesMax)
  const onAbort = (): void => stream.abort(new Error('given up by the caller'))
  signal.addEventListener('abort', onAbort, { once: true })
  let complete = false
  try {
    await sendFrame(stream, encodeFrame(request))
    for (;;) {
      const frame = await source.next(signal)
      if (frame === null) break
      yield frame
    }
    complete = true
  } finally {
    signal.removeEventListener('abort', onAbort)
    if (complete) void closeOrAbort(stream)
    else stream.abort(new Error('given up by the caller'))
  }
}

/** Whether a board answers on this connection: opens the protocol and ends without asking anything. */
export async function probe(connection: Connection, signal: AbortSignal): Promise<void> {
  const stream = await openStream(connection, signal)
  await sendFrame(stream, endMark)
  await closeOrAbort(stream)
}

async function openStream(connection: Connection, signal: AbortSignal): Promise<Stream> {
  const limit = AbortSignal.timeout(networkLimits.apiOpenMs)
  return await connection.newStream(apiProtocol, {
    signal: AbortSignal.any([signal, limit]),
    maxOutboundStreams: networkLimits.apiStreamsPerConnectionMax,
  })
}

async function closeOrAbort(stream: Stream): Promise<void> {
  await stream.close({ signal: AbortSignal.timeout(networkLimits.apiRequestMs) }).catch((error: unknown) => {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  })
}
