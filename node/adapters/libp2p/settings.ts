// libp2p's configuration for a board, with the reasons in facts/libp2p.md. Nothing here opens or decides anything.

import '../../polyfill.ts'
import { identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater } from '@libp2p/interface'
import type { Registrar, TransportManager } from '@libp2p/interface-internal'
import { kadDHT } from '@libp2p/kad-dht'
import { createLibp2p } from 'libp2p'
import type { FleetId } from '../../../crdt/ids.ts'
import type { KeyPair } from '../key-pair.ts'
import { commonSettings } from './common-settings.ts'
import { dhtOptions, pingUnlessConnected } from './dht.ts'
import { type PeerScores, type TopicNames, gossipOptions, gossipService } from './gossip.ts'
import type { KeyRing } from './key-ring.ts'
import { networkLimits } from './limits.ts'
import { protector } from './protector.ts'
import type { OpenSocket } from './proxy.ts'
import { RelayClient } from './relay-client.ts'
import { relayServer } from './relay-server.ts'

export interface NodeSettings {
  readonly key: KeyPair
  readonly ring: KeyRing
  readonly fleet: FleetId
  readonly topics: TopicNames
  readonly fresh: PeerScores
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly gater: ConnectionGater
  /** How sockets to others are opened. */
  readonly open: OpenSocket
  readonly mdns: boolean
  /** Whether this board is a relay for others. */
  readonly isRelay: boolean
  readonly connectionsMax: number
  readonly datastore: Datastore | undefined
}

/** libp2p writes to it with every stream and every failed dial: not for an SD card, which is why the default is memory. */
export type Datastore = NonNullable<NonNullable<Parameters<typeof createLibp2p>[0]>['datastore']>

/** Created, not started: handlers have to stand before the first peer connects. */
export async function createNode(settings: NodeSettings) {
  const common = commonSettings(settings.key, protector(settings.ring), settings.open)
  const relays = new RelayClient()
  let access: { readonly registrar: Registrar; readonly transports: TransportManager } | undefined
  const node = await createLibp2p({
    ...common,
    start: false,
    transports: [...common.transports, relays.transport()],
    ...(settings.datastore ? { datastore: settings.datastore } : {}),
    addresses: { listen: [...settings.listen], announce: [...settings.announce] },
    connectionGater: settings.gater,
    connectionManager: {
      maxConnections: settings.connectionsMax,
      maxParallelDials: networkLimits.parallelDialsMax,
      addressDialTimeout: networkLimits.answerMsMax + networkLimits.handshakeMs,
      dialTimeout: networkLimits.dialMs,
      inboundConnectionThreshold: networkLimits.inboundPerSecondMax,
      maxIncomingPendingConnections: networkLimits.inboundPendingMax,
      inboundUpgradeTimeout: networkLimits.inboundUpgradeMs,
      // Who was lost the maintain loop dials, within its budget. libp2p's own try at once knows none: two boards with one key would take
      // each other's place with every handshake.
      reconnectRetries: 0,
      maxParallelReconnects: 0,
    },
    peerStore: { maxAddressAge: networkLimits.addressAgeMs, maxPeerAge: networkLimits.addressAgeMs },
    peerDiscovery: settings.mdns ? [await mdnsOf(settings.fleet)] : [],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: pingUnlessConnected(),
      gossip: gossipService(gossipOptions(settings.topics, settings.fresh)),
      dht: kadDHT(dhtOptions(settings.fleet, Math.random())),
      // The registrar is how gossipsub hears of connections; see Gossip.repair. The transports dial past libp2p's queue; see DialBackServer.
      access: ({ registrar, transportManager }: { registrar: Registrar; transportManager: TransportManager }) => {
        access = { registrar, transports: transportManager }
        return {}
      },
      ...(settings.isRelay ? { relay: relayServer() } : {}),
    },
  })
  if (access === undefined) throw new Error('libp2p did not build its services')
  return { node, relays, registrar: access.registrar, transports: access.transports }
}

/** Loaded only when asked for; the fleet is in the name, since fleets may share a local net. */
async function mdnsOf(fleet: FleetId) {
  const { mdns } = await import('@libp2p/mdns')
  return mdns({ serviceTag: `_shoal-${fleet.slice(0, 8)}._udp.local` })
}

export type BoardNode = Awaited<ReturnType<typeof createNode>>['node']
