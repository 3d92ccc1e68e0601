// The core's `Network` port on a libp2p node: wires gate, links, gossip, API and maintain loop together and owns the order in
// which they start and stop. Frames are bytes here; nothing in this folder looks into them.

import { randomBytes } from 'node:crypto'
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Connection } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import { addressesToTry } from '../../../crdt/bootstrap-addresses.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { ApiChannel, ConnectionSeen, Network, NetworkHandlers, NetworkSeen, NetworkStats, Topic } from '../../core/ports.ts'
import { AddressBook, isRelayed } from '../../core/dialling/address-book.ts'
import { dialLimits } from '../../core/dialling/limits.ts'
import { dialableAddresses, listenFaults, peerInAddress, toMultiaddr, withPeer } from './addresses.ts'
import { ApiServer, apiProtocol, requestOn } from './api-protocol.ts'
import { findAddresses } from './dht.ts'
import { DialBackServer, dialBackProtocol } from './dial-back.ts'
import { dialAddress } from './dial.ts'
import { bootIdBytes, framesProtocol } from './frame-stream.ts'
import type { Gate } from './gate.ts'
import type { Gossip } from './gossip.ts'
import type { KeyRing } from './key-ring.ts'
import { networkLimits } from './limits.ts'
import { Links, closeQuietly, idOf } from './links.ts'
import { type NetworkLog, wordsOf } from './log.ts'
import { type DialOutcome, Maintain } from '../../core/dialling/maintain.ts'
import { bestPath } from './paths.ts'
import { reach } from './reach.ts'
import type { RelayClient } from './relay-client.ts'
import { Relays } from './relays.ts'
import type { BoardNode } from './settings.ts'
import type { WorkedAddresses } from './worked-addresses.ts'

export interface BoardParts {
  readonly self: NodeId
  readonly node: BoardNode
  readonly ring: KeyRing
  readonly gate: Gate
  readonly gossip: Gossip
  readonly transports: TransportManager
  readonly nets: () => (address: string) => boolean
  /** null: this board takes no places at relays by itself. */
  readonly relays: RelayClient | null
  readonly bootstrap: readonly string[]
  /** Addresses that worked for earlier processes of this board, with their peers. */
  readonly worked: WorkedAddresses
  readonly isHeard: (peer: string) => boolean
  readonly log: NetworkLog
}

export class BoardNetwork implements Network {
  readonly #parts: BoardParts
  readonly #book = new AddressBook({ workedMax: dialLimits.workedMax })
  readonly #links: Links
  readonly #maintain: Maintain
  readonly #api: ApiServer
  readonly #dialBack: DialBackServer
  readonly #relays: Relays | null
  /** Members that have said that they are relays. */
  readonly #offering = new Set<string>()
  readonly #paths = new Map<NodeId, string>()
  #isNear: (address: string) => boolean
  readonly #warnedAddresses = new Set<string>()
  #handlers: NetworkHandlers | undefined
  #sweepTimer: NodeJS.Timeout | undefined
  #lastAddresses = ''
  #lastOwn = ''
  #interfacesAt = 0

