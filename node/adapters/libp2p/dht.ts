// The fleet's private DHT: only to find a board whose addresses all changed. Answers of the local cache are never used, since
// they are what just failed (facts/libp2p.md, section 5).

import { isPeerId } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { type KadDHT, type KadDHTInit, passthroughMapper } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import { type PingComponents, type Ping, ping } from '@libp2p/ping'
import type { FleetId } from '../../../crdt/ids.ts'
import { withPeer } from './addresses.ts'
import { networkLimits } from './limits.ts'

export function dhtOptions(fleet: FleetId, chance: number): KadDHTInit {
  return {
    // The fleet in the name keeps two fleets apart that were given one pre-shared key by mistake.
    protocol: `/shoal/${fleet.slice(0, 16)}/kad/1`,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    querySelfInterval: networkLimits.querySelfMs,
    initialQuerySelfInterval: (networkLimits.firstQuerySelfMsMax * (1 + chance)) / 2,
    // Kademlia's own figure instead of ten: a search among dead boards must not dial them all at once.
    alpha: 3,
  }
}

/**
 * The DHT pings whoever it takes into its table: a stream of its own to every board that has just connected, in both directions. A board
 * with an open connection is there; when it falls silent, the core notices and hangs up.
 */
export function pingUnlessConnected(): (components: PingComponents & { connectionManager: ConnectionManager }) => Ping {
  const create = ping()
  return (components) => {
    const service = create(components)
    const real = service.ping.bind(service)
    service.ping = async (peer, options) => {
      const isConnected = isPeerId(peer) && components.connectionManager.getConnections(peer).some((one) => one.status === 'open')
      return isConnected ? 0 : await real(peer, options)
    }
    return service
  }
}

const begun = new WeakSet<KadDHT>()

/** Every search waits until kad-dht has once searched for itself. That is put off after a start, but not while somebody waits for it. */
function searchForOneself(dht: KadDHT): void {
  if (begun.has(dht)) return
  begun.add(dht)
  // Not part of its interface; a test of the network suite finds a moved board in time only with it.
  const { querySelf } = dht as unknown as { readonly querySelf?: { querySelf(): Promise<void> } }
  void querySelf?.querySelf().catch(() => undefined)
}

/**
 * The addresses that the rest of the fleet knows of this peer; empty when nobody does. Each names the peer: so it is the same as what is
 * known already, and a dial that meets another board there fails.
 */
export async function findAddresses(dht: KadDHT, peer: string, signal?: AbortSignal): Promise<string[]> {
  searchForOneself(dht)
  const limit = AbortSignal.timeout(networkLimits.findPeerMs)
  const id = peerIdFromString(peer)
  const found = new Set<string>()
  try {
    for await (const event of dht.findPeer(id, { useCache: false, signal: signal ? AbortSignal.any([signal, limit]) : limit })) {
      if (event.name === 'FINAL_PEER') for (const address of event.peer.multiaddrs) found.add(withPeer(address.toString(), peer))
    }
  } catch {
    // Not found, or no time left: both mean that nobody answered.
  }
  return [...found]
}
