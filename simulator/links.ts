// The simulated network: connections that stand until somebody ends them, cuts that nobody is told of, streams in order that wait
// out a cut as TCP does, and (if asked for) frames that are lost, doubled or late. Gossip goes from board to board over the same
// connections. It carries bytes and knows nothing of what they say.

import type { NodeId } from '../crdt/ids.ts'
import { isShunned } from '../node/core/conduct/state.ts'
import type { CoreEvent } from '../node/core/event.ts'
import type { Topic } from '../node/core/ports.ts'
import { wireLimits } from '../node/core/wire.ts'
import { type Board, isEnd, isWhole } from './board.ts'
import { Dialling } from './dialling.ts'
import { Gossip } from './gossip/gossip.ts'
import { type Message, type Rpc, rpc, rpcBytes } from './gossip/rpc.ts'
import type { Prng } from './prng.ts'
import type { EventQueue } from './queue.ts'
import { resendMs, resentLate } from './routes.ts'
import { Uplinks, uplinkQueueMsMax } from './uplinks.ts'

/** Chances (0 … 1) and the most ms that a frame may be late; all drawn from one generator, so that a run can be repeated. */
export interface LinkFaults {
  readonly prng: Prng
  readonly loss?: number
  readonly duplicate?: number
  readonly lateMs?: number
  /** Streams behave as TCP does: what is lost is sent again and comes later, in order and once. Only messages of gossip are lost. */
  readonly isTcp?: boolean
  /** Now and then something takes very long: a stream stops for so long, and a message of gossip is overtaken by all that come after it. */
  readonly tail?: Tail
}

export interface Tail {
  /** Of each frame and message, 0 … 1. */
  readonly chance: number
  readonly leastMs: number
  readonly mostMs: number
}

/** One direction between two boards. */
interface Lane {
  isCut: boolean
  /** What waits for the cut to end. */
  held: (() => void)[]
  heldBytes: number
  /** When the newest frame of the stream arrives: none overtakes it. */
  arrivesAt: number
}

function shuns({ core }: Board, other: Board): boolean {
  return core?.state != null && isShunned(core.state, other.spec.id)
}

function takeHeld(lane: Lane): readonly (() => void)[] {
  const { held } = lane
  lane.held = []
  lane.heldBytes = 0
  return held
}

/** The faults of a world lose a segment four times in a row at most: they are bad links, and a dead one is a cut. */
const lastResendMs = 1_600
/**
 * So much of a connection waits for a cut to end: the adapter's queue and a stream's window, of 1 MiB each. What is newer is dropped, as a
 * full send queue does.
 */
const heldBytesMax = 2_097_152
/** Where boards do not dial: how soon two that were hung up are connected again. */
const redialMs = 2_000

export interface LinksInput {
  readonly queue: EventQueue
  /** All machines, those that have another's key as well. */
  readonly boards: ReadonlySet<Board>
  readonly feed: (board: Board, event: CoreEvent) => void
  /** Once the board is free and has taken what came before. */
  readonly takeInTurn: (board: Board, act: () => void) => void
  /** Whom a board can connect to. */
  readonly around: (board: Board) => readonly Board[]
  readonly delayMs: number
  /** For what gossip leaves to chance. */
  readonly seed: number
  /** A message of gossip that this says true for is lost on a connection to that node, as in a send queue that is full. */
  readonly loses: (to: NodeId, count: number) => boolean
  /** Boards dial one another by the addresses that they know; otherwise each is connected with all others as soon as that is possible. */
  readonly isDialled: boolean
  /** Frames that never arrive, on any way: for planted faults. */
  readonly swallows?: (frame: Uint8Array) => boolean
}

export class Links {
  faults: LinkFaults | null = null
  /** Boards behind thin lines. */
  readonly uplinks = new Uplinks()
  readonly gossip: Gossip
  readonly dialling: Dialling
  messages = 0
  bytes = 0
  readonly #input: LinksInput
  /** From → to; those that anything ever happened on. */
  readonly #lanes = new Map<Board, Map<Board, Lane>>()

