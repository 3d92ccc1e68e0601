// Against the real yamux: it must still be put together in the way that fewer-packets.ts builds on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { guardedYamux } from '../../../../node/adapters/libp2p/guarded-yamux.ts'

interface End {
  readonly muxer: StreamMuxer
  /** Packets that this end sent. */
  readonly packets: Uint8Array[]
}

/** Two muxers on one wire that delivers what is sent in a later turn. */
function pair(): readonly [End, End] {
  const wires = [wire('outbound'), wire('inbound')] as const
  const ends = wires.map((own, index): End => {
    const packets: Uint8Array[] = []
    own.send = (data) => {
      const packet = data.subarray()
      packets.push(packet)
      setImmediate(() => wires[1 - index]!.dispatchEvent(Object.assign(new Event('message'), { data: packet })))
      return true
    }
    const create = guardedYamux({ enableKeepAlive: false })()
    return { muxer: create.createStreamMuxer(own as unknown as MultiaddrConnection), packets }
  })
  return [ends[0]!, ends[1]!]
}

interface Wire extends EventTarget {
  send(data: { subarray(): Uint8Array }): boolean
}

function wire(direction: 'inbound' | 'outbound'): Wire {
  const quiet: object = Object.assign(() => {}, { trace: () => {}, error: () => {}, newScope: () => quiet })
  return Object.assign(new EventTarget(), { direction, status: 'open', log: quiet, send: () => true })
}

async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}

async function openStream(): Promise<{ near: End; far: End; stream: Stream; received: () => number }> {
  const [near, far] = pair()
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
