import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MultiaddrConnection } from '@libp2p/interface'
import { HalfOpen, sourceOf } from '../../../../node/adapters/libp2p/half-open.ts'
import { networkLimits } from '../../../../node/adapters/libp2p/limits.ts'

function connectionFrom(address: string): MultiaddrConnection & EventTarget {
  return Object.assign(new EventTarget(), { status: 'open', remoteAddr: { toString: () => address } }) as unknown as MultiaddrConnection &
    EventTarget
}

test('one address has half of the places; whoever shows who it is, or goes, makes room', () => {
  const halfOpen = new HalfOpen()
  const { inboundPendingPerAddressMax: most, inboundPendingMax: all } = networkLimits
  assert.ok(2 * most <= all, 'others find room')
  const flood = Array.from({ length: most }, (_, n) => connectionFrom(`/ip4/192.0.2.1/tcp/${40_000 + n}`))
  for (const one of flood) assert.ok(halfOpen.begin(one))
  const late = connectionFrom('/ip4/192.0.2.1/tcp/50000')
  assert.equal(halfOpen.begin(late), false)
  assert.ok(halfOpen.begin(connectionFrom('/ip4/192.0.2.2/tcp/40000')))
  halfOpen.end(flood[0]!)
  assert.ok(halfOpen.begin(late))
  assert.equal(halfOpen.begin(connectionFrom('/ip4/192.0.2.1/tcp/50001')), false)
  flood[1]!.dispatchEvent(new Event('close'))
  // What ends twice makes room once.
  halfOpen.end(flood[1]!)
  assert.ok(halfOpen.begin(connectionFrom('/ip4/192.0.2.1/tcp/50002')))
  assert.equal(halfOpen.begin(connectionFrom('/ip4/192.0.2.1/tcp/50003')), false)
})

test('connections that were gone before they took their places keep nobody out', () => {
  const halfOpen = new HalfOpen()
  const gone = Array.from({ length: networkLimits.inboundPendingPerAddressMax }, (_, n) => connectionFrom(`/ip4/192.0.2.1/tcp/${n + 1}`))
  for (const one of gone) halfOpen.begin(Object.assign(one, { status: 'reset' }))
  assert.ok(halfOpen.begin(connectionFrom('/ip4/192.0.2.1/tcp/50000')))
})

test('an IPv6 network is one source, however its addresses are written; IPv4 addresses are told apart', () => {
  const sources = (...addresses: string[]): number => new Set(addresses.map(sourceOf)).size
  assert.equal(sources('/ip6/2001:db8:0:1::1/tcp/1', '/ip6/2001:db8:0:1:ffff:2:3:4/tcp/2', '/ip6/2001:db8:0:1::/tcp/3'), 1)
  assert.equal(sources('/ip6/2001:db8::1/tcp/1', '/ip6/2001:db8:0:1::1/tcp/1', '/ip6/::1/tcp/1', '/ip6/fe80::1/tcp/1'), 4)
  assert.equal(sources('/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.1/tcp/2'), 1)
  assert.equal(sources('/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/1'), 2)
})
