// Builds the board's network from its options: settings that can never work are refused here, before anything listens.

import '../../polyfill.ts'
import type { FleetId, NodeId, PoolName } from '../../../crdt/ids.ts'
import { isRelayed } from '../../core/dialling/address-book.ts'
import type { Network } from '../../core/ports.ts'
import type { KeyPair } from '../key-pair.ts'
import { addressForms, ownNets, toMultiaddr } from './addresses.ts'
import { BoardNetwork, type BoardParts } from './board-network.ts'
import { Gate } from './gate.ts'
import { Gossip, PeerScores, topicNames } from './gossip.ts'
import { KeyRing } from './key-ring.ts'
import { networkLimits } from './limits.ts'
import type { NetworkLog } from './log.ts'
import { type Proxy, directly, through } from './proxy.ts'
import { type Datastore, createNode } from './settings.ts'
import { noWorkedAddresses, workedAddressesIn } from './worked-addresses.ts'

export interface NetworkOptions {
  readonly key: KeyPair
  /** The fleet's pre-shared key as the join file has it, 32 bytes; `usePsk` replaces it. */
  readonly psk: Uint8Array
  readonly fleet: FleetId
  readonly pool: PoolName
  /** Multiaddrs or host:port; with a `…/p2p-circuit` among them the board has its places at relays from libp2p, whether it can be dialled or not. */
  readonly listen: readonly string[]
  /** Told to others instead of what is listened on; empty: found out. */
  readonly announce: readonly string[]
  /** With or without `/p2p/…`; this board's own entry may be among them. */
  readonly bootstrap: readonly string[]
  /** Asked at every connection, in both directions, with the PeerId that Noise authenticated. */
  readonly mayConnect: (peer: string) => boolean
  /** Whether what the peer gossips is looked at, and whether it is given any; asked whenever that is done. */
  readonly isHeard: (peer: string) => boolean
  readonly log: NetworkLog
  readonly mdns?: boolean
  /** auto (default): it takes places at relays when it cannot be dialled, and is a relay for others. off: neither. */
  readonly relay?: 'auto' | 'off'
  /** What is in none of the board's own nets is dialled through it. */
  readonly proxy?: Proxy
  /** Which addresses are in a net that this board has an interface in, as they are when it is called. Given by tests. */
  readonly nets?: () => (address: string) => boolean
  /** Never below the fleet's size on a board that is in a bootstrap list. */
  readonly connectionsMax?: number
  readonly datastore?: Datastore
  /** Where addresses that worked are kept for the next process; not given: nowhere. */
  readonly workedAddressesFile?: string
}

/** Throws on malformed addresses or keys. Nothing is opened before `start`. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  return new BoardNetwork(await createParts(options))
}

/** Apart from `createNetwork` for tests that have to reach the libp2p node. */
export async function createParts(options: NetworkOptions): Promise<BoardParts> {
  const { log, fleet, pool, key, proxy, nets = ownNets } = options
  const gate = new Gate(options)
  const isRelay = options.relay !== 'off'
  const topics = topicNames(fleet, pool)
  const fresh = new PeerScores(options.isHeard)
  const ring = new KeyRing([options.psk])
  const { node, relays, registrar, transports } = await createNode({
    key,
    ring,
    fleet,
    topics,
    fresh,
    listen: options.listen.map(checkedAddress),
    announce: options.announce.map(checkedAddress),
    gater: gate.gater(),
    mdns: options.mdns ?? false,
    isRelay,
    open: proxy === undefined ? directly : through(proxy, (address) => nets()(address)),
    connectionsMax: options.connectionsMax ?? networkLimits.connectionsMax,
    datastore: options.datastore,
  })
  const gossip = new Gossip({ gossip: node.services.gossip, registrar, topics, fresh, isHeard: options.isHeard, log })
  const bootstrap = options.bootstrap.map(checkedAddress)
  const file = options.workedAddressesFile
  const worked = file === undefined ? noWorkedAddresses : workedAddressesIn(file, log)
  const takesPlaces = isRelay && !options.listen.some(isRelayed)
  const parts = { node, nets, ring, gate, gossip, bootstrap, worked, transports, isHeard: options.isHeard, log }
  return { ...parts, self: key.id as NodeId, relays: takesPlaces ? relays : null }
}

function checkedAddress(text: string): string {
  const address = toMultiaddr(text)
  if (address === null) throw new RangeError(`'${text}' is not an address (${addressForms})`)
  return address
}
