import { test } from 'node:test'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FrameDecoder, FrameTooLargeError, encodeFrame } from '../../../../node/adapters/libp2p/frame-codec.ts'

const someFrames = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 })
const chunkSizes = fc.array(fc.integer({ min: 1, max: 97 }), { minLength: 1 })

test('frames come out as they went in, however the bytes are cut into chunks', () => {
  fc.assert(
    fc.property(someFrames, chunkSizes, (frames, cuts) => {
      const all = Buffer.concat(frames.map(encodeFrame))
      const decoder = new FrameDecoder(300)
      const out: Uint8Array[] = []
      let at = 0
      for (let i = 0; at < all.length; i++) {
        const next = at + cuts[i % cuts.length]!
        out.push(...decoder.push(all.subarray(at, next)))
        at = next
      }
      assert.deepEqual(
        out.map((frame) => Buffer.from(frame).toString('hex')),
        frames.map((frame) => Buffer.from(frame).toString('hex')),
      )
      assert.equal(decoder.held, 0)
    }),
  )
})

test('a frame does not share memory with the chunk it came in', () => {
  const chunk = encodeFrame(Uint8Array.of(1, 2, 3))
  const [frame] = new FrameDecoder(10).push(chunk)
  chunk.fill(9)
  assert.deepEqual([...frame!], [1, 2, 3])
})

test('an incomplete frame does not share memory with its chunk either', () => {
  const chunk = encodeFrame(Uint8Array.of(1, 2, 3))
  const decoder = new FrameDecoder(10)
  assert.deepEqual(decoder.push(chunk.subarray(0, 6)), [])
  chunk.fill(9, 0, 6)
  assert.deepEqual([...decoder.push(Uint8Array.of(3))[0]!], [1, 2, 3])
})

test('a length beyond the bound is refused as soon as it is known, before its bytes arrive', () => {
  const decoder = new FrameDecoder(10)
  assert.throws(() => decoder.push(Uint8Array.of(0, 0, 0, 11)), FrameTooLargeError)
  assert.throws(() => new FrameDecoder(10).push(Uint8Array.of(255, 255, 255, 255)), FrameTooLargeError)
  assert.equal(new FrameDecoder(10).push(encodeFrame(new Uint8Array(10))).length, 1)
})

test('random bytes never hold more than one frame', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 64 }), { maxLength: 50 }), (chunks) => {
      const decoder = new FrameDecoder(100)
      try {
        for (const chunk of chunks) {
          for (const frame of decoder.push(chunk)) assert.ok(frame.length <= 100)
          assert.ok(decoder.held < 104)
        }
      } catch (error) {
        assert.ok(error instanceof FrameTooLargeError)
      }
    }),
  )
})

test('a large frame that comes byte by byte costs no more than its bytes', () => {
  // Work that grows with the square of this would take minutes.
  const bytes = encodeFrame(new Uint8Array(1_000_000).fill(7))
  const decoder = new FrameDecoder(1_000_000)
  const frames: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at++) frames.push(...decoder.push(bytes.subarray(at, at + 1)))
  assert.deepEqual([frames.length, frames[0]?.length, decoder.held], [1, 1_000_000, 0])
})
