// One board's gossip router: a mesh of few peers for each topic, kept by heartbeats; messages that go from mesh to mesh, once each; news of
// them for some peers outside the mesh, who ask for what they lack. As @libp2p/gossipsub does it with the boards' settings: nothing is
// flooded, nobody is asked whether a message is valid, and whoever is not in anybody's mesh hears of a message late or never.
// Left out: scores other than freshness, limits of numbers that no board reaches, exchange of peers.

import type { NodeId } from '../../crdt/ids.ts'
import type { Prng } from '../prng.ts'
import { MessageCache } from './message-cache.ts'
import { type Message, type MessageId, type Rpc, type RouterPorts, type TopicName, rpc } from './rpc.ts'
import { Seen } from './seen.ts'
import { gossipSettings as set } from './settings.ts'

interface Peer {
  readonly topics: ReadonlySet<TopicName>
  /** This board dialled it. */
  readonly isOutbound: boolean
  readonly upAt: number
  /** What it does not want, and in which heartbeat it said so. */
  readonly unwanted: Map<MessageId, number>
}

/** What one heartbeat has to tell each peer. */
type Told = Map<NodeId, { ihave: MessageId[]; graft: TopicName[]; prune: TopicName[] }>

export class Router {
  readonly #ports: RouterPorts
  readonly #prng: Prng
  readonly #peers = new Map<NodeId, Peer>()
  readonly #meshes: ReadonlyMap<TopicName, Set<NodeId>>
  /** `topic peer` → when it may be grafted again. */
  readonly #backoffs = new Map<string, number>()
  readonly #seen = new Seen()
  readonly #cache = new MessageCache()
  /** `id peer` → how often it got it because it asked. */
  readonly #answered = new Map<string, number>()
  #ticks = 0

  constructor(topics: readonly TopicName[], prng: Prng, ports: RouterPorts) {
    this.#ports = ports
    this.#prng = prng
    this.#meshes = new Map(topics.map((topic) => [topic, new Set()]))
  }

  /** The peers that get each message of the topic at once. */
  mesh(topic: TopicName): ReadonlySet<NodeId> {
    return this.#meshes.get(topic) ?? new Set()
  }

