// gossipsub as shoal uses it: two topics, messages named by their content, no second signature, since envelopes and link states
// carry their own. It publishes and hands over what arrives; it repairs gossipsub's streams, because gossipsub itself never
// opens one again that died on a living connection (it is told of new connections only once per peer).

import { createHash } from 'node:crypto'
import { type GossipSub, type GossipsubOpts, StrictNoSign, TopicValidatorResult, gossipsub } from '@libp2p/gossipsub'
import type { Connection, Topology } from '@libp2p/interface'
import type { Registrar } from '@libp2p/interface-internal'
import type { FleetId, NodeId, PoolName } from '../../../crdt/ids.ts'
import type { Topic } from '../../core/ports.ts'
import { Rates } from '../../core/rates.ts'
import { networkLimits } from './limits.ts'
import { type NetworkLog, wordsOf } from './log.ts'

export type TopicNames = Readonly<Record<Topic, string>>

export function topicNames(fleet: FleetId, pool: PoolName): TopicNames {
  return { pool: `/shoal/${fleet}/pool/${pool}`, fleet: `/shoal/${fleet}/fleet` }
}

// 20 bytes, as go-libp2p's content hashes: far beyond chance, and the id travels in every IHAVE.
const messageIdBytes = 20

function messageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(topic).update('\0').update(data).digest().subarray(0, messageIdBytes)
}

/**
 * Which peers came up a moment ago. After a cut, both halves have full meshes and gossipsub would never join them: messages would
 * cross only with the heartbeats' digests, seconds late. A small score for fresh peers makes it graft some of them. Whoever is not heard is
 * in no mesh and is sent nothing.
 */
export class PeerScores {
  readonly #upAt = new Map<string, number>()
  readonly #isHeard: (peer: string) => boolean

  constructor(isHeard: (peer: string) => boolean) {
    this.#isHeard = isHeard
  }

  up(peer: string): void {
    this.#upAt.set(peer, performance.now())
  }

  down(peer: string): void {
    this.#upAt.delete(peer)
  }

  scoreOf(peer: string): number {
    if (!this.#isHeard(peer)) return unheardScore
    const upAt = this.#upAt.get(peer)
    return upAt !== undefined && performance.now() - upAt < networkLimits.freshPeerMs ? 1 : 0
  }
}

/**
 * Below gossipsub's thresholds for meshes, digests and publishing (-10, -50), and above the one at which it throws away all that a peer says
 * (-80): what it says of its subscriptions is said once, and holds when it is admitted.
 */
const unheardScore = -60

/** A mesh of 3 instead of libp2p's 6: each envelope comes to a board fewer times. What so small a mesh loses, anti-entropy brings. */
export function gossipOptions(topics: TopicNames, fresh: PeerScores): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictNoSign,
    msgIdFn: (message) => messageId(message.topic, message.data),
    msgIdToStrFn: (id) => Buffer.from(id).toString('latin1'),
    heartbeatInterval: networkLimits.heartbeatMs,
    D: 3,
    Dlo: 2,
    Dhi: 5,
    Dlazy: 3,
    Dscore: 1,
    Dout: 1,
    floodPublish: false,
    fallbackToFloodsub: false,
    emitSelf: false,
    doPX: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    allowedTopics: [topics.pool, topics.fleet],
    maxOutboundBufferSize: networkLimits.gossipQueueBytesMax,
    maxInboundDataLength: networkLimits.gossipRpcBytesMax,
    // More than ten boards behind one address would be graylisted: a site behind one NAT.
    scoreParams: { IPColocationFactorWeight: 0, appSpecificScore: (peer) => fresh.scoreOf(peer), appSpecificWeight: 1 },
    opportunisticGraftTicks: 1,
    opportunisticGraftPeers: 2,
  }
}

export const gossipService = gossipsub

const meshProtocol = '/meshsub/1.2.0'

export interface GossipDeps {
  readonly gossip: GossipSub
  readonly registrar: Registrar
  readonly topics: TopicNames
  readonly fresh: PeerScores
  readonly isHeard: (peer: string) => boolean
  readonly log: NetworkLog
}

export class Gossip {
  readonly #deps: GossipDeps
  readonly #messages = new Rates(networkLimits.gossipMessagesPerPeer)
  readonly #bytes = new Rates(networkLimits.gossipBytesPerPeer)
  /** Messages that were too many. */
  limited = 0
  #deafSince: number | undefined
  #warned = false

  constructor(deps: GossipDeps) {
    this.#deps = deps
  }

  start(onMessage: (from: NodeId, bytes: Uint8Array) => void): void {
    const { gossip, topics, registrar } = this.#deps
    gossip.addEventListener('gossipsub:message', ({ detail }) => {
      // The sender on this hop, not the author: gossip has no signature.
      onMessage(detail.propagationSource.toString() as NodeId, detail.msg.data)
    })
    for (const topic of [topics.pool, topics.fleet]) {
      gossip.topicValidators.set(topic, (from, { data }) =>
        this.#mayPass(from.toString(), data.length) ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore,
      )
      gossip.subscribe(topic)
    }
    if (meshTopologies(registrar).length === 0) {
      this.#deps.log.warn({}, 'gossipsub changed: its streams cannot be repaired')
    }
  }

  #mayPass(from: string, bytes: number): boolean {
    if (!this.#deps.isHeard(from)) return false
    const now = performance.now()
    if (this.#messages.take(from, now) && this.#bytes.take(from, now, bytes)) return true
    this.limited += 1
    return false
  }

  publish(topic: Topic, bytes: Uint8Array): void {
    if (bytes.length > networkLimits.frameBytesMax) {
      this.#deps.log.warn({ bytes: bytes.length }, 'a frame is too large for gossip: dropped')
      return
    }
    this.#deps.gossip.publish(this.#deps.topics[topic], bytes).catch((error: unknown) => {
      this.#deps.log.warn({ topic, error: wordsOf(error) }, 'cannot gossip')
    })
  }

  peerUp(peer: NodeId): void {
    this.#deps.fresh.up(peer)
  }

  peerDown(peer: NodeId): void {
    this.#deps.fresh.down(peer)
  }

  /**
   * gossipsub fails without a word: versions that do not fit, or peers graylisted by their score. Every board listens to the
   * fleet's topic, so peers that are up and none of which listens mean such a fault.
   */
  check(peersUp: number, now: number): void {
    const deaf = peersUp > 0 && this.#deps.gossip.getSubscribers(this.#deps.topics.fleet).length === 0
    if (!deaf) {
      this.#deafSince = undefined
      this.#warned = false
      return
    }
    this.#deafSince ??= now
    if (this.#warned || now - this.#deafSince < networkLimits.deafMs) return
    this.#warned = true
    this.#deps.log.warn({ peersUp }, 'peers are connected and none takes part in gossip: do their versions fit?')
  }

  /** Connected peers that listen to the pool's topic. */
  poolPeers(): Set<string> {
    return new Set(this.#deps.gossip.getSubscribers(this.#deps.topics.pool).map(String))
  }

  /** Tells gossipsub of this connection again: it adds the peer if it lost it, opens a stream if it has none, else does nothing. */
  repair(connection: Connection): void {
    if (connection.status !== 'open' || connection.limits !== undefined) return
    for (const topology of meshTopologies(this.#deps.registrar)) void topology.onConnect?.(connection.remotePeer, connection)
  }
}

function meshTopologies(registrar: Registrar): Topology[] {
  return registrar.getTopologies(meshProtocol)
}
