import { test } from 'node:test'
import assert from 'node:assert/strict'
import { dialableAddresses, listenFaults, peerInAddress, toMultiaddr, withPeer } from '../../../../node/adapters/libp2p/addresses.ts'

test('addresses as people write them', () => {
  const cases: [string, string | null][] = [
    ['/ip4/10.0.0.5/tcp/4001', '/ip4/10.0.0.5/tcp/4001'],
    ['10.0.0.5:4001', '/ip4/10.0.0.5/tcp/4001'],
    ['[fd00::5]:4001', '/ip6/fd00::5/tcp/4001'],
    ['[FD00:0::5]:4001', '/ip6/fd00::5/tcp/4001'],
    ['board-7.local:4001', '/dns4/board-7.local/tcp/4001'],
    ['/ip4/10.0.0.5/tcp', null],
    ['/nonsense/1', null],
    ['10.0.0.5', null],
    ['10.0.0.5:0', null],
    ['10.0.0.5:70000', null],
    ['[not-v6]:1', null],
    ['a b:1', null],
    ['', null],
  ]
  for (const [text, expected] of cases) assert.equal(toMultiaddr(text), expected, text)
})

test('what cannot be listened on, without stack traces', () => {
  const words = [
    'Some configured addresses failed to be listened on, you may need to …:',
    '',
    '  /ip4/127.0.0.1/tcp/7420: Error: listen EADDRINUSE: address already in use 127.0.0.1:7420',
    '      at Server.setupListenHandle [as _listen2] (node:net:1908:16)',
    '  /ip4/192.0.2.1/tcp/7420: Error: listen EADDRNOTAVAIL: address not available',
  ].join('\n')
  assert.equal(
    listenFaults(words),
    '/ip4/127.0.0.1/tcp/7420: listen EADDRINUSE: address already in use 127.0.0.1:7420; /ip4/192.0.2.1/tcp/7420: listen EADDRNOTAVAIL: address not available',
  )
  assert.equal(listenFaults('no transport\n    at Object.x (/usr/lib/y.js:1)'), 'no transport')
})

test('the peer of an address is the destination, behind a relay too', () => {
  const [relay, peer] = ['12D3KooWRelay', '12D3KooWPeer']
  assert.equal(peerInAddress(`/ip4/1.2.3.4/tcp/1/p2p/${relay}/p2p-circuit/p2p/${peer}`), peer)
  assert.equal(peerInAddress('/ip4/1.2.3.4/tcp/1'), undefined)
  assert.equal(withPeer('/ip4/1.2.3.4/tcp/1', peer), `/ip4/1.2.3.4/tcp/1/p2p/${peer}`)
  assert.equal(withPeer(`/ip4/1.2.3.4/tcp/1/p2p/${peer}`, peer), `/ip4/1.2.3.4/tcp/1/p2p/${peer}`)
})

test('loopback is told to others only when there is nothing else', () => {
  const loopback = '/ip4/127.0.0.1/tcp/1'
  const outside = '/ip4/198.51.100.7/tcp/1'
  assert.deepEqual(dialableAddresses([loopback, outside, '/ip6/::1/tcp/1']), [outside])
  assert.deepEqual(dialableAddresses([loopback]), [loopback])
})
