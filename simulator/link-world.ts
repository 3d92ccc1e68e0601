// A small world for liveness alone: the real code of `node/core/liveness`, message by message in virtual time, over connections
// that lose, delay, cut in one direction and go stale as TCP's do. Gossip is a mesh of four that floods each message once;
// anti-entropy runs on connections, every 30 s, and when asked for. There are no documents here. Runs are a function of the seed.

import type { NodeId } from '../crdt/ids.ts'
import {
  type LivenessEffect,
  type LivenessState,
  createLiveness,
  linkSeqs,
  linkStatesNewerThan,
  linksDigest,
  livenessOf,
  nextDeadline,
  onLinkState,
  onProbe,
  onProbeAck,
  peerDown,
  peerUp,
  setHolds,
  setMembers,
  setOwnHeads,
  tick,
} from '../node/core/liveness/liveness.ts'
import type { Entry } from '../node/core/liveness/state.ts'
import type { LivenessLimits } from '../node/core/liveness/limits.ts'
import { cheapCrypto, cheapIdentity } from './cheap-crypto.ts'
import { type Prng, createPrng } from './prng.ts'
import { EventQueue } from './queue.ts'

export interface LinkWorldOptions {
  readonly nodes: number
  readonly seed: number
  /** Of every frame and every gossip hop, 0 … 1: harsher than TCP, which only delays. */
  readonly loss?: number
  /** One way, least and most. */
  readonly delayMs?: readonly [number, number]
  /** Connections that a node dials for itself; about twice as many stand. All when absent and there are at most 20 nodes. */
  readonly dialsCount?: number
  /** Which pairs can connect at all. */
  readonly mayConnect?: (a: number, b: number) => boolean
  readonly limits?: Partial<LivenessLimits>
  readonly holds?: (self: number, node: NodeId, heads: string) => boolean
}

interface Board {
  readonly index: number
  readonly id: NodeId
  state: LivenessState | null
  boots: number
  wakeAt: number
  /** Peers whose connection this side believes in; the session tells new connections from stale ones. */
  readonly peers: Map<number, number>
  readonly mesh: Set<number>
  readonly seen: WeakSet<Uint8Array>
  /** Work in hand until then; a slow board takes this long for each event. */
  busyUntil: number
  costMs: () => number
  last: LivenessEffect[]
}

export interface Counters {
  /** Link states that were signed or sent on as news. */
  published: number
  hangUps: number
  probes: number
  /** Bytes that liveness sent, all boards together, with what TCP/IP, Noise and Yamux add. */
  bytes: number
}

const frameBytes = 105
const tcpAckBytes = 66
const meshSize = 4

export class LinkWorld {
  readonly queue = new EventQueue()
  readonly boards: Board[] = []
  readonly counters: Counters = { published: 0, hangUps: 0, probes: 0, bytes: 0 }
  /** Directions that are blocked now. */
  isCut: (from: number, to: number) => boolean = () => false
  loss: number
  /** Called after each event of a board, for checkers. */
  onChange: ((board: number) => void) | null = null
  readonly #options: LinkWorldOptions
  readonly #prng: Prng
  readonly #ids: Set<NodeId>
  readonly #indexOf = new Map<NodeId, number>()
  readonly #entries = new WeakMap<Uint8Array, Entry>()
  readonly #authorOf = new WeakMap<Uint8Array, NodeId>()
  readonly #keys = new Map<NodeId, Uint8Array>()
  #sessions = 0

  constructor(options: LinkWorldOptions) {
    this.#options = options
    this.loss = options.loss ?? 0
    this.#prng = createPrng(options.seed)
    for (let index = 0; index < options.nodes; index++) {
      const { node } = cheapIdentity(index)
      this.#indexOf.set(node, index)
      this.boards.push({
        index,
        id: node,
        state: null,
        boots: 0,
        wakeAt: Infinity,
        peers: new Map(),
        mesh: new Set(),
        seen: new WeakSet(),
        busyUntil: 0,
        costMs: () => 0,
        last: [],
      })
    }
    this.#ids = new Set(this.boards.map((board) => board.id))
  }

  get now(): number {
    return this.queue.now
  }

  run(ms: number): void {
    this.queue.run(this.now + ms)
  }

  /** Lets time pass until it holds, and says how long it took; null: not within the time. */
  until(holds: () => boolean, withinMs: number, stepMs = 25): number | null {
    const startedAt = this.now
    while (!holds()) {
      if (this.now - startedAt >= withinMs) return null
      this.run(stepMs)
    }
    return this.now - startedAt
  }

