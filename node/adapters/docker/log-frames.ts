// The engine sends both output streams of a container as one: frames of 8 bytes of header (stream, three zeros, length) and text.
// Takes them apart, whatever pieces they arrive in.

export interface LogFrame {
  readonly stream: 'stdout' | 'stderr'
  readonly text: Uint8Array
}

const headerBytes = 8
// The engine cuts lines at 16 kB; anything far longer is not a stream of frames.
const frameBytesMax = 1024 * 1024

export async function* logFrames(chunks: AsyncIterable<unknown>): AsyncGenerator<LogFrame> {
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk as Uint8Array) : Buffer.concat([rest, chunk as Uint8Array])
    for (;;) {
      if (rest.length < headerBytes) break
      const length = rest.readUInt32BE(4)
      if (length > frameBytesMax) return
      if (rest.length < headerBytes + length) break
      yield { stream: rest[0] === 2 ? 'stderr' : 'stdout', text: rest.subarray(headerBytes, headerBytes + length) }
      rest = rest.subarray(headerBytes + length)
    }
  }
}
