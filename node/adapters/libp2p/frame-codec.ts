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

export class FrameDecoder {
  readonly #bytesMax: number
  #chunks: Uint8Array[] = []
  #held = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** Bytes of an incomplete frame: a stream that ends with some was cut off. */
  get held(): number {
    return this.#held
  }

  /** The frames that are complete now, in order; throws `FrameTooLargeError` as soon as a length says so. */
  push(chunk: Uint8Array): Uint8Array[] {
    if (chunk.length > 0) this.#chunks.push(chunk)
    this.#held += chunk.length
    const frames: Uint8Array[] = []
    while (this.#held >= headBytes) {
      const length = this.#peekLength()
      if (length > this.#bytesMax) throw new FrameTooLargeError(`a frame of ${length} bytes; at most ${this.#bytesMax} are accepted`)
      if (this.#held < headBytes + length) break
      this.#take(headBytes)
      frames.push(this.#take(length))
    }
    // What stays is copied, so that a small rest does not pin a large buffer of the transport.
    if (this.#chunks.length > 0) this.#chunks[this.#chunks.length - 1] = this.#chunks.at(-1)!.slice()
    return frames
  }

  #peekLength(): number {
    let length = 0
    let seen = 0
    for (const chunk of this.#chunks) {
      for (let i = 0; i < chunk.length && seen < headBytes; i++, seen++) length = length * 256 + (chunk[i] ?? 0)
      if (seen === headBytes) break
    }
    return length
  }

  #take(count: number): Uint8Array {
    const taken = new Uint8Array(count)
    let filled = 0
    while (filled < count) {
      const chunk = this.#chunks[0]!
      const part = Math.min(chunk.length, count - filled)
      taken.set(chunk.subarray(0, part), filled)
      filled += part
      if (part === chunk.length) this.#chunks.shift()
      else this.#chunks[0] = chunk.subarray(part)
    }
    this.#held -= count
    return taken
  }
}
