// Frames on a byte stream: four bytes of length, big-endian, then the payload. The decoder holds at most one incomplete
// frame of the greatest size and copies each frame out of the transport's buffers. It knows nothing of streams.

const headBytes = 4

export class FrameTooLargeError extends Error {
  override readonly name = 'FrameTooLargeError'
}

export function encodeFrame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headBytes + payload.length)
  new DataView(bytes.buffer).setUint32(0, payload.length)
  bytes.set(payload, headBytes)
  return bytes
}

/** What is set aside for a frame whose length is only announced; it doubles as bytes arrive. */
const firstBytes = 4_096

/** Its work is proportional to the bytes that come, however small the chunks are cut. */
export class FrameDecoder {
  readonly #bytesMax: number
  readonly #head = new Uint8Array(headBytes)
  #headFilled = 0
  /** Announced by the head; 0 before that is complete. */
  #length = 0
  #payload = new Uint8Array(0)
  #filled = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of an incomplete frame: a stream that ends with some was cut off. */
  get held(): number {
    return this.#headFilled + this.#filled
  }

  /** The frames that are complete now, in order; throws `FrameTooLargeError` as soon as a length says so. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    // Again for what comes behind it while the stream is being ended.
    this.#checkLength()
    for (let at = 0; at < chunk.length;) {
      at += this.#headFilled < headBytes ? this.#takeHead(chunk, at) : this.#takePayload(chunk, at)
      if (this.#headFilled === headBytes && this.#filled === this.#length) frames.push(this.#finish())
    }
    return frames
  }

  #takeHead(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + headBytes - this.#headFilled)
    this.#head.set(part, this.#headFilled)
    this.#headFilled += part.length
    if (this.#headFilled < headBytes) return part.length
    this.#length = new DataView(this.#head.buffer).getUint32(0)
    this.#checkLength()
    return part.length
  }

  #checkLength(): void {
    if (this.#length <= this.#bytesMax) return
    throw new FrameTooLargeError(`a frame of ${this.#length} bytes; at most ${this.#bytesMax} are accepted`)
  }

  #takePayload(chunk: Uint8Array, at: number): number {
    const part = chunk.subarray(at, at + this.#length - this.#filled)
    const needed = this.#filled + part.length
    if (needed > this.#payload.length) {
      const grown = new Uint8Array(Math.min(this.#length, Math.max(needed, 2 * this.#payload.length, firstBytes)))
      grown.set(this.#payload.subarray(0, this.#filled))
      this.#payload = grown
    }
    this.#payload.set(part, this.#filled)
    this.#filled = needed
    return part.length
  }

  #finish(): Uint8Array {
    const frame = this.#payload
    this.#payload = new Uint8Array(0)
    this.#headFilled = this.#filled = this.#length = 0
    return frame
  }
}
