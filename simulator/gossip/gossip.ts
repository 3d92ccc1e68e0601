// The gossip of a whole world: a router for every board that runs, its heartbeats, and what a board that pauses or is busy does not do.

import type { NodeId } from '../../crdt/ids.ts'
import { isHeard } from '../../node/core/admission.ts'
import type { Core } from '../../node/core/step.ts'
import type { Topic } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import { createPrng } from '../prng.ts'
import type { EventQueue } from '../queue.ts'
import { Router } from './router.ts'
import { type Message, type Rpc, MessageNumbers, type TopicName } from './rpc.ts'
import { gossipSettings } from './settings.ts'

export interface GossipInput {
  readonly queue: EventQueue
  readonly seed: number
  /** Once the board is free and has taken what came before. */
  readonly takeInTurn: (board: Board, act: () => void) => void
  /** Carries it over the connection between the two, if one stands. */
  readonly send: (from: Board, to: NodeId, rpc: Rpc) => void
  /** Hands a message to the board's core. */
  readonly deliver: (to: Board, from: NodeId, message: Message) => void
}

export class Gossip {
  readonly #input: GossipInput
  /** With the core that it belongs to: the next boot begins without peers and knows no message. */
  readonly #routers = new Map<Board, { readonly router: Router; readonly core: Core }>()
  readonly #numbers = new MessageNumbers()
  #boots = 0
  #broadcasts = 0

  constructor(input: GossipInput) {
    this.#input = input
  }

  boot(board: Board): void {
    const { queue, seed, takeInTurn, send, deliver } = this.#input
    const core = board.core!
    const prng = createPrng(seed ^ Math.imul(++this.#boots, 0x9e3779b1))
    const isCurrent = (): boolean => board.core === core
    const router = new Router(topicsOf(board), prng, {
      now: () => queue.now,
      send: (to, rpc) => isCurrent() && send(board, to, this.#isHeard(board, to) ? rpc : { ...rpc, messages: [] }),
      deliver: (from, message) => deliver(board, from, message),
    })
    this.#routers.set(board, { router, core })
    const beat = (): void => {
      if (!isCurrent()) return
      takeInTurn(board, () => {
        router.heartbeat()
        queue.after(gossipSettings.heartbeatMs, beat)
      })
    }
    // Processes do not start in the same millisecond, and beat from their own start on.
    queue.after(prng.below(gossipSettings.heartbeatMs), beat)
  }

  up(dialler: Board, other: Board): void {
    this.routerOf(dialler)?.addPeer(other.spec.id, topicsOf(other), true)
    this.routerOf(other)?.addPeer(dialler.spec.id, topicsOf(dialler), false)
  }

  down(board: Board, peer: NodeId): void {
    this.routerOf(board)?.removePeer(peer)
  }

  publish(board: Board, topic: Topic, data: Uint8Array): void {
    const name = topicName(board, topic)
    const { id, saidAt } = this.#numbers.of(name, data, this.#input.queue.now)
    this.routerOf(board)?.publish({ id, topic: name, data, saidAt, count: ++this.#broadcasts })
  }

  /** A board that sleeps or is busy takes it later, as its core does. */
  receive(board: Board, from: NodeId, rpc: Rpc): void {
    this.#input.takeInTurn(board, () =>
      this.routerOf(board)?.receive(from, rpc.messages.length === 0 || this.#isHeard(board, from) ? rpc : { ...rpc, messages: [] }),
    )
  }

  /** It will find only messages that the board has seen, and tells nothing else: to receive it would change nothing. */
  isOldNews(board: Board, rpc: Rpc, at: number): boolean {
    return this.routerOf(board)?.isOldNews(rpc, at) === true
  }

  /** As the real one's scores and validators have it: nothing goes to whom the board does not listen to, and nothing is taken from it. */
  #isHeard({ core }: Board, peer: NodeId): boolean {
    return core?.state == null || isHeard(core.state, peer)
  }

  routerOf(board: Board): Router | undefined {
    const entry = this.#routers.get(board)
    return entry !== undefined && entry.core === board.core ? entry.router : undefined
  }
}

export function topicName(board: Board, topic: Topic): TopicName {
  return topic === 'fleet' ? 'fleet' : poolTopic(board.spec.pool ?? 'default')
}

/** One string for each pool: routers look messages up by it. */
function poolTopic(pool: string): TopicName {
  const known = poolTopics.get(pool)
  if (known !== undefined) return known
  poolTopics.set(pool, `pool/${pool}`)
  return poolTopic(pool)
}

const poolTopics = new Map<string, TopicName>()

function topicsOf(board: Board): TopicName[] {
  return [topicName(board, 'pool'), topicName(board, 'fleet')]
}