  constructor(input: LinksInput) {
    this.#input = input
    const { queue, seed, boards, delayMs, takeInTurn } = input
    this.dialling = new Dialling({ queue, seed, boards, links: this, delayMs })
    this.gossip = new Gossip({
      queue,
      seed,
      takeInTurn,
      send: (from, to, rpc) => this.#sendRpc(from, to, rpc),
      deliver: (to, from, { data }) => this.#frame(to, from, data, 'gossip'),
    })
  }

  cut(a: Board, b: Board, oneWay: boolean): void {
    this.#lane(a, b).isCut = true
    if (!oneWay) this.#lane(b, a).isCut = true
  }

  mend(a: Board, b: Board): void {
    this.#lane(a, b).isCut = false
    this.#lane(b, a).isCut = false
    this.#flush(a, b)
    this.#flush(b, a)
    if (!isWhole(a, b)) this.#reconnect(a, b)
  }

  /** Ends the cut from a to b alone. */
  open(a: Board, b: Board): void {
    if (this.isOpen(a, b)) return
    this.#lane(a, b).isCut = false
    this.#flush(a, b)
    if (this.isOpen(b, a) && !isWhole(a, b)) this.#reconnect(a, b)
  }

  heal(): void {
    for (const lanes of this.#lanes.values()) for (const lane of lanes.values()) lane.isCut = false
    const boards = [...this.#input.boards]
    for (const a of boards) for (const b of this.around(a)) this.#flush(a, b)
    for (const a of boards) for (const b of this.around(a)) if (a.spec.id < b.spec.id && !isWhole(a, b)) this.#reconnect(a, b)
  }

  around(board: Board): readonly Board[] {
    return this.#input.around(board)
  }

  isOpen(from: Board, to: Board): boolean {
    return this.#lanes.get(from)?.get(to)?.isCut !== true
  }

  #lane(from: Board, to: Board): Lane {
    let lanes = this.#lanes.get(from)
    if (lanes === undefined) this.#lanes.set(from, (lanes = new Map()))
    let lane = lanes.get(to)
    if (lane === undefined) lanes.set(to, (lane = { isCut: false, held: [], heldBytes: 0, arrivesAt: 0 }))
    return lane
  }

  /** Both run, bytes pass in both directions, and neither has banned the other. */
  isPassable(a: Board, b: Board): boolean {
    return a.core !== null && b.core !== null && this.isOpen(a, b) && this.isOpen(b, a) && !shuns(a, b) && !shuns(b, a)
  }

  /** A board's process begins. */
  boot(board: Board): void {
    this.gossip.boot(board)
    if (this.#input.isDialled) this.dialling.boot(board)
    else for (const other of this.around(board)) this.#connect(board, other)
  }

  #connect(a: Board, b: Board): void {
    if (this.#input.isDialled) return
    this.#input.queue.after(2 * this.#input.delayMs, () => {
      if (this.isPassable(a, b)) this.join(a, b)
      else if (shuns(a, b) || shuns(b, a)) this.#input.queue.after(redialMs, () => this.#connect(a, b))
    })
  }

  /** A connection that the first has dialled. */
  join(a: Board, b: Board): void {
    const { queue, feed } = this.#input
    if (isEnd(a, b)) {
      if (isEnd(b, a) || !this.#input.isDialled) return
      this.#drop(a, b)
    }
    // One side may still believe in the former connection: a new one ends it.
    this.#drop(b, a)
    this.#leaveTwin(a, b)
    this.#leaveTwin(b, a)
    a.peers.set(b.spec.id, b)
    b.peers.set(a.spec.id, a)
    this.gossip.up(a, b)
    this.dialling.up(a, b.spec.id)
    this.dialling.up(b, a.spec.id)
    feed(a, { kind: 'peer-up', now: queue.now, peer: b.spec.id })
    feed(b, { kind: 'peer-up', now: queue.now, peer: a.spec.id })
  }

  /** The board is somewhere else from now on. Its connections end; where boards dial one another, nobody is told but by itself. */
  moveAddress(board: Board): void {
    const { queue, feed, isDialled } = this.#input
    for (const peer of [...board.peers.values()]) {
      if (isDialled) this.#drop(board, peer)
      else this.#hangUp(board, peer)
    }
    board.address = `/sim/${board.spec.name}/${queue.now}`
    this.dialling.moved(board)
    feed(board, { kind: 'addresses', now: queue.now, addresses: [board.address] })
  }

  /** A new connection with another machine of the same key is one with a process that has restarted: the former one is hung up. */
  #leaveTwin(board: Board, other: Board): void {
    const former = board.peers.get(other.spec.id)
    if (former !== undefined && former !== other) this.#hangUp(board, former)
  }