  constructor(parts: BoardParts) {
    this.#parts = parts
    const { self, log } = parts
    this.#isNear = parts.nets()
    this.#links = new Links({
      self,
      bootId: randomBytes(bootIdBytes),
      log,
      events: {
        up: (peer) => this.#onUp(peer),
        down: (peer) => this.#onDown(peer),
        frame: (from, frame) => this.#handlers?.frame(from, frame, 'stream'),
        misbehaved: (peer, code) => this.#handlers?.misbehaved(peer, code),
      },
    })
    this.#api = new ApiServer((channel: ApiChannel) => this.#handlers?.api(channel), log)
    this.#dialBack = new DialBackServer({
      transports: parts.transports,
      isHeard: parts.isHeard,
      addressesOf: async (peer) => await this.#publishedBy(peer),
      onDials: (count) => (parts.gate.dials += count),
    })
    this.#relays = this.#createRelays()
    this.#maintain = new Maintain({
      book: this.#book,
      log,
      dial: async (address, peer, failures, done) => done(await this.#dial(address, peer, failures)),
      search: async (peer, done) => done(await findAddresses(parts.node.services.dht, peer)),
      isConnected: (peer) => peer === self || this.#links.isConnected(peer as NodeId),
      peers: () => this.#peerCounts(),
      hangUp: (peer) => this.#hangUp(peer as NodeId),
      now: () => performance.now(),
      chance: Math.random,
      after: (ms, act) => {
        const timer = setTimeout(act, ms).unref()
        return () => clearTimeout(timer)
      },
    })
    this.bootstrap([], [])
    for (const { address, peer } of parts.worked.read()) this.#book.worked(address, peer)
  }

  async start(handlers: NetworkHandlers): Promise<void> {
    const { node, gossip, self } = this.#parts
    this.#handlers = handlers
    node.addEventListener('connection:open', ({ detail }) => this.#links.opened(detail))
    node.addEventListener('connection:close', ({ detail }) => this.#onClosed(detail))
    node.addEventListener('peer:discovery', ({ detail }) => {
      this.#book.found(
        detail.id.toString(),
        detail.multiaddrs.map((address) => withPeer(address.toString(), detail.id.toString())),
      )
    })
    node.addEventListener('self:peer:update', () => this.#tellAddresses())
    node.addEventListener('peer:identify', ({ detail }) => {
      if (detail.protocols.includes(RELAY_V2_HOP_CODEC)) this.#offering.add(detail.peerId.toString())
      else this.#offering.delete(detail.peerId.toString())
    })
    await node.handle(dialBackProtocol, (stream, connection) => this.#dialBack.accept(stream, connection), streamsMax(1))
    const frames = streamsMax(networkLimits.frameStreamsPerConnectionMax)
    await node.handle(framesProtocol, (stream, connection) => this.#links.accept(stream, connection), frames)
    const requests = streamsMax(networkLimits.apiStreamsPerConnectionMax)
    await node.handle(apiProtocol, (stream, connection) => this.#api.accept(stream, connection), requests)
    try {
      await node.start()
    } catch (error) {
      throw new Error(listenFaults(wordsOf(error)), { cause: error })
    }
    gossip.start((from, bytes) => {
      if (from !== self) this.#handlers?.frame(from, bytes, 'gossip')
    })
    this.#tellAddresses()
    this.#sweepTimer = setInterval(() => this.#sweep(), networkLimits.sweepMs)
    this.#sweepTimer.unref()
    this.#maintain.start()
  }

  async stop(): Promise<void> {
    this.#handlers = undefined
    this.#maintain.stop()
    clearInterval(this.#sweepTimer)
    this.#parts.gate.cut([])
    this.#links.closeAll()
    await this.#parts.node.stop()
  }

  send(peer: NodeId, frame: Uint8Array): boolean {
    if (frame.length > networkLimits.frameBytesMax) {
      this.#parts.log.warn({ peer, bytes: frame.length }, 'a frame is too large: dropped')
      return false
    }
    const link = this.#links.get(peer)
    return link?.up === true && link.send(frame)
  }

  broadcast(topic: Topic, frame: Uint8Array): void {
    this.#parts.gossip.publish(topic, frame)
  }

  disconnect(peer: NodeId, reason: string): void {
    const link = this.#links.get(peer)
    if (link === undefined) return
    this.#parts.log.info({ peer, reason }, 'hanging up')
    link.abort(reason)
  }

  remember(peer: NodeId, addresses: readonly string[], wanted: boolean): void {
    if (peer === this.#parts.self) return
    const usable = addresses.flatMap((address) => toMultiaddr(address) ?? [])
    this.#book.remember(
      peer,
      usable.map((address) => withPeer(address, peer)),
      wanted,
    )
  }

  forget(peer: NodeId): void {
    this.#book.forget(peer)
  }

  bootstrap(listed: readonly string[], removed: readonly string[]): void {
    const usable = listed.flatMap((address) => toMultiaddr(address) ?? [])
    const wanted = addressesToTry(this.#parts.bootstrap, { listed: usable, removed })
    this.#book.setBootstrap(new Map(wanted.map((address) => [address, peerInAddress(address)])))
    this.#maintain.hurry()
  }

  usePsk(keys: readonly Uint8Array[]): void {
    this.#parts.ring.use(keys)
    // Whoever could not be reached for want of a key may be now.
    this.#maintain.recovered()
  }

  async *request(peer: NodeId, request: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { node, transports, log } = this.#parts
    yield* requestOn(await reach({ node, transports, book: this.#book, peer, signal, log }), request, signal)
  }

  injectCut(peers: readonly NodeId[] | null): void {
    this.#parts.log.warn({ peers }, peers?.length === 0 ? 'fault injection: healed' : 'fault injection: cut')
    this.#parts.gate.cut(peers)
  }

  stats(): NetworkStats {
    const { gate, gossip } = this.#parts
    const { bytesSent, bytesReceived } = gate.traffic
    const limited = gate.limited + gossip.limited
    return { connections: this.#links.connectionCount(), bytesSent, bytesReceived, dials: gate.dials, limited }
  }

  seen(): NetworkSeen {
    const connections = this.#links.upLinks().flatMap(({ peer, connections: all }): ConnectionSeen[] => {
      const open = [...all.keys()].filter(({ status }) => status === 'open')
      if (open.length === 0) return []
      const by = open.some(({ direction }) => direction === 'outbound') ? 'here' : 'there'
      return [{ node: peer, by, isRelayed: open.every(({ remoteAddr }) => isRelayed(remoteAddr.toString())) }]
    })
    return { ways: this.#book.ways(performance.now()), connections }
  }

  #onUp(peer: NodeId): void {
    if (this.#book.reached(peer)) this.#maintain.recovered()
    this.#parts.gossip.peerUp(peer)
    this.#repairGossip(peer)
    this.#handlers?.peerUp(peer)
    this.#tellPath(peer)
  }

  #onDown(peer: NodeId): void {
    this.#book.lost(peer)
    this.#parts.gossip.peerDown(peer)
    this.#paths.delete(peer)
    this.#offering.delete(peer)
    this.#handlers?.peerDown(peer)
    this.#maintain.hurry()
  }

  #onClosed(connection: Connection): void {
    const peer = idOf(connection)
    this.#links.closed(connection)
    this.#repairGossip(peer)
  }

  /** gossipsub must have a stream on a connection that lives. */
  #repairGossip(peer: NodeId): void {
    const link = this.#links.get(peer)
    if (link?.up !== true) return
    const connection = [...link.connections.keys()].findLast((one) => one.status === 'open')
    if (connection !== undefined) this.#parts.gossip.repair(connection)
  }

  #sweep(): void {
    const now = performance.now()
    this.#links.sweep(now)
    const up = this.#links.upLinks()
    for (const link of up) {
      this.#repairGossip(link.peer)
      this.#tellPath(link.peer)
    }
    this.#relays?.look(now, this.#lastOwn !== '')
    this.#parts.gossip.check(up.length, now)
    if (now - this.#interfacesAt >= networkLimits.interfacesEveryMs) this.#tellAddresses()
  }

  #tellPath(peer: NodeId): void {
    const path = bestPath(this.#links.get(peer)?.connections.keys() ?? [])
    if (path === null || this.#paths.get(peer) === JSON.stringify(path)) return
    this.#paths.set(peer, JSON.stringify(path))
    this.#handlers?.path(peer, path)
  }

  /** Interfaces come and go without any event of libp2p: looked at now and then. */
  #tellAddresses(): void {
    this.#interfacesAt = performance.now()
    this.#isNear = this.#parts.nets()
    const found = dialableAddresses(this.#parts.node.getMultiaddrs().map(String))
    const own = found.filter((address) => !isRelayed(address)).join(' ')
    if (own !== this.#lastOwn) this.#relays?.ownAddressesChanged()
    this.#lastOwn = own
    const addresses = [...found, ...(this.#relays?.addresses() ?? [])]
    const text = addresses.join(' ')
    if (text === this.#lastAddresses || addresses.length === 0) return
    this.#lastAddresses = text
    this.#handlers?.addresses(addresses)
  }

  #createRelays(): Relays | null {
    const { relays, self, log, isHeard } = this.#parts
    if (relays === null) return null
    return new Relays({
      self,
      client: relays,
      book: this.#book,
      members: () => this.#links.upLinks().filter(({ peer }) => isHeard(peer)),
      offersPlaces: (peer) => this.#offering.has(peer),
      isNear: (address) => this.#isNear(address),
      onAddresses: () => this.#tellAddresses(),
      log,
    })
  }

  /** In its document, and what it has said of itself on its connection. */
  async #publishedBy(peer: string): Promise<string[]> {
    const written = this.#book.entriesOf(peer).filter(({ sources }) => sources.has('remembered'))
    const said = await this.#parts.node.peerStore.get(peerIdFromString(peer)).catch(() => null)
    return [...written.map(({ address }) => address), ...(said?.addresses ?? []).map(({ multiaddr }) => multiaddr.toString())]
  }

  #peerCounts(): { all: number; pool: number } {
    const pool = this.#parts.gossip.poolPeers()
    // Who is not listened to is no company.
    const up = this.#links.upLinks().filter(({ peer }) => this.#parts.isHeard(peer))
    return { all: up.length, pool: up.filter(({ peer }) => this.#book.isWanted(peer) || pool.has(peer)).length }
  }

  async #dial(address: string, peer: string | undefined, failures: number): Promise<DialOutcome> {
    try {
      const connection = await dialAddress(this.#parts.node, address, failures)
      const found = connection.remotePeer.toString()
      if (this.#book.worked(address, found)) this.#parts.worked.write(this.#book.workedAddresses())
      return { peer: found }
    } catch (error) {
      const fault = wordsOf(error)
      // This board's own entry of the shared bootstrap list: it counts as connected from now on.
      if (/dial self/i.test(fault)) return { peer: this.#parts.self }
      if (fault.includes('EncryptionFailed')) this.#warnOnce(address, peer, fault)
      return { fault }
    }
  }

  #warnOnce(address: string, peer: string | undefined, error: string): void {
    if (this.#warnedAddresses.has(address) || this.#warnedAddresses.size >= networkLimits.foundPeersMax) return
    this.#warnedAddresses.add(address)
    this.#parts.log.warn({ address, peer, error }, 'the handshake failed: is that board of the same fleet (pre-shared key)?')
  }

  #hangUp(peer: NodeId): void {
    for (const connection of this.#links.get(peer)?.connections.keys() ?? []) void closeQuietly(connection)
  }
}

function streamsMax(count: number): { maxInboundStreams: number; maxOutboundStreams: number } {
  return { maxInboundStreams: count, maxOutboundStreams: count }
}
