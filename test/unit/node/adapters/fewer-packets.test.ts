// Against the real yamux: it must still be put together in the way that fewer-packets.ts builds on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { type MuxerEnd, muxerPair, turns } from '../../../support/muxer-pair.ts'

async function openStream(): Promise<{ near: MuxerEnd; far: MuxerEnd; stream: Stream; received: () => number }> {
  const [near, far] = muxerPair()
  let received = 0
  far.muxer.addEventListener('stream', ({ detail }) => {
    detail.addEventListener('message', ({ data }) => (received += data.byteLength))
  })
  const stream = await near.muxer.createStream()
  await turns()
  return { near, far, stream, received: () => received }
}

test('small messages are not answered with a packet each', async () => {
  const { far, stream, received } = await openStream()
  // The first message's answer accepts the stream.
  stream.send(new Uint8Array(100))
  await turns()
  const before = far.packets.length
  for (let i = 1; i < 20; i++) {
    stream.send(new Uint8Array(100))
    await turns()
  }
  assert.equal(received(), 2_000)
  assert.equal(far.packets.length - before, 0)
})

test('a stream carries many times its window', async () => {
  const { stream, received } = await openStream()
  const bytes = 4 * 1_048_576
  for (let sent = 0; sent < bytes; sent += 65_536) {
    if (!stream.send(new Uint8Array(65_536))) await stream.onDrain()
    await turn()
  }
  await turns()
  assert.equal(received(), bytes)
})

test('what is sent in one turn is one packet, in order', async () => {
  const { near, stream, received } = await openStream()
  const before = near.packets.length
  for (let i = 0; i < 4; i++) stream.send(new Uint8Array([i]))
  await turns()
  assert.equal(near.packets.length - before, 1)
  assert.equal(received(), 4)
  const packet = near.packets.at(-1)!
  assert.deepEqual(
    [0, 1, 2, 3].map((i) => packet[13 * i + 12]),
    [0, 1, 2, 3],
  )
})

test('the last words of a connection are sent before it closes', async () => {
  const { near, stream } = await openStream()
  stream.send(new Uint8Array([7]))
  near.muxer.abort(new Error('over'))
  const sent = Buffer.concat(near.packets)
  const goAway = 3
  assert.equal(sent.at(-12 + 1), goAway)
  assert.ok(sent.includes(7))
})
