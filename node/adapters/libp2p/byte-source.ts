// Reads length-prefixed frames from a libp2p stream one at a time, with back-pressure: a reader that is slow pauses the stream
// instead of filling memory. An empty frame marks the end, so that an answer that was cut off is never taken for a complete one.

import type { Stream } from '@libp2p/interface'
import { FrameDecoder } from './frame-codec.ts'
import { networkLimits } from './limits.ts'

export class CutOffError extends Error {
  override readonly name = 'CutOffError'
}

export class ByteSource {
  readonly #stream: Stream
  readonly #decoder: FrameDecoder
  readonly #frames: Uint8Array[] = []
  #queued = 0
  #ended = false
  #error: Error | undefined
  #wake: (() => void) | undefined

  constructor(stream: Stream, frameBytesMax: number) {
    this.#stream = stream
    this.#decoder = new FrameDecoder(frameBytesMax)
    stream.addEventListener('message', ({ data }) => this.#take(data.subarray()))
    stream.addEventListener('end', () => this.#end(undefined))
    stream.addEventListener('close', ({ error }) => this.#end(error))
  }

  /** The next frame, or null after the end mark; rejects when the stream ends without one. */
  async next(signal: AbortSignal): Promise<Uint8Array | null> {
    for (;;) {
      signal.throwIfAborted()
      const frame = this.#frames.shift()
      if (frame !== undefined) {
        this.#queued -= frame.length
        if (this.#stream.readStatus === 'paused' && this.#queued < networkLimits.apiBufferBytes) this.#stream.resume()
        return frame.length === 0 ? null : frame
      }
      if (this.#error !== undefined) throw this.#error
      if (this.#ended) throw new CutOffError('the connection ended before the answer was complete')
      await this.#news(signal)
    }
  }

  #take(chunk: Uint8Array): void {
    try {
      for (const frame of this.#decoder.push(chunk)) {
        this.#frames.push(frame)
        this.#queued += frame.length
      }
    } catch (error) {
      this.#stream.abort(error as Error)
      return this.#end(error as Error)
    }
    if (this.#queued >= networkLimits.apiBufferBytes && this.#stream.readStatus === 'readable') this.#stream.pause()
    this.#wake?.()
  }

  #end(error: Error | undefined): void {
    this.#ended = true
    this.#error ??= error
    this.#wake?.()
  }

  async #news(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        this.#wake = undefined
        resolve()
      }
      this.#wake = wake
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}

/** Sends one frame and waits while more than the buffer's share is unsent; rejects when the other side reads nothing for long. */
export async function sendFrame(stream: Stream, bytes: Uint8Array): Promise<void> {
  if (stream.status !== 'open') throw new CutOffError('the other side has gone')
  stream.send(bytes)
  while (stream.writeBufferLength > networkLimits.apiBufferBytes) await progress(stream)
}

/** Resolves when the stream could send something; see facts of yamux: `drain` comes with every window update that matters. */
async function progress(stream: Stream): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const finish = (settle: () => void) => () => {
      clearTimeout(timer)
      stream.removeEventListener('drain', onDrain)
      stream.removeEventListener('idle', onDrain)
      stream.removeEventListener('close', onClose)
      settle()
    }
    const onDrain = finish(resolve)
    const onClose = finish(() => reject(new CutOffError('the other side has gone')))
    const timer = setTimeout(() => stream.abort(new CutOffError('the other side does not read')), networkLimits.apiStallMs)
    stream.addEventListener('drain', onDrain)
    stream.addEventListener('idle', onDrain)
    stream.addEventListener('close', onClose)
  })
}