  /** A connection stands, and the peer has said what it listens to. */
  addPeer(id: NodeId, topics: readonly TopicName[], isOutbound: boolean): void {
    this.#peers.set(id, { topics: new Set(topics), isOutbound, upAt: this.#ports.now(), unwanted: new Map() })
    const graft: TopicName[] = []
    for (const [topic, mesh] of this.#meshes) {
      if (mesh.size >= set.Dlo || !topics.includes(topic) || this.#backoffs.has(keyOf(topic, id))) continue
      mesh.add(id)
      graft.push(topic)
    }
    if (graft.length > 0) this.#ports.send(id, rpc({ graft }))
  }

  removePeer(id: NodeId): void {
    this.#peers.delete(id)
    for (const mesh of this.#meshes.values()) mesh.delete(id)
  }

  publish(message: Message): void {
    const mesh = this.#meshes.get(message.topic)
    if (mesh === undefined || !this.#isNew(message)) return
    const others = this.#listeners(message.topic).filter((id) => !mesh.has(id))
    const extra = this.#prng.shuffle(others).slice(0, Math.max(0, set.D - mesh.size))
    for (const id of [...mesh, ...extra]) this.#ports.send(id, rpc({ messages: [message] }))
  }

  receive(from: NodeId, { messages, ihave, iwant, idontwant, graft, prune }: Rpc): void {
    const peer = this.#peers.get(from)
    if (peer === undefined) return
    for (const message of messages) this.#take(from, message)
    if (ihave.length + iwant.length + idontwant.length + graft.length + prune.length === 0) return
    for (const id of idontwant) peer.unwanted.set(id, this.#ticks)
    const asked = this.#prng.shuffle(ihave.filter((id) => !this.#seen.has(id)))
    const sent = iwant.flatMap((id) => this.#answer(from, peer, id))
    const refused = graft.filter((topic) => this.#isRefused(from, peer, topic))
    for (const topic of prune) this.#pruned(from, topic)
    if (asked.length + sent.length + refused.length > 0) this.#ports.send(from, rpc({ iwant: asked, messages: sent, prune: refused }))
  }

  /** Nothing but messages that are known here until long after `at` (ms), should the board be frozen then. */
  isOldNews({ messages, ihave, iwant, idontwant, graft, prune }: Rpc, at: number): boolean {
    if (ihave.length + iwant.length + idontwant.length + graft.length + prune.length > 0) return false
    return messages.every(({ id, saidAt }) => this.#seen.has(id) && at < saidAt + (set.seenMs >> 1))
  }

  heartbeat(): void {
    this.#ticks += 1
    this.#forget()
    const told: Told = new Map()
    for (const [topic, mesh] of this.#meshes) this.#tend(topic, mesh, told)
    for (const [id, parts] of told) this.#ports.send(id, rpc(parts))
    this.#cache.shift()
  }

  #take(from: NodeId, message: Message): void {
    const mesh = this.#meshes.get(message.topic)
    if (mesh === undefined || !this.#isNew(message)) return
    if (message.data.length >= set.idontwantBytesMin) {
      const calledOff = rpc({ idontwant: [message.id] })
      for (const id of mesh) if (id !== from) this.#ports.send(id, calledOff)
    }
    this.#ports.deliver(from, message)
    const passed = rpc({ messages: [message] })
    for (const id of mesh) if (id !== from && this.#peers.get(id)?.unwanted.has(message.id) !== true) this.#ports.send(id, passed)
  }

  #isNew(message: Message): boolean {
    if (this.#seen.has(message.id)) return false
    this.#seen.add(message.id, this.#ports.now() + set.seenMs)
    this.#cache.put(message)
    return true
  }

  #answer(to: NodeId, peer: Peer, id: MessageId): Message[] {
    const message = this.#cache.get(id)
    if (message === undefined || peer.unwanted.has(id)) return []
    const key = `${id} ${to}`
    const count = (this.#answered.get(key) ?? 0) + 1
    this.#answered.set(key, count)
    return count > set.retransmissions ? [] : [message]
  }

  #isRefused(from: NodeId, { isOutbound }: Peer, topic: TopicName): boolean {
    const mesh = this.#meshes.get(topic)
    if (mesh === undefined || mesh.has(from)) return false
    const isTooSoon = this.#ports.now() < (this.#backoffs.get(keyOf(topic, from)) ?? 0)
    if (!isTooSoon && (mesh.size < set.Dhi || isOutbound)) {
      mesh.add(from)
      return false
    }
    this.#backOff(topic, from)
    return true
  }

  #pruned(from: NodeId, topic: TopicName): void {
    this.#meshes.get(topic)?.delete(from)
    this.#backOff(topic, from)
  }

  #backOff(topic: TopicName, id: NodeId): void {
    this.#backoffs.set(keyOf(topic, id), this.#ports.now() + set.pruneBackoffMs)
  }

  #forget(): void {
    const now = this.#ports.now()
    this.#seen.forget(now)
    for (const { unwanted } of this.#peers.values())
      for (const [id, tick] of unwanted) if (this.#ticks - tick >= set.historyLength) unwanted.delete(id)
    if (this.#answered.size > 0 && this.#ticks % set.backoffTicks === 0) this.#answered.clear()
    if (this.#ticks % set.backoffTicks !== 0) return
    for (const [key, until] of this.#backoffs) if (until + set.backoffSlackMs < now) this.#backoffs.delete(key)
  }

  /** Keeps the topic's mesh within its bounds, mixes fresh peers in, and tells some of the others what is new. */
  #tend(topic: TopicName, mesh: Set<NodeId>, told: Told): void {
    const outside = new Set(this.#prng.shuffle(this.#listeners(topic).filter((id) => !mesh.has(id))))
    const candidates = [...outside].filter((id) => !this.#backoffs.has(keyOf(topic, id)))
    const graft = (id: NodeId): void => {
      mesh.add(id)
      outside.delete(id)
      candidates.splice(candidates.indexOf(id), 1)
      tell(told, id).graft.push(topic)
    }
    if (mesh.size < set.Dlo) for (const id of candidates.slice(0, set.D - mesh.size)) graft(id)
    if (mesh.size > set.Dhi)
      for (const id of this.#surplus(mesh)) {
        mesh.delete(id)
        outside.add(id)
        this.#backOff(topic, id)
        tell(told, id).prune.push(topic)
      }
    if (mesh.size >= set.Dlo) {
      const lacking = set.Dout - [...mesh].filter((id) => this.#isOutbound(id)).length
      if (lacking > 0) for (const id of candidates.filter((one) => this.#isOutbound(one)).slice(0, lacking)) graft(id)
    }
    if (this.#ticks % set.opportunisticTicks === 0 && mesh.size > 1) {
      const scores = [...mesh].map((id) => this.#score(id)).toSorted((a, b) => a - b)
      const median = scores[scores.length >> 1]!
      for (const id of candidates.filter((one) => this.#score(one) > median).slice(0, set.opportunisticPeers)) graft(id)
    }
    const news = this.#cache.news(topic)
    if (news.length === 0) return
    const count = Math.max(set.Dlazy, Math.floor(set.gossipFactor * outside.size))
    for (const id of this.#prng.shuffle([...outside]).slice(0, count)) tell(told, id).ihave.push(...news)
  }

  /** Who has to go: fresh peers and those that this board dialled stay first. */
  #surplus(mesh: ReadonlySet<NodeId>): NodeId[] {
    const byScore = [...mesh].toSorted((a, b) => this.#score(b) - this.#score(a))
    let order = [...byScore.slice(0, set.Dscore), ...this.#prng.shuffle(byScore.slice(set.Dscore))]
    const dialled = order.filter((id) => this.#isOutbound(id)).slice(0, set.D)
    if (order.slice(0, set.D).filter((id) => this.#isOutbound(id)).length < set.Dout)
      order = [...dialled, ...order.filter((id) => !dialled.includes(id))]
    return order.slice(set.D)
  }

  #listeners(topic: TopicName): NodeId[] {
    return [...this.#peers].flatMap(([id, { topics }]) => (topics.has(topic) ? [id] : []))
  }

  #isOutbound(id: NodeId): boolean {
    return this.#peers.get(id)?.isOutbound === true
  }

  #score(id: NodeId): number {
    const peer = this.#peers.get(id)
    return peer !== undefined && this.#ports.now() - peer.upAt < set.freshPeerMs ? 1 : 0
  }
}

function keyOf(topic: TopicName, id: NodeId): string {
  return `${topic} ${id}`
}

function tell(told: Told, id: NodeId): { ihave: MessageId[]; graft: TopicName[]; prune: TopicName[] } {
  const parts = told.get(id) ?? { ihave: [], graft: [], prune: [] }
  told.set(id, parts)
  return parts
}
