// Who may connect, asked by PeerId as soon as Noise has authenticated the other side; and the injected cut, which has to sit at
// the same place because here every raw connection passes with its peer's name. A refused peer is refused in both directions.
// It keeps no list of members: the core's answer may change at any time.

import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { setTimeout as delay } from 'node:timers/promises'
import { HalfOpen } from './half-open.ts'
import { networkLimits } from './limits.ts'
import type { NetworkLog } from './log.ts'
import { Tap, type Traffic, isTappable } from './tap.ts'

export interface GateOptions {
  readonly mayConnect: (peer: string) => boolean
  readonly isHeard: (peer: string) => boolean
  readonly log: NetworkLog
}

export class Gate {
  readonly traffic: Traffic = { bytesSent: 0, bytesReceived: 0 }
  /** Addresses dialled, whoever asked: the maintain loop, a request, the DHT. */
  dials = 0
  /** Connections refused because their address had too many that were half open. */
  limited = 0
  readonly #halfOpen = new HalfOpen()
  readonly #options: GateOptions
  readonly #taps = new Map<MultiaddrConnection, Tap>()
  /** null: everybody. */
  #cut: ReadonlySet<string> | null = new Set()
  #warned = false

  constructor(options: GateOptions) {
    this.#options = options
  }

  isCut(peer: string | undefined): boolean {
    return this.#cut === null || (peer !== undefined && this.#cut.has(peer))
  }

  /** Drops everything to and from these peers, silently; null: everybody; an empty list: the cut heals. */
  cut(peers: readonly string[] | null): void {
    this.#cut = peers === null ? null : new Set(peers)
    for (const [connection, tap] of this.#taps) this.#apply(connection, tap)
  }

  gater(): ConnectionGater {
    const admit = async (peer: PeerId, connection: MultiaddrConnection): Promise<boolean> => await this.#denyAuthenticated(peer, connection)
    return {
      denyDialPeer: (peer) => this.#denyMember(peer.toString()),
      denyDialMultiaddr: async (address) => {
        this.dials += 1
        return await this.#denyCut(peerOf(address.toString()))
      },
      denyInboundConnection: (connection) => {
        this.#tap(connection)
        if (this.#halfOpen.begin(connection)) return false
        this.limited += 1
        return true
      },
      denyOutboundConnection: (_, connection) => {
        this.#tap(connection)
        return false
      },
      // This board relays for members alone, and to members alone.
      denyInboundRelayReservation: (peer) => !this.#options.isHeard(peer.toString()),
      denyOutboundRelayedConnection: (source, destination) =>
        [source, destination].some((peer) => !this.#options.isHeard(peer.toString()) || this.isCut(peer.toString())),
      denyInboundEncryptedConnection: admit,
      denyOutboundEncryptedConnection: admit,
      // libp2p would drop private addresses from peer records otherwise; a fleet lives on them.
      filterMultiaddrForPeer: () => true,
    }
  }

  async #denyAuthenticated(peer: PeerId, connection: MultiaddrConnection): Promise<boolean> {
    const id = peer.toString()
    this.#halfOpen.end(connection)
    const tap = this.#tap(connection)
    if (tap !== undefined) {
      tap.peer = id
      this.#apply(connection, tap)
    }
    return this.#denyMember(id) || (await this.#denyCut(id))
  }

  #denyMember(peer: string): boolean {
    if (this.#options.mayConnect(peer)) return false
    this.#options.log.debug({ peer }, 'refused: not a member')
    return true
  }

  /** A cut host does not refuse, it stays silent: the dial ends when its time is up. */
  async #denyCut(peer: string | undefined): Promise<boolean> {
    if (!this.isCut(peer)) return false
    await delay(networkLimits.answerMsMin, undefined, { ref: false })
    return true
  }

  #tap(connection: MultiaddrConnection): Tap | undefined {
    const known = this.#taps.get(connection)
    if (known !== undefined) return known
    if (!isTappable(connection)) {
      if (!this.#warned) this.#options.log.warn({}, 'libp2p changed: bytes are not counted and cuts cannot be injected')
      this.#warned = true
      return undefined
    }
    // A relayed connection's bytes pass through the relay's connection too, where they are counted.
    const tap = new Tap(connection, this.traffic, !connection.remoteAddr.toString().includes('/p2p-circuit'))
    this.#taps.set(connection, tap)
    connection.addEventListener('close', () => {
      if (!tap.held) this.#taps.delete(connection)
    })
    this.#apply(connection, tap)
    return tap
  }

  #apply(connection: MultiaddrConnection, tap: Tap): void {
    if (this.isCut(tap.peer)) return tap.hold()
    tap.release()
    if (connection.status !== 'open') this.#taps.delete(connection)
  }
}

/** The last `/p2p/` part: behind a relay's own id comes the destination's. */
function peerOf(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}