  disconnect(board: Board, peer: NodeId): void {
    const other = board.peers.get(peer)
    if (other !== undefined) this.#hangUp(board, other)
  }

  /** A connection's end reaches the other side only if the link lets it through. */
  #hangUp(a: Board, b: Board): void {
    const { queue, delayMs } = this.#input
    this.#drop(a, b)
    if (this.isOpen(a, b)) queue.after(delayMs, () => this.#drop(b, a))
    queue.after(redialMs, () => this.#connect(a, b))
  }

  /** False if the frame was dropped: nobody is connected, it is too large, or too much waits already. */
  send(from: Board, to: NodeId, frame: Uint8Array): boolean {
    const target = from.peers.get(to)
    if (target === undefined || frame.length > wireLimits.frameBytesMax) return false
    this.#count(from, frame.length)
    if (this.#input.swallows?.(frame) === true) return true
    const arrive = (): void => this.#frame(target, from.spec.id, frame, 'stream')
    if (!this.isOpen(from, target)) return this.#hold(from, target, frame.length, arrive)
    const queued = this.uplinks.delay(from.spec.id, to, frame.length, this.#input.queue.now)
    if (queued === null) return false
    const isStream = this.faults === null || this.faults.isTcp === true
    if (isStream) this.#carry(from, target, this.#arrival(this.#lane(from, target), queued + this.#resent()), arrive)
    else for (const late of this.#fates()) this.#carry(from, target, this.#input.queue.now + this.#input.delayMs + queued + late, arrive)
    return true
  }

  /** Gossip's own stream: what it says of meshes arrives for certain while the connection stands, its messages may be lost. */
  #sendRpc(from: Board, to: NodeId, all: Rpc): void {
    const { queue } = this.#input
    const target = from.peers.get(to)
    if (target === undefined) return
    const bytes = rpcBytes(all)
    this.#count(from, bytes)
    const sent = this.#withoutLost(target, all)
    const left = sent === all ? bytes : rpcBytes(sent)
    const lane = this.#lane(from, target)
    if (lane.isCut) {
      this.#hold(from, target, left, this.#arriving(from, target, sent))
      return
    }
    const queued = this.uplinks.delay(from.spec.id, to, left, queue.now)
    if (queued === null) {
      const silent = this.#arriving(from, target, { ...sent, messages: [] })
      return this.#carry(from, target, this.#arrival(lane, uplinkQueueMsMax), silent)
    }
    const at = this.#arrival(lane, queued + this.#resent())
    // Most of what goes from mesh to mesh has come to the other board by another way: then nothing happens when it arrives.
    if (this.gossip.isOldNews(target, sent, at)) return
    this.#carry(from, target, at, this.#arriving(from, target, this.#withoutTails(from, target, sent)))
  }

  #arriving(from: Board, target: Board, rpc: Rpc): () => void {
    return () => this.gossip.receive(target, from.spec.id, rpc)
  }

  #withoutLost(target: Board, all: Rpc): Rpc {
    for (const message of all.messages) {
      if (!this.#isLost(target, message)) continue
      // The first is lost; every other is asked about once.
      const first = all.messages.indexOf(message)
      return { ...all, messages: all.messages.filter((other, at) => at < first || (at > first && !this.#isLost(target, other))) }
    }
    return all
  }

  #isLost(to: Board, message: Message): boolean {
    const { prng, loss = 0 } = this.faults ?? {}
    return this.#input.loses(to.spec.id, message.count) || prng?.chance(loss) === true
  }

  #hold(from: Board, target: Board, bytes: number, arrive: () => void): boolean {
    const lane = this.#lane(from, target)
    if (lane.heldBytes + bytes > heldBytesMax) return false
    lane.held.push(arrive)
    lane.heldBytes += bytes
    return true
  }

  /** When what is sent now comes to the other end of a stream: after all that was sent before. */
  #arrival(lane: Lane, late: number): number {
    const { queue, delayMs } = this.#input
    lane.arrivesAt = Math.max(queue.now + delayMs + late, lane.arrivesAt)
    return lane.arrivesAt
  }

  #carry(from: Board, target: Board, at: number, arrive: () => void): void {
    const { queue } = this.#input
    const { core } = target
    queue.at(at, () => {
      if (target.core === core && isEnd(target, from)) arrive()
    })
  }

  /** How late a frame is on a stream that loses some. */
  #resent(): number {
    if (this.faults === null) return 0
    const { prng, loss = 0, lateMs = 0 } = this.faults
    return prng.below(lateMs + 1) + resentLate(prng, loss, lastResendMs) + this.#tail()
  }

