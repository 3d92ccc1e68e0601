// The whole suite over WebSocket, and what is WebSocket's alone.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { networkLimits } from '../../node/adapters/libp2p/limits.ts'
import { httpProxy } from '../support/http-proxy.ts'
import { networkAcceptance, networkRestartAcceptance } from './network-suite.ts'
import { gossips, isUp } from './network-verbs.ts'
import { type LocalBoard, createRealWorld, overTcp, overWebSocket } from './network-world.ts'

const createWorld = async () => await createRealWorld(overWebSocket)
networkAcceptance('libp2p over WebSocket', createWorld, new Set(['one-way cuts']))
networkRestartAcceptance('libp2p over WebSocket', createWorld)

const listening = { tcp: overTcp, websocket: overWebSocket }
for (const [over, listen] of Object.entries(listening))
  test(`through an HTTP proxy with a login: ${over}`, async (t) => {
    const [world, proxy] = [await createRealWorld(listen), await httpProxy('till:open sesame')]
    t.after(async () => {
      await world.close()
      proxy.close()
    })
    const a = (await world.board()) as LocalBoard
    const inside = { bootstrap: a.addresses, relay: 'off' } as const
    const b = (await world.board({ ...inside, proxy: { port: proxy.port, login: 'till:open sesame' } })) as LocalBoard
    await world.until('the two are up', () => isUp(a, b) && isUp(b, a))
    assert.deepEqual(b.paths.get(a.id), { over, via: null })
    const [, , host, , port] = a.addresses[0]!.split('/')
    assert.deepEqual([...new Set(proxy.asked)], [`${host}:${port}`])
    await gossips(world, a, [b], 'through the proxy')

    const lost = (await world.board({ ...inside, proxy: { port: proxy.port, login: 'till:wrong' } })) as LocalBoard
    const fault = (): string => lost.network.seen().ways[0]?.fault?.words ?? ''
    await world.until('the fault is told', () => fault() !== '')
    assert.match(fault(), /^Error: the proxy 127\.0\.0\.1:\d+ does not connect to 127\.0\.0\.1:\d+: 407 .*network\.proxy_login/)
    assert.doesNotMatch(fault(), /wrong/)
  })

test('who asks for something else than a WebSocket is sent away, and does not take the places of others', async (t) => {
  const world = await createWorld()
  t.after(async () => await world.close())
  const a = (await world.board()) as LocalBoard
  const port = Number(a.addresses[0]!.split('/')[4])
  const response = await fetch(`http://127.0.0.1:${port}/`)
  assert.deepEqual([response.status, await response.text()], [404, ''])
  // They say nothing at all.
  const silent = Array.from({ length: networkLimits.inboundPendingPerAddressMax }, () => connect(port, '127.0.0.1'))
  t.after(() => silent.forEach((socket) => socket.destroy()))
  await Promise.all(silent.map(async (socket) => await once(socket, 'connect')))
  const surplus = connect(port, '127.0.0.1')
  await once(surplus.resume(), 'close')
  for (const socket of silent) socket.destroy()
  const b = (await world.board({ bootstrap: a.addresses })) as LocalBoard
  await world.until('a board gets in', () => isUp(a, b))
})