  bootAll(withinMs: number): void {
    for (const board of this.boards) this.queue.after(this.#prng.below(withinMs + 1), () => this.boot(board.index))
  }

  boot(index: number): void {
    const board = this.boards[index]!
    board.boots++
    const { signer } = cheapIdentity(index)
    const seed = this.#prng.below(2 ** 31) + 1
    const { limits, holds } = this.#options
    const state = createLiveness({
      self: board.id,
      crypto: cheapCrypto,
      signer,
      now: this.now,
      seed,
      ...(limits === undefined ? {} : { limits }),
    })
    board.state = state
    setMembers(state, this.#ids)
    if (holds !== undefined) setHolds(state, (node, heads) => holds(index, node, heads))
    this.heads(index, `boot ${board.boots}`)
    this.#maintain(board, board.boots)
    this.#compareOnTimer(board, board.boots)
  }

  /** The own document's heads become these. */
  heads(index: number, heads: string): void {
    const board = this.boards[index]!
    if (board.state !== null) this.#carryOut(board, setOwnHeads(board.state, heads, this.now))
  }

  /** The process ends: the kernel closes its connections, where packets still pass. */
  kill(index: number): void {
    const board = this.boards[index]!
    for (const peer of board.peers.keys()) this.#hangUp(board, peer, false)
    this.powerOff(index)
  }

  /** Nothing is said to anybody. */
  powerOff(index: number): void {
    const board = this.boards[index]!
    board.state = null
    board.peers.clear()
    board.mesh.clear()
  }

  /** Each event costs this board so long, one after the other. */
  slow(index: number, costMs: () => number): void {
    this.boards[index]!.costMs = costMs
  }

  /** How `observer` sees `subject`. */
  sees(observer: number, subject: number): string {
    const { state } = this.boards[observer]!
    return state === null ? 'off' : livenessOf(state, this.boards[subject]!.id)
  }

  live(): number[] {
    return this.boards.filter((board) => board.state !== null).map((board) => board.index)
  }

  #event(board: Board, act: (state: LivenessState, now: number) => readonly LivenessEffect[], heard: Uint8Array | null = null): void {
    const boots = board.boots
    const run = (): void => {
      if (board.state === null || board.boots !== boots) return
      if (this.now < board.busyUntil) return this.queue.at(board.busyUntil, run)
      board.busyUntil = this.now + board.costMs()
      const effects = act(board.state, this.now)
      if (heard !== null) this.#share(board.state, heard)
      this.#carryOut(board, effects)
    }
    run()
  }

  /** A thousand tables of a thousand entries are the same few objects here: what two boards decoded alike is kept once. */
  #share(state: LivenessState, bytes: Uint8Array): void {
    const author = this.#authorOf.get(bytes) ?? [...state.table.values()].find((entry) => entry.state.bytes === bytes)?.state.author
    if (author === undefined) return
    this.#authorOf.set(bytes, author)
    const own = state.table.get(author)
    if (own === undefined || own.state.bytes !== bytes) return
    const shared = this.#entries.get(bytes) ?? own
    this.#entries.set(bytes, shared)
    state.table.set(author, shared)
    const key = this.#keys.get(author) ?? state.keys.get(author)
    if (key === undefined) return
    this.#keys.set(author, key)
    state.keys.set(author, key)
  }

