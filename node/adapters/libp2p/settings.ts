// libp2p's configuration for a board, with the reasons in facts/libp2p.md. Nothing here opens or decides anything.

import '../../polyfill.ts'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify, identifyPush } from '@libp2p/identify'
import type { ConnectionGater } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
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

export interface NodeSettings {
  readonly key: KeyPair
  readonly ring: KeyRing
  readonly fleet: FleetId
  readonly topics: TopicNames
  readonly fresh: PeerScores
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly gater: ConnectionGater
  readonly mdns: boolean
  readonly relayServer: boolean
  readonly connectionsMax: number
  readonly datastore: Datastore | undefined
}

/** libp2p writes to it with every stream and every failed dial: not for an SD card, which is why the default is memory. */
export type Datastore = NonNullable<NonNullable<Parameters<typeof createLibp2p>[0]>['datastore']>

/** Created, not started: handlers have to stand before the first peer connects. */
export async function createNode(settings: NodeSettings) {
  const common = commonSettings(settings.key, protector(settings.ring))
  let registrar: Registrar | undefined
  const node = await createLibp2p({
    ...common,
    start: false,
    transports: [...common.transports, circuitRelayTransport()],
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
      // The registrar is how gossipsub hears of connections; see Gossip.repair.
      access: (components: { registrar: Registrar }) => {
        registrar = components.registrar
        return {}
      },
      ...(settings.relayServer
        ? { relay: circuitRelayServer({ reservations: { maxReservations: networkLimits.relayReservationsMax, applyDefaultLimit: false } }) }
        : {}),
    },
  })
  if (registrar === undefined) throw new Error('libp2p did not build its services')
  return { node, registrar: registrar }
}

/** Loaded only when asked for; the fleet is in the name, since fleets may share a local net. */
async function mdnsOf(fleet: FleetId) {
  const { mdns } = await import('@libp2p/mdns')
  return mdns({ serviceTag: `_shoal-${fleet.slice(0, 8)}._udp.local` })
}

export type BoardNode = Awaited<ReturnType<typeof createNode>>['node']
