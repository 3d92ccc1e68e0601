// Places at relays, and which of several connections to a board is kept, on connections of which only the state is there.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Connection } from '@libp2p/interface'
import type { NodeId } from '../../../../crdt/ids.ts'
import { AddressBook } from '../../../../node/core/dialling/address-book.ts'
import { dialLimits } from '../../../../node/core/dialling/limits.ts'
import type { Link } from '../../../../node/adapters/libp2p/link.ts'
import { networkLimits } from '../../../../node/adapters/libp2p/limits.ts'
import { Links } from '../../../../node/adapters/libp2p/links.ts'
import type { RelayClient } from '../../../../node/adapters/libp2p/relay-client.ts'
import { Relays } from '../../../../node/adapters/libp2p/relays.ts'
import { remoteOf } from '../../../../node/adapters/libp2p/websocket-listener.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

function connection(remoteAddr: string, direction: 'inbound' | 'outbound', closed: string[] = []): Connection {
  const one = {
    remoteAddr,
    direction,
    status: 'open',
    streams: [],
    remotePeer: 'peer',
    newStream: async () => await Promise.reject(new Error('nobody is there')),
    close: async () => void closed.push(remoteAddr),
  }
  return one as unknown as Connection
}

const direct = '/ip4/10.0.0.2/tcp/4001'
const relayed = '/ip4/10.0.0.1/tcp/4001/p2p/relay/p2p-circuit'

test('a place that comes when members have dialled this board is given up', async () => {
  let arrive = (): void => undefined
  const taken = new Promise<void>((resolve) => (arrive = resolve))
  const left: string[] = []
  const client = { onLost: () => undefined, take: async () => await taken, leave: (relay: string) => void left.push(relay) }
  const connections = new Map([[connection(direct, 'outbound'), { since: 0 }]])
  const relays = new Relays({
    self: 'self',
    client: client as unknown as RelayClient,
    book: new AddressBook({ workedMax: dialLimits.workedMax }),
    members: () => [{ peer: 'gate', connections } as unknown as Link],
    offersPlaces: () => true,
    isNear: () => false,
    onAddresses: () => undefined,
    log,
  })
  relays.look(1_000, false)
  connections.set(connection(direct, 'inbound'), { since: 0 })
  relays.look(2_000, true)
  arrive()
  await new Promise(setImmediate)
  assert.deepEqual(relays.addresses(), [])
  assert.deepEqual(left, ['gate', 'gate'], 'and what has come since')
})

function sweepOf(t: TestContext, addresses: readonly string[], ageMs: number, used: string): string[] {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const events = { up: () => undefined, down: () => undefined, frame: () => undefined, misbehaved: () => undefined }
  const links = new Links({ self: 'a' as NodeId, bootId: new Uint8Array(16), events, log })
  const closed: string[] = []
  for (const address of addresses) links.opened(connection(address, 'inbound', closed))
  const link = links.get('peer' as NodeId)!
  link.up = true
  link.uses = ({ remoteAddr }) => String(remoteAddr) === used
  now = ageMs
  links.sweep(now)
  links.closeAll()
  return closed
}

test('a relayed connection is closed once a direct one stands, whichever of the two is in use', (t) => {
  const age = networkLimits.duplicateMs
  for (const used of [direct, relayed]) {
    assert.deepEqual(sweepOf(t, [relayed, direct], age, used), [])
    assert.deepEqual(sweepOf(t, [relayed, direct], age + 1, used), [relayed], `${used} is in use`)
  }
  assert.deepEqual(sweepOf(t, [relayed], age + 1, direct), [], 'it is the only one')
  assert.deepEqual(sweepOf(t, [direct, `${direct}1`], age + 1, direct), [`${direct}1`], 'of direct ones, that which is not in use')
})

test('who comes from a link-local address has one, without its zone', () => {
  assert.equal(remoteOf({ remoteAddress: 'fe80::1%eth0', remotePort: 4001 }).toString(), '/ip6/fe80::1/tcp/4001/ws')
})
