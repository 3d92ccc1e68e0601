// What only the libp2p network has to stand: strangers that speak its protocols badly, connections that double or half die, and
// operators' clients.

import { test } from 'node:test'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { generateKeyPair } from '../../node/adapters/keys.ts'
import { apiProtocol } from '../../node/adapters/libp2p/api-protocol.ts'
import { type ApiClient, connectClient } from '../../node/adapters/libp2p/client.ts'
import { commonSettings } from '../../node/adapters/libp2p/common-settings.ts'
import { encodeFrame } from '../../node/adapters/libp2p/frame-codec.ts'
import { framesProtocol } from '../../node/adapters/libp2p/frame-stream.ts'
import { KeyRing } from '../../node/adapters/libp2p/key-ring.ts'
import { networkLimits } from '../../node/adapters/libp2p/limits.ts'
import { protector } from '../../node/adapters/libp2p/protector.ts'
import { bytesOf, gossips, isUp, textOf } from './network-verbs.ts'
import { slowProxy } from './slow-proxy.ts'
import { type LocalBoard, fleet, inWorld, psk } from './network-world.ts'

async function stranger() {
  return await createLibp2p({
    ...commonSettings(generateKeyPair(), protector(new KeyRing([psk]))),
    connectionGater: { denyDialMultiaddr: () => false },
  })
}

inWorld('an oversize frame and a false greeting close their streams, not the connection and not the process', async (world, board) => {
  const a = await board()
  const bad = await stranger()
  const connection = await bad.dial(multiaddr(a.addresses[0]))
  const hello = encodeFrame(new Uint8Array(8))
  const oversize = Buffer.concat([hello, Uint8Array.of(255, 255, 255, 255)])
  for (const bytes of [oversize, encodeFrame(new Uint8Array(9)), encodeFrame(new Uint8Array(0))]) {
    const stream = await connection.newStream(framesProtocol)
    stream.send(bytes)
    await world.until('the stream is reset', () => stream.status === 'reset')
  }
  assert.equal(connection.status, 'open')
  assert.deepEqual(
    a.blamed,
    Array.from({ length: 3 }, () => `${bad.peerId.toString()} E_OVERSIZE`),
    'once for each stream',
  )
  const b = await board({ bootstrap: a.addresses })
  await world.until('others are served', () => isUp(a, b))
  assert.deepEqual([a.ups, a.heard], [[b.id], []])
  await bad.stop()
})

inWorld('a handshake over a long link takes its time: the first one is waited for', async (world, board) => {
  const a = await board()
  const [, port] = /\/tcp\/(\d+)/.exec(a.addresses[0]!) ?? []
  // Longer round trips would outlast the wait for the first answer; all of the handshake together must outlast it here.
  const proxy = await slowProxy(Number(port), networkLimits.answerMsMin / 5)
  const b = await board({ bootstrap: [`/ip4/127.0.0.1/tcp/${proxy.port}/p2p/${a.id}`] })
  try {
    await world.until('the two are connected', () => isUp(a, b))
    assert.equal(proxy.count(), 1, 'the first connection is the one that stands')
  } finally {
    proxy.close()
  }
})

inWorld('a stranger gets a bounded number of streams', async (world, board) => {
  const a = await board()
  const bad = await stranger()
  const connection = await bad.dial(multiaddr(a.addresses[0]))
  const open = async (protocol: string, count: number) => {
    const options = { maxOutboundStreams: 1000 }
    const opening = Array.from({ length: count }, async () => await connection.newStream(protocol, options))
    const tried = await Promise.allSettled(opening)
    return tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  }
  const standing = (streams: readonly { readonly status: string }[]): number => streams.filter((stream) => stream.status === 'open').length
  const requests = await open(apiProtocol, networkLimits.apiStreamsPerConnectionMax + 20)
  await world.until('the surplus is reset', () => standing(requests) <= networkLimits.apiStreamsPerConnectionMax)
  const frames = await open(framesProtocol, networkLimits.frameStreamsPerConnectionMax + 8)
  await world.until('the surplus is reset', () => standing(frames) <= networkLimits.frameStreamsPerConnectionMax)
  assert.equal(a.callers.length, 0)
  await bad.stop()
})

inWorld('a request that is too large is refused before it is held', async (world, board) => {
  const a = await board()
  const bad = await stranger()
  const connection = await bad.dial(multiaddr(a.addresses[0]))
  const stream = await connection.newStream(apiProtocol)
  const head = new Uint8Array(4)
  new DataView(head.buffer).setUint32(0, networkLimits.apiRequestBytesMax + 1)
  stream.send(head)
  await world.until('the stream is reset', () => stream.status === 'reset')
  assert.equal(a.callers.length, 0)
  await bad.stop()
})