  #carryOut(board: Board, effects: readonly LivenessEffect[]): void {
    for (const effect of effects) this.#effect(board, effect)
    this.onChange?.(board.index)
    this.#arm(board)
  }

  #arm(board: Board): void {
    if (board.state === null) return
    const at = Math.max(nextDeadline(board.state), this.now + 1)
    if (at >= board.wakeAt && board.wakeAt > this.now) return
    board.wakeAt = at
    if (at === Infinity) return
    this.queue.at(at, () => {
      if (board.wakeAt !== at) return
      board.wakeAt = Infinity
      this.#event(board, (state, now) => tick(state, now, now - at))
    })
  }

  #effect(board: Board, effect: LivenessEffect): void {
    switch (effect.kind) {
      case 'probe':
        this.counters.probes++
        this.#spend(frameBytes + tcpAckBytes)
        return this.#send(board, this.#index(effect.to), (peer) =>
          this.#event(peer, (state, now) => onProbe(state, board.id, effect.n, now)),
        )
      case 'probe-ack':
        this.#spend(frameBytes)
        return this.#send(board, this.#index(effect.to), (peer) =>
          this.#event(peer, (state, now) => onProbeAck(state, board.id, effect.n, now)),
        )
      case 'publish':
        this.counters.published++
        return this.#gossip(board, effect.state)
      case 'relay':
        return this.#sendStates(board, this.#index(effect.to), effect.states)
      case 'compare':
        return this.#compare(board, this.#index(effect.to))
      case 'hang-up':
        this.counters.hangUps++
        return this.#hangUp(board, this.#index(effect.peer), true)
    }
  }

  #index(node: NodeId): number {
    return this.#indexOf.get(node)!
  }

  #spend(bytes: number): void {
    this.counters.bytes += bytes
  }

  #delayMs(): number {
    const [least, most] = this.#options.delayMs ?? [2, 20]
    return least + this.#prng.below(most - least + 1)
  }

  /** A frame on the stream: it arrives if both ends still mean the same connection, nothing is cut, and it is not lost. */
  #send(board: Board, to: number, arrive: (peer: Board) => void): void {
    const session = board.peers.get(to)
    if (session === undefined || this.isCut(board.index, to) || this.#prng.chance(this.loss)) return
    this.queue.after(this.#delayMs(), () => {
      const peer = this.boards[to]!
      if (peer.peers.get(board.index) === session) arrive(peer)
    })
  }

  #sendStates(board: Board, to: number, states: readonly Uint8Array[]): void {
    for (const bytes of states) {
      this.#spend(frameBytes + bytes.length)
      this.#send(board, to, (peer) => this.#event(peer, (state, now) => onLinkState(state, bytes, board.id, now, 'stream'), bytes))
    }
  }

  #gossip(board: Board, bytes: Uint8Array, cameFrom = -1): void {
    if (board.seen.has(bytes)) return
    board.seen.add(bytes)
    for (const to of board.mesh) {
      if (to === cameFrom) continue
      this.#spend(frameBytes + bytes.length)
      this.#send(board, to, (peer) => {
        if (peer.seen.has(bytes)) return
        this.#event(peer, (state, now) => onLinkState(state, bytes, board.id, now, 'gossip'), bytes)
        this.#gossip(peer, bytes, board.index)
      })
    }
  }

  /** What `node/core/replicate.ts` does with `links-have`. */
  #compare(board: Board, to: number, seqs: readonly (readonly [NodeId, number])[] | null = null): void {
    if (board.state === null) return
    const digest = linksDigest(board.state)
    this.#spend(frameBytes + (seqs === null ? 16 : seqs.length * 56))
    this.#send(board, to, (peer) => {
      if (peer.state === null || (seqs === null && linksDigest(peer.state) === digest)) return
      if (seqs === null) return this.#compare(peer, board.index, linkSeqs(peer.state))
      this.#sendStates(peer, board.index, linkStatesNewerThan(peer.state, seqs))
      const own = new Map(linkSeqs(peer.state))
      if (seqs.some(([node, sequence]) => (own.get(node) ?? -1) < sequence)) this.#compare(peer, board.index, [...own])
    })
  }

  #compareOnTimer(board: Board, boots: number): void {
    this.queue.after(25_000 + this.#prng.below(10_000), () => {
      if (board.state === null || board.boots !== boots) return
      const to = this.#prng.pick([...board.peers.keys()])
      if (to !== undefined) this.#compare(board, to)
      this.#compareOnTimer(board, boots)
    })
  }

  /** The redial loop of the network adapter: for ever, with jitter. */
  #maintain(board: Board, boots: number): void {
    if (board.state === null || board.boots !== boots) return
    const { nodes, dialsCount, mayConnect } = this.#options
    const target = dialsCount ?? (nodes <= 20 ? nodes - 1 : 8)
    if (board.peers.size < target) {
      const others = this.boards.filter(
        (other) => other !== board && !board.peers.has(other.index) && (mayConnect?.(board.index, other.index) ?? true),
      )
      for (const other of this.#prng.shuffle(others).slice(0, Math.min(target - board.peers.size, nodes <= 20 ? nodes : 4)))
        this.#dial(board, other)
    }
    const next = board.peers.size === 0 ? 1_000 : 4_000 + this.#prng.below(2_000)
    this.queue.after(next, () => this.#maintain(board, boots))
  }

  #dial(board: Board, other: Board): void {
    const boots = board.boots
    this.queue.after(3 * this.#delayMs(), () => {
      if (board.state === null || other.state === null || board.boots !== boots || board.peers.has(other.index)) return
      if (this.isCut(board.index, other.index) || this.isCut(other.index, board.index)) return
      this.#connect(board, other)
    })
  }

  #connect(board: Board, other: Board): void {
    const session = ++this.#sessions
    for (const [side, peer] of [
      [board, other],
      [other, board],
    ] as const) {
      const stale = side.peers.has(peer.index)
      side.peers.set(peer.index, session)
      this.#graft(side, peer)
      // A side that still believes in an older connection hears of no new one.
      if (!stale) this.#event(side, (state, now) => peerUp(state, peer.id, now))
    }
    this.#compare(board, other.index)
  }

  #graft(a: Board, b: Board): void {
    if ((a.mesh.size >= meshSize && b.mesh.size >= meshSize) || a.mesh.size >= 2 * meshSize || b.mesh.size >= 2 * meshSize) return
    a.mesh.add(b.index)
    b.mesh.add(a.index)
  }

  /** This side closes; the other hears of it where packets still pass. */
  #hangUp(board: Board, to: number, tellSelf: boolean): void {
    const session = board.peers.get(to)
    if (session === undefined) return
    if (!this.isCut(board.index, to)) this.queue.after(this.#delayMs(), () => this.#gone(this.boards[to]!, board.index, session))
    if (tellSelf) this.queue.after(0, () => this.#gone(board, to, session))
  }

  #gone(board: Board, peer: number, session: number): void {
    if (board.peers.get(peer) !== session) return
    board.peers.delete(peer)
    board.mesh.delete(peer)
    this.boards[peer]!.mesh.delete(board.index)
    for (const other of board.peers.keys()) if (board.mesh.size < meshSize) this.#graft(board, this.boards[other]!)
    this.#event(board, (state, now) => peerDown(state, this.boards[peer]!.id, now))
  }
}
