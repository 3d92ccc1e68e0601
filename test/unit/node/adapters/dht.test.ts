import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KadDHT } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import { findAddresses } from '../../../../node/adapters/libp2p/dht.ts'

const peer = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const relay = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

test('what the fleet knows of a peer names the peer, so that no other board is taken for it', async () => {
  const known = ['/ip4/10.0.0.5/tcp/7420', `/ip4/10.0.0.5/tcp/7420/p2p/${peer}`, `/ip4/10.0.0.6/tcp/7420/p2p/${relay}/p2p-circuit`]
  async function* findPeer(): AsyncGenerator {
    yield { name: 'FINAL_PEER', peer: { multiaddrs: known.map((address) => multiaddr(address)) } }
  }
  const found = await findAddresses({ findPeer } as unknown as KadDHT, peer)
  assert.deepEqual(found, [`/ip4/10.0.0.5/tcp/7420/p2p/${peer}`, `${known[2]}/p2p/${peer}`])
})