inWorld('a restarted peer is known by its boot id while its old sockets seem alive', async (world, board) => {
  const a = await board()
  const old = await board({ bootstrap: a.addresses })
  await world.until('up', () => isUp(a, old) && isUp(old, a))
  old.injectCut(null) // it is silent from here on, but its sockets stay open
  const restarted = await board({ as: old, bootstrap: a.addresses })
  await world.until('the new process is up', () => isUp(restarted, a) && a.ups.length === 2)
  assert.deepEqual([a.ups, a.downs], [[old.id, old.id], [old.id]])
  await gossips(world, a, [restarted], 'to the restarted')
  await gossips(world, restarted, [a], 'from the restarted')
  assert.equal(await a.send(restarted.id, bytesOf('to the new one')), true)
  await world.until('the frame arrives', () => restarted.heard.some((one) => textOf(one.bytes) === 'to the new one'))
})

inWorld('of two connections either may die: up once, never down, frames and gossip go on both ways', async (world, board) => {
  const lose = async (dying: 'first' | 'second'): Promise<void> => {
    const a = await board()
    const b = await board({ bootstrap: a.addresses })
    await world.until('up', () => isUp(a, b) && isUp(b, a))
    await gossips(world, a, [b], 'before')
    await gossips(world, b, [a], 'before')
    // gossipsub looks at a connection when it is identified: at its start, and at the two pushes of a node that has just started.
    await world.until('the pushes are over', () => a.identified() >= 3 && b.identified() >= 3)
    await b.parts.node.dial(multiaddr(a.addresses[0]), { force: true })
    const knowsTwo = (one: LocalBoard): boolean => one.identified() >= 4 && one.network.stats().connections === 2
    await world.until('both know two connections', () => knowsTwo(a) && knowsTwo(b))
    const [first, second] = b.parts.node.getConnections()
    ;(dying === 'first' ? first : second)!.abort(new Error('the cable of this one is gone'))
    await world.until('both see one connection', () => [a, b].every((one) => one.network.stats().connections === 1))
    await gossips(world, a, [b], `a after losing the ${dying}`)
    await gossips(world, b, [a], `b after losing the ${dying}`)
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      let n = 0
      await world.until('frames flow again', () => {
        if (n++ % 5 === 0) from.network.send(to.id, bytesOf(`frame ${dying}`))
        return to.heard.some((one) => one.via === 'stream' && textOf(one.bytes) === `frame ${dying}`)
      })
    }
    assert.deepEqual([a.ups, a.downs, b.ups, b.downs], [[b.id], [], [a.id], []])
  }
  await Promise.all([lose('first'), lose('second')])
})

inWorld('hanging up while a second connection stands brings nothing down but the peer', async (world, board) => {
  const a = await board()
  const b = await board({ bootstrap: a.addresses })
  await world.until('up', () => isUp(a, b) && isUp(b, a))
  for (let i = 0; i < 3; i++) await b.parts.node.dial(multiaddr(a.addresses[0]), { force: true })
  await world.until('four connections', () => a.network.stats().connections === 4)
  a.disconnect(b.id, 'test')
  await world.until('down', () => a.downs.length === 1)
  await world.until('up again', () => a.ups.length === 2 && isUp(b, a))
})

// ---------------------------------------------------------------- operators' clients

async function ask(client: ApiClient, text: string): Promise<string[]> {
  const answer: string[] = []
  for await (const frame of client.request(bytesOf(text))) answer.push(textOf(frame).slice(0, 8).trim())
  return answer
}

inWorld('an operator is served by the first peer that answers, and is never a peer', async (world, board) => {
  const a = await board()
  const port = /tcp\/(\d+)/.exec(a.addresses[0]!)![1]!
  const key = generateKeyPair()
  const peers = ['127.0.0.1:9', '/ip4/127.0.0.1/tcp/9', `127.0.0.1:${port}`]
  const client = await connectClient({ key, psks: [psk], fleet, peers, timeoutMs: 5000 })
  assert.equal(client.peer, `127.0.0.1:${port}`)
  assert.deepEqual(await Promise.all([ask(client, 'count 3'), ask(client, 'count 1')]), [['n 0', 'n 1', 'n 2'], ['n 0']])
  assert.equal(a.callers[0]?.caller, key.id)
  const waiting = client.request(bytesOf('wait'))[Symbol.asyncIterator]().next()
  await world.until('the request is there', () => a.callers.length === 3)
  const cutOff = assert.rejects(waiting)
  await a.stop()
  await cutOff
  await client.close()
  assert.deepEqual(a.ups, [])
})

