// One peer: its connections, our stream to it and its stream to us. Up when both streams stand; down when the last connection
// is gone, or when the peer's stream shows that it is another process. While a connection lives, a stream of ours that died is
// opened again. It decides nothing about whom to dial.

import type { Connection, Stream } from '@libp2p/interface'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Misconduct } from '../../core/ports.ts'
import { type FrameReceiver, type FrameSender, acceptFrameStream, openFrameStream } from './frame-stream.ts'
import { networkLimits } from './limits.ts'
import { type NetworkLog, wordsOf } from './log.ts'
import { isDirect } from './paths.ts'

export interface LinkEvents {
  up(peer: NodeId): void
  down(peer: NodeId): void
  frame(from: NodeId, frame: Uint8Array): void
  misbehaved(peer: NodeId, code: Misconduct): void
}

export class Link {
  readonly peer: NodeId
  readonly connections = new Map<Connection, { readonly since: number }>()
  up = false
  readonly #bootId: Uint8Array
  readonly #events: LinkEvents
  readonly #log: NetworkLog
  /** Connections whose other end does not know the protocol: an operator's client. */
  readonly #refused = new WeakSet<Connection>()
  #sender: FrameSender | undefined
  #receiver: FrameReceiver | undefined
  #theirBootId: string | undefined
  #opening = false
  #failures = 0
  #retry: NodeJS.Timeout | undefined
  #closed = false

  constructor(peer: NodeId, bootId: Uint8Array, events: LinkEvents, log: NetworkLog) {
    this.peer = peer
    this.#bootId = bootId
    this.#events = events
    this.#log = log
  }

  add(connection: Connection): void {
    if (this.connections.has(connection)) return
    this.connections.set(connection, { since: performance.now() })
    this.#ensureSender()
  }

  /** True when it was the last one. */
  remove(connection: Connection): boolean {
    this.connections.delete(connection)
    if (this.#sender?.connection === connection) this.#sender = undefined
    if (this.#receiver?.connection === connection) this.#receiver = undefined
    if (this.connections.size > 0) {
      this.#ensureSender()
      return false
    }
    this.close()
    return true
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#retry)
    this.#setDown()
  }

  send(frame: Uint8Array): boolean {
    return this.#sender?.send(frame) ?? false
  }

  /** The peer opened its stream to us: the first one, one after the old one died, or one of a restarted process. */
  accept(stream: Stream, connection: Connection): void {
    const onBootId = (bootId: string): void => {
      if (this.#closed) return stream.abort(new Error('the link is closed'))
      if (this.#theirBootId !== undefined && this.#theirBootId !== bootId) this.#restarted(connection)
      this.#theirBootId = bootId
      this.#refused.delete(connection)
      const old = this.#receiver
      this.#receiver = receiver
      old?.stream.abort(new Error('replaced by a newer stream'))
      if (this.up) this.#startReceiver()
      else this.#ensureSender()
      this.#setUp()
    }
    const nonsense = (): void => this.#events.misbehaved(this.peer, 'E_OVERSIZE')
    const receiver = acceptFrameStream(stream, connection, { bootId: onBootId, nonsense })
    stream.addEventListener('close', () => {
      if (this.#receiver === receiver) this.#receiver = undefined
    })
  }

  uses(connection: Connection): boolean {
    return this.#sender?.connection === connection || this.#receiver?.connection === connection
  }

  /** Hangs up on every connection at once, without waiting for an answer that may never come. */
  abort(reason: string): void {
    for (const connection of this.connections.keys()) connection.abort(new Error(reason))
  }

  /** Everything of the old process is dead, whatever its sockets say. */
  #restarted(fresh: Connection): void {
    this.#log.info({ peer: this.peer }, 'peer restarted')
    const bornAt = this.connections.get(fresh)?.since ?? performance.now()
    this.#setDown()
    if (this.#sender !== undefined && this.#sender.connection !== fresh) this.#sender = undefined
    for (const [connection, { since }] of this.connections) {
      if (connection !== fresh && since <= bornAt) connection.abort(new Error('the peer restarted'))
    }
  }

  #ensureSender(): void {
    if (this.#sender !== undefined || this.#opening || this.#closed) return
    const isUsable = (one: Connection): boolean => one.status === 'open' && one.limits === undefined && !this.#refused.has(one)
    const usable = [...this.connections.keys()].filter(isUsable)
    const connection = usable.findLast(isDirect) ?? usable.at(-1)
    if (connection === undefined) return
    clearTimeout(this.#retry)
    this.#opening = true
    openFrameStream(connection, this.#bootId).then(
      (sender) => this.#opened(sender),
      (error: unknown) => this.#openFailed(connection, error),
    )
  }

  #opened(sender: FrameSender): void {
    this.#opening = false
    if (this.#closed || sender.stream.status !== 'open') {
      sender.stream.abort(new Error('the link is closed'))
      return this.#retryLater()
    }
    this.#failures = 0
    this.#sender = sender
    sender.stream.addEventListener('close', () => {
      if (this.#sender !== sender) return
      this.#sender = undefined
      this.#retryLater()
    })
    this.#setUp()
  }

  #openFailed(connection: Connection, error: unknown): void {
    this.#opening = false
    if (error instanceof Error && error.name === 'UnsupportedProtocolError') this.#refused.add(connection)
    else this.#log.debug({ peer: this.peer, error: wordsOf(error) }, 'cannot open a frame stream')
    this.#retryLater()
  }

  #retryLater(): void {
    if (this.#closed) return
    const wait = Math.min(networkLimits.reopenMsMin * 2 ** this.#failures, networkLimits.reopenMsMax)
    this.#failures = Math.min(this.#failures + 1, 10)
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#ensureSender(), wait)
    this.#retry.unref()
  }

  #setUp(): void {
    if (this.up || this.#closed || this.#sender === undefined || this.#receiver === undefined) return
    this.up = true
    this.#events.up(this.peer)
    this.#startReceiver()
  }

  #setDown(): void {
    if (!this.up) return
    this.up = false
    this.#events.down(this.peer)
  }

  #startReceiver(): void {
    const receiver = this.#receiver
    receiver?.start((frame) => {
      if (this.#receiver === receiver && this.up) this.#events.frame(this.peer, frame)
    })
  }
}
