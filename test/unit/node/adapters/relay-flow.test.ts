// What goes through a relay, on streams that are joined as libp2p joins them: with a queue of any length between the two.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { networkLimits } from '../../../../node/adapters/libp2p/limits.ts'
import { Flow } from '../../../../node/adapters/libp2p/relay-server.ts'

class FakeStream extends EventTarget {
  status: 'open' | 'closed' | 'reset' = 'open'
  readStatus: 'readable' | 'paused' | 'closed' = 'readable'
  sent = 0
  pause(): void {
    this.readStatus = 'paused'
  }
  resume(): void {
    this.readStatus = 'readable'
  }
  send(data: Uint8Array): boolean {
    this.sent += data.byteLength
    return true
  }
}

interface Joined {
  readonly source: FakeStream
  readonly sink: FakeStream
  /** What has come and was not passed on. */
  readonly queue: Uint8Array[]
  /** As long as the source lets it. */
  say(bytes: number): number
  passOn(): void
}

const chunkBytes = 65_536

function join(flow: Flow, peer = 'source'): Joined {
  const [source, sink] = [new FakeStream(), new FakeStream()]
  flow.join({ stream: source as unknown as Stream, peer }, { stream: sink as unknown as Stream, peer: 'sink' })
  const queue: Uint8Array[] = []
  source.addEventListener('message', (event) => queue.push((event as MessageEvent).data as Uint8Array))
  const say = (bytes: number): number => {
    let said = 0
    for (; said < bytes && source.readStatus === 'readable'; said += chunkBytes)
      source.dispatchEvent(Object.assign(new Event('message'), { data: new Uint8Array(chunkBytes) }))
    return said
  }
  const passOn = (): void => {
    for (const data of queue.splice(0)) sink.send(data)
  }
  return { source, sink, queue, say, passOn }
}

function timers(t: TestContext): (ms: number) => void {
  t.mock.timers.enable({ apis: ['setInterval'] })
  let now = 1_000
  t.mock.method(performance, 'now', () => now)
  return (ms) => {
    for (let passed = 0; passed < ms; passed += networkLimits.relayedPauseMs) {
      now += networkLimits.relayedPauseMs
      t.mock.timers.tick(networkLimits.relayedPauseMs)
    }
  }
}

test('what a slow reader leaves unread is bounded: the sender waits until it is passed on', (t) => {
  const pass = timers(t)
  const { source, sink, say, passOn } = join(new Flow())
  assert.equal(say(4 * networkLimits.relayedWaitingBytesMax), networkLimits.relayedWaitingBytesMax)
  pass(60_000)
  assert.equal(source.readStatus, 'paused', 'nobody has read anything')
  passOn()
  pass(networkLimits.relayedPauseMs)
  assert.equal(source.readStatus, 'readable')
  assert.equal(sink.sent, networkLimits.relayedWaitingBytesMax)
})

test('a board sends as much at once as it may, and then at its rate; another board goes on meanwhile', (t) => {
  const pass = timers(t)
  const flow = new Flow()
  const { say, passOn } = join(flow)
  const { atOnce, perSecond } = networkLimits.relayedBytesPerBoard
  const saidFor = (ms: number): number => {
    let said = 0
    for (let passed = 0; passed < ms; passed += networkLimits.relayedPauseMs) {
      said += say(networkLimits.relayedWaitingBytesMax - chunkBytes)
      passOn()
      pass(networkLimits.relayedPauseMs)
    }
    return said
  }
  const seconds = 60
  const said = saidFor(seconds * 1_000)
  assert.ok(said <= atOnce + seconds * perSecond + 2 * chunkBytes, `${said} bytes`)
  assert.ok(said >= atOnce + (seconds - 2) * perSecond, `${said} bytes`)
  const other = join(flow, 'another')
  assert.ok(other.say(chunkBytes) > 0)
  assert.equal(other.source.readStatus, 'readable')
})

test('all boards together have a bound as well', (t) => {
  timers(t)
  const flow = new Flow()
  const { atOnce } = networkLimits.relayedBytes
  let said = 0
  for (let board = 0; board < 2 * (atOnce / networkLimits.relayedBytesPerBoard.atOnce); board++) {
    const one = join(flow, `board ${board}`)
    for (let more = 1; more > 0; said += more) {
      more = one.say(networkLimits.relayedWaitingBytesMax - chunkBytes)
      one.passOn()
    }
  }
  assert.ok(said >= atOnce && said <= atOnce + 8 * chunkBytes, `${said} bytes`)
})

for (const end of ['source', 'sink'] as const)
  test(`once the ${end} has gone, what had to wait is looked at no more`, (t) => {
    const pass = timers(t)
    const cleared = t.mock.method(globalThis, 'clearInterval')
    const joined = join(new Flow())
    joined.say(2 * networkLimits.relayedWaitingBytesMax)
    pass(1_000)
    assert.equal(cleared.mock.callCount(), 0)
    // As libp2p's does with data that nobody has read: its `readStatus` is left alone.
    joined[end].status = end === 'source' ? 'reset' : 'closed'
    pass(networkLimits.relayedPauseMs)
    assert.equal(cleared.mock.callCount(), 1)
    assert.equal(joined.source.readStatus, end === 'source' ? 'paused' : 'readable', 'who sends to nobody finds that out')
  })
