// All peers that are connected, as links. Feeds libp2p's connection events into them, keeps one link per peer however many
// connections there are, and hangs up what is of no use: duplicates, and boards that were dialled but never spoke.

import type { Connection, Stream } from '@libp2p/interface'
import type { NodeId } from '../../../crdt/ids.ts'
import { Rates } from '../../core/rates.ts'
import { networkLimits } from './limits.ts'
import { Link, type LinkEvents } from './link.ts'
import type { NetworkLog } from './log.ts'
import { isDirect } from './paths.ts'

export interface LinksOptions {
  readonly self: NodeId
  readonly bootId: Uint8Array
  readonly events: LinkEvents
  readonly log: NetworkLog
}

export class Links {
  readonly #options: LinksOptions
  readonly #links = new Map<NodeId, Link>()
  readonly #begun = new Rates(networkLimits.frameStreamsPerPeer)

  constructor(options: LinksOptions) {
    this.#options = options
  }

  opened(connection: Connection): void {
    this.#linkOf(connection).add(connection)
  }

  closed(connection: Connection): void {
    const peer = idOf(connection)
    const link = this.#links.get(peer)
    if (link?.remove(connection) === true) this.#links.delete(peer)
  }

  accept(stream: Stream, connection: Connection): void {
    if (connection.status !== 'open') return stream.abort(new Error('the connection is closed'))
    if (!this.#mayBegin(idOf(connection))) return stream.abort(new Error('too many streams are begun'))
    const link = this.#linkOf(connection)
    link.add(connection)
    link.accept(stream, connection)
  }

  #mayBegin(peer: NodeId): boolean {
    if (this.#begun.take(peer, performance.now())) return true
    if (this.#begun.isFlagrant(peer)) this.#options.events.misbehaved(peer, 'E_FLOOD')
    return false
  }

  get(peer: NodeId): Link | undefined {
    return this.#links.get(peer)
  }

  isConnected(peer: NodeId): boolean {
    return this.#links.has(peer)
  }

  /** Peers that speak frames with us now. */
  upLinks(): Link[] {
    return [...this.#links.values()].filter((link) => link.up)
  }

  connectionCount(): number {
    let count = 0
    for (const link of this.#links.values()) count += link.connections.size
    return count
  }

  /** Called every few seconds. The smaller id of a pair closes its duplicates, so that the two ends never close both. */
  sweep(now: number): void {
    // A Map may be changed while it is walked; aborting a connection takes it out at once.
    for (const link of this.#links.values()) {
      for (const [connection, { since }] of link.connections) {
        const age = now - since
        if (!link.up && connection.direction === 'outbound' && age > networkLimits.upWithinMs) {
          connection.abort(new Error('the board does not speak frames'))
        } else if (this.#options.self < link.peer && isDuplicate(link, connection, now) && !carriesRequests(connection)) {
          void closeQuietly(connection)
        }
      }
    }
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  #linkOf(connection: Connection): Link {
    const peer = idOf(connection)
    let link = this.#links.get(peer)
    if (link === undefined) {
      link = new Link(peer, this.#options.bootId, this.#options.events, this.#options.log)
      this.#links.set(peer, link)
    }
    return link
  }
}

/** Only ed25519 PeerIds pass the gate, so the text is a NodeId or an OperatorId. */
export function idOf(connection: Connection): NodeId {
  return connection.remotePeer.toString() as NodeId
}

/** As long as there are relayed connections beside a direct one, it is they that go, even those in use: a stream is opened again on what is left. */
function isDuplicate(link: Link, connection: Connection, now: number): boolean {
  const stands = (one: Connection): boolean => now - (link.connections.get(one)?.since ?? now) > networkLimits.duplicateMs
  const all = [...link.connections.keys()]
  if (!link.up || all.length < 2 || !stands(connection)) return false
  const [direct, others] = [all.filter(isDirect), all.filter((one) => one.status === 'open' && !isDirect(one))]
  if (direct.length === 0 || others.length === 0) return !link.uses(connection)
  return others.includes(connection) && direct.some(stands)
}

function carriesRequests(connection: Connection): boolean {
  return connection.streams.some((stream) => stream.protocol.startsWith('/shoal/api/') || stream.protocol.startsWith('/libp2p/circuit/'))
}

export async function closeQuietly(connection: Connection): Promise<void> {
  await connection.close().catch((error: unknown) => {
    connection.abort(error instanceof Error ? error : new Error(String(error)))
  })
}