  /** Short tails are likelier than long ones. */
  #tail(): number {
    const { prng, tail } = this.faults ?? {}
    if (prng === undefined || tail === undefined || !prng.chance(tail.chance)) return 0
    const most = tail.leastMs + prng.below(tail.mostMs - tail.leastMs + 1)
    return tail.leastMs + prng.below(most - tail.leastMs + 1)
  }

  /** Messages that take long go their own way: what is said later overtakes them. */
  #withoutTails(from: Board, target: Board, all: Rpc): Rpc {
    if (this.faults?.tail === undefined || all.messages.length === 0) return all
    const { queue, delayMs } = this.#input
    const prompt = all.messages.filter((message) => {
      const late = this.#tail()
      if (late > 0) this.#carry(from, target, queue.now + delayMs + late, this.#arriving(from, target, rpc({ messages: [message] })))
      return late === 0
    })
    return prompt.length === all.messages.length ? all : { ...all, messages: prompt }
  }

  /** What waited for the end of the cut arrives, if the connection still stands at both ends. */
  #flush(from: Board, target: Board): void {
    const lane = this.#lane(from, target)
    const held = takeHeld(lane)
    if (held.length === 0 || !isWhole(from, target)) return
    const { core } = target
    // What is sent from now on comes after it.
    const at = Math.max(this.#input.queue.now + resendMs, lane.arrivesAt)
    lane.arrivesAt = at
    this.#input.queue.at(at, () => {
      for (const arrive of held) if (target.core === core && isEnd(target, from)) arrive()
    })
  }

  /** To everybody who listens, from mesh to mesh. */
  broadcast(origin: Board, topic: Topic, frame: Uint8Array): void {
    if (this.#input.swallows?.(frame) !== true) this.gossip.publish(origin, topic, frame)
  }

  /** How late each copy of a frame arrives: none if it is lost. */
  #fates(): number[] {
    const { faults } = this
    if (faults === null) return [0]
    const { prng, loss = 0, duplicate = 0, lateMs = 0 } = faults
    const copies = prng.chance(loss) ? 0 : prng.chance(duplicate) ? 2 : 1
    return Array.from({ length: copies }, () => prng.below(lateMs + 1))
  }

  #frame(to: Board, from: NodeId, bytes: Uint8Array, via: 'stream' | 'gossip'): void {
    this.#input.feed(to, { kind: 'frame', now: this.#input.queue.now, from, via, bytes })
  }

  #count(from: Board, bytes: number): void {
    this.messages += 1
    this.bytes += bytes
    from.messagesSent += 1
    from.bytesSent += bytes
  }

  #drop(board: Board, other: Board): void {
    takeHeld(this.#lane(board, other))
    takeHeld(this.#lane(other, board))
    if (!isEnd(board, other)) return
    board.peers.delete(other.spec.id)
    if (board.core === null) return
    this.gossip.down(board, other.spec.id)
    this.dialling.down(board, other.spec.id)
    this.#input.feed(board, { kind: 'peer-down', now: this.#input.queue.now, peer: other.spec.id })
  }

  #reconnect(a: Board, b: Board): void {
    this.#drop(a, b)
    this.#drop(b, a)
    this.#connect(a, b)
  }
}
