// Addresses of the bootstrap list are compared by what they mean, wherever something is removed from a list.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addressesToTry, isSameAddress } from '../../../crdt/bootstrap-addresses.ts'
import { testSigner } from '../../support/crypto.ts'

const [a, b] = [testSigner(1).node, testSigner(2).node]

test('spellings of one place are one address, with its peer and without', () => {
  for (const [one, other] of [
    ['/ip6/2001:db8::1/tcp/7420', '/ip6/2001:0DB8:0:0::0001/tcp/7420'],
    ['/ip6/2001:db8::1/tcp/7420', '[2001:db8:0:0:0:0:0:1]:7420'],
    ['/ip6/::ffff:192.0.2.1/tcp/7420', '/ip6/::ffff:c000:201/tcp/7420'],
    ['/ip6/::/tcp/7420', '/ip6/0:0:0:0:0:0:0:0/tcp/7420'],
    ['/dns4/Gate.Example.org/tcp/7420', 'gate.example.ORG:7420'],
    ['192.0.2.1:7420', `/ip4/192.0.2.1/tcp/7420/p2p/${a}`],
    [`/ip4/192.0.2.1/tcp/7420/p2p/${a}/p2p-circuit/p2p/${b}`, `/ip4/192.0.2.1/tcp/7420/p2p/${a}/p2p-circuit`],
  ] as const) {
    assert.ok(isSameAddress(one, other), `${one} ${other}`)
    assert.ok(isSameAddress(other, one), `${other} ${one}`)
  }
})

test('other places are other addresses, and so are two peers at one place', () => {
  for (const [one, other] of [
    ['/ip4/192.0.2.1/tcp/7420', '/ip4/192.0.2.1/tcp/7421'],
    ['/ip4/192.0.2.1/tcp/7420', '/ip4/192.0.2.1/udp/7420'],
    ['/ip6/2001:db8::1/tcp/7420', '/ip6/2001:db8::1:1/tcp/7420'],
    ['/ip6/1::2::3/tcp/7420', '/ip6/1:0:2::3/tcp/7420'],
    ['/dns4/gate.example.org/tcp/7420', '/dns6/gate.example.org/tcp/7420'],
    [`/ip4/192.0.2.1/tcp/7420/p2p/${a}`, `/ip4/192.0.2.1/tcp/7420/p2p/${b}`],
    [`/ip4/192.0.2.1/tcp/7420/p2p/${a}/p2p-circuit`, '/ip4/192.0.2.1/tcp/7420'],
  ] as const)
    assert.ok(!isSameAddress(one, other), `${one} ${other}`)
})

test('what was removed in any spelling is not tried; what is listed is, whatever was removed before', () => {
  const own = ['192.0.2.1:7420', '/dns4/gate.example.org/tcp/7420']
  const removed = [`/ip4/192.0.2.1/tcp/7420/p2p/${a}`]
  assert.deepEqual(addressesToTry(own, { listed: [], removed }), [own[1]])
  assert.deepEqual(addressesToTry(own, { listed: ['/ip4/192.0.2.1/tcp/7420'], removed }), [...own, '/ip4/192.0.2.1/tcp/7420'])
  assert.deepEqual(addressesToTry(own, { listed: [own[1]!], removed: [] }), own)
})
