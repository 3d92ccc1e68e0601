// The long-lived streams that carry frames between two boards: a pair of simplex streams, each opened by the side that sends
// on it, so that nothing has to be negotiated. A stream begins with the opener's boot id, by which the other side tells a
// restarted peer from one that opened its stream anew. Nothing here knows of peers that come and go; see links.ts.

import type { Connection, Stream } from '@libp2p/interface'
import { FrameDecoder, encodeFrame } from './frame-codec.ts'
import { networkLimits } from './limits.ts'

export const framesProtocol = '/shoal/frames/1'

/** Random for each process: 8 bytes never collide by chance. */
export const bootIdBytes = 8

export interface FrameSender {
  readonly stream: Stream
  readonly connection: Connection
  /** False when the frame was dropped: the queue is full or the stream has ended. */
  send(frame: Uint8Array): boolean
}

/** Opens our side's stream on the connection; rejects when the peer does not speak frames or does not answer in time. */
export async function openFrameStream(connection: Connection, bootId: Uint8Array): Promise<FrameSender> {
  const stream = await connection.newStream(framesProtocol, {
    signal: AbortSignal.timeout(networkLimits.frameStreamOpenMs),
    maxOutboundStreams: networkLimits.frameStreamsPerConnectionMax,
  })
  stream.send(encodeFrame(bootId))
  return {
    stream,
    connection,
    send: (frame) => {
      if (stream.status !== 'open' || stream.writeStatus !== 'writable') return false
      if (stream.writeBufferLength + frame.length > networkLimits.sendQueueBytesMax) return false
      try {
        stream.send(encodeFrame(frame))
        return true
      } catch {
        return false // the stream aborted itself; its `close` event tells the link
      }
    },
  }
}

export interface FrameReceiver {
  readonly stream: Stream
  readonly connection: Connection
  /** Frames are held back (and the sender slowed down) until this is called. */
  start(onFrame: (frame: Uint8Array) => void): void
}

export interface ReceiverEvents {
  bootId(bootId: string): void
  /** The stream is no agent's: a frame beyond the greatest size, or no boot id at its beginning. Told once. */
  nonsense(): void
}

/** Reads the peer's stream. A malformed or oversize frame aborts the stream and nothing else. */
export function acceptFrameStream(stream: Stream, connection: Connection, events: ReceiverEvents): FrameReceiver {
  const decoder = new FrameDecoder(networkLimits.frameBytesMax)
  const waiting: Uint8Array[] = []
  let greeted = false
  let isNonsense = false
  const refuse = (error: Error): void => {
    stream.abort(error)
    if (!isNonsense) events.nonsense()
    isNonsense = true
  }
  let deliver: ((frame: Uint8Array) => void) | undefined
  stream.addEventListener('message', ({ data }) => {
    const frames = decodeOr(refuse, decoder, data.subarray())
    if (!greeted && frames.length > 0) {
      const bootId = frames.shift()!
      if (bootId.length !== bootIdBytes) return refuse(new RangeError('a frame stream begins with a boot id'))
      greeted = true
      events.bootId(Buffer.from(bootId).toString('hex'))
      if (deliver === undefined && stream.readStatus === 'readable') stream.pause()
    }
    for (const frame of frames) {
      if (deliver === undefined) waiting.push(frame)
      else deliver(frame)
    }
  })
  return {
    stream,
    connection,
    start: (onFrame) => {
      deliver = onFrame
      for (const frame of waiting.splice(0)) onFrame(frame)
      if (stream.readStatus === 'paused') stream.resume()
    },
  }
}

function decodeOr(refuse: (error: Error) => void, decoder: FrameDecoder, chunk: Uint8Array): Uint8Array[] {
  try {
    return decoder.push(chunk)
  } catch (error) {
    refuse(error instanceof Error ? error : new Error(String(error)))
    return []
  }
}