inWorld('an answer that is cut off is an error, not a short answer', async (world, board) => {
  const a = await board()
  const client = await connectClient({ key: generateKeyPair(), psks: [psk], fleet, peers: [a.addresses[0]!], timeoutMs: 5000 })
  const frames: Uint8Array[] = []
  const reading = (async () => {
    for await (const frame of client.request(bytesOf('begin'))) frames.push(frame)
  })()
  const failed = assert.rejects(reading)
  await world.until('it has begun', () => frames.length === 1)
  await a.stop()
  await failed
  await client.close()
})

inWorld('the reasons for not getting in are told apart', async (_, board) => {
  const a = await board({ mayConnect: () => false })
  const address = a.addresses[0]!
  const attempt = async (peers: string[], otherPsk = psk): Promise<ApiClient> =>
    await connectClient({ key: generateKeyPair(), psks: [otherPsk], fleet, peers, timeoutMs: 3000 })
  await assert.rejects(attempt([address]), { code: 'E_NOT_ADMITTED' })
  await assert.rejects(attempt([address], new Uint8Array(32).fill(9)), { code: 'E_WRONG_FLEET' })
  await assert.rejects(attempt(['127.0.0.1:9']), { code: 'E_UNREACHABLE', message: /127\.0\.0\.1:9: .*ECONNREFUSED/ })
  await assert.rejects(attempt(['nonsense']), { code: 'E_PEER_ADDRESS', message: /nonsense: not an address/ })
  await assert.rejects(attempt(['127.0.0.1:9', address]), { code: 'E_UNREACHABLE', message: /127\.0\.0\.1:9.*; .*does not admit/ })
  await assert.rejects(attempt([]), { code: 'E_UNREACHABLE' })
})

inWorld('keys are replaced while boards run: their link stands, either key is served, and then the new one alone', async (world, board) => {
  const [a, b] = [await board(), await board()]
  b.network.remember(a.id, a.addresses, true)
  await world.until('they are up', () => isUp(a, b) && isUp(b, a))
  const next = new Uint8Array(32).fill(9)
  const served = async (...psks: Uint8Array[]): Promise<boolean> => {
    const client = await connectClient({ key: generateKeyPair(), psks, fleet, peers: [a.addresses[0]!], timeoutMs: 5000 })
    await client.close()
    return client.isBehind
  }
  assert.equal(await served(psk), false)
  await assert.rejects(served(next), { code: 'E_WRONG_FLEET' })
  a.network.usePsk([next, psk])
  assert.deepEqual([await served(psk), await served(next), await served(next, psk)], [true, true, false])
  // The other board has the old key alone, and finds this one all the same.
  a.disconnect(b.id, 'to see them meet again')
  await world.until('they are up again', () => a.ups.length === 2 && isUp(a, b))
  a.network.usePsk([next])
  await assert.rejects(served(psk), { code: 'E_WRONG_FLEET' })
  assert.equal(await served(next), false)
  assert.ok(isUp(a, b), 'what stands goes on')
})

// What a wrong key looks like on the wire is chance: these two play the unlucky case, and a dead board, on purpose.
test('a foreign board that waits for more is told from one that is dead', async (t) => {
  const attemptAt = async (bytesBeforeHangUp: number): Promise<unknown> => {
    const server = createServer((socket) => {
      let taken = 0
      socket.on('error', () => undefined)
      socket.on('data', (data) => {
        taken += data.length
        if (taken > bytesBeforeHangUp) socket.destroy()
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    return await connectClient({ key: generateKeyPair(), psks: [psk], fleet, peers: [`127.0.0.1:${port}`], timeoutMs: 900 })
  }
  const nonceBytes = 24
  const longestPromiseBytes = 1026
  await assert.rejects(attemptAt(nonceBytes + longestPromiseBytes), { code: 'E_WRONG_FLEET', message: /another pre-shared key/ })
  await assert.rejects(attemptAt(Infinity), { code: 'E_UNREACHABLE', message: /no answer in time/ })
})

inWorld('two boards that nobody can dial find each other through a third, and frames pass', async (world, board) => {
  const relay = await board()
  const hidden = { listen: ['/p2p-circuit'], bootstrap: relay.addresses }
  const a = await board(hidden)
  const b = await board(hidden)
  await world.until('each has a place at the relay', () =>
    [a, b].every(({ addresses }) => addresses.some((text) => text.includes('/p2p-circuit/'))),
  )
  a.remember(b.id, b.addresses, true)
  await world.until('they are peers', () => isUp(a, b))
  const through = a.parts.node.getConnections().map((connection) => connection.remoteAddr.toString())
  assert.ok(through.some((text) => text.includes(`/p2p-circuit/p2p/${b.id}`)))
  assert.ok(await a.send(b.id, bytesOf('over the relay')))
  await world.until('it is heard', () => b.heard.some(({ bytes }) => textOf(bytes) === 'over the relay'))
})
