// Between the API's channels (bytes, callers that come and go) and the core (commands and replies, by number). It parses requests,
// keeps each answer in order, forwards to other nodes, and streams logs straight from the driver: those bytes never pass through
// the core. A caller that goes away ends whatever was going on for it.

import type { Reply } from '../crdt/api-types.ts'
import { toBase64 } from '../crdt/base64.ts'
import type { Rate } from './core/bucket.ts'
import type { Effect } from './core/effect.ts'
import type { ApiChannel, Network, TaskDriver } from './core/ports.ts'
import { Rates } from './core/rates.ts'
import { parseRequest } from './api-request.ts'
import type { LooseEvent } from './loose-event.ts'
import { wordsOf } from './words.ts'

export interface ApiBridge {
  open(channel: ApiChannel): void
  reply(id: number, reply: Reply, last: boolean): void
  /** Aborted once nobody waits for the answer. */
  goneSignal(id: number): AbortSignal
  replyStored(
    effect: Effect & { kind: 'reply-stored' },
    read: () => Promise<(Uint8Array | undefined)[]>,
    storeProblem?: () => string | null,
  ): void
  forward(effect: Effect & { kind: 'forward' }, network: Network): void
  logs(effect: Effect & { kind: 'logs' }, driver: TaskDriver | undefined): void
  close(): void
}

/** Each costs a few kB while it is open; a dashboard and some terminals are far below. */
const channelsMax = 256
/**
 * Requests of one key: a dashboard, a pipeline that submits some hundred jobs at once, or all operators for whom a board of another pool asks.
 * Whoever has the board's own socket is on the board, and may do worse.
 */
export const askedPerCaller: Rate = { perSecond: 50, atOnce: 1_000 }
/** A follower that reads so slowly is dropped: it can ask again and gets the newest state. */
const unsentMax = 256
/** A node that has not begun to answer by then is not there; the next one is asked. */
const forwardMsMax = 5_000

interface Open {
  readonly id: number
  readonly channel: ApiChannel
  /** Sends one after the other, in the order of the replies. */
  sending: Promise<void>
  unsent: number
}

export function createApiBridge(push: (event: LooseEvent) => void): ApiBridge {
  return new Bridge(push)
}

class Bridge implements ApiBridge {
  readonly #push: (event: LooseEvent) => void
  readonly #open = new Map<number, Open>()
  readonly #asked = new Rates(askedPerCaller)
  #lastId = 0

  constructor(push: (event: LooseEvent) => void) {
    this.#push = push
  }

  open(channel: ApiChannel): void {
    const id = ++this.#lastId
    const open: Open = { id, channel, sending: Promise.resolve(), unsent: 0 }
    const isFull = this.#open.size >= channelsMax
    this.#open.set(id, open)
    channel.signal.addEventListener('abort', () => this.#gone(open), { once: true })
    if (channel.signal.aborted) return this.#gone(open)
    const { caller } = channel
    if (caller !== null && !this.#asked.take(caller, performance.now()))
      return this.reply(id, refusal('E_BUSY', `this key asks more than ${askedPerCaller.perSecond} times a second`, 'ask less often'), true)
    if (isFull) return this.reply(id, refusal('E_BUSY', `this node answers ${channelsMax} requests at a time; try another one`), true)
    const request = parseRequest(channel.request)
    if (!request.ok) return this.reply(id, refusal(request.code, request.message), true)
    this.#push({ kind: 'command', id, caller, request: request.value })
  }

  goneSignal(id: number): AbortSignal {
    return this.#open.get(id)?.channel.signal ?? AbortSignal.abort()
  }

  reply(id: number, reply: Reply, last: boolean): void {
    const open = this.#open.get(id)
    if (open === undefined) return
    void this.#send(open, encode(reply))
    if (last) this.#end(open)
  }

  replyStored(
    effect: Effect & { kind: 'reply-stored' },
    read: () => Promise<(Uint8Array | undefined)[]>,
    storeProblem?: () => string | null,
  ): void {
    const { id, doc, pool, epoch } = effect
    void read().then(
      (found) => {
        const whole = found.filter((bytes) => bytes !== undefined)
        const complete = whole.length === found.length
        if (complete) return this.reply(id, { kind: 'doc', doc, pool, epoch, envelopes: whole.map(toBase64) }, true)
        const problem = storeProblem?.() ?? null
        // While the disk takes no writes the database is closed, and nothing of it can be read.
        if (problem !== null)
          this.reply(id, refusal('E_STORE_FULL', `this board's disk takes no writes (${problem})`, 'ask another peer'), true)
        else this.reply(id, refusal('E_STORE_BROKEN', `this node's disk lost a part of ${doc}; it comes again from its peers`), true)
      },
      (error: unknown) => this.reply(id, refusal('E_STORE_BROKEN', wordsOf(error)), true),
    )
  }

  forward(effect: Effect & { kind: 'forward' }, network: Network): void {
    const open = this.#open.get(effect.id)
    if (open !== undefined) void this.#forward(open, effect, network)
  }

  logs(effect: Effect & { kind: 'logs' }, driver: TaskDriver | undefined): void {
    const open = this.#open.get(effect.id)
    if (open === undefined) return
    if (driver === undefined) return this.reply(effect.id, refusal('E_DRIVER_DOWN', `this node has no driver '${effect.driver}'`), true)
    void this.#logs(open, effect, driver)
  }

  close(): void {
    for (const open of this.#open.values()) this.#end(open)
  }

  async #forward(open: Open, effect: Effect & { kind: 'forward' }, network: Network): Promise<void> {
    const request = encode(effect.request)
    const tried: string[] = []
    for (const node of effect.to) {
      const silence = new AbortController()
      const timer = setTimeout(() => silence.abort(new Error('no answer in time')), forwardMsMax)
      let isAnswering = false
      try {
        for await (const frame of network.request(node, request, AbortSignal.any([open.channel.signal, silence.signal]))) {
          isAnswering = true
          clearTimeout(timer)
          await this.#send(open, frame)
        }
        if (isAnswering) return this.#end(open)
        tried.push(`${node}: no answer`)
      } catch (error) {
        if (open.channel.signal.aborted) return
        tried.push(`${node}: ${wordsOf(error)}`)
        if (isAnswering) return this.reply(open.id, refusal('E_FORWARD', `the answer of ${node} broke off: ${wordsOf(error)}`), true)
      } finally {
        clearTimeout(timer)
      }
    }
    const { code, message, hint } = effect.unanswered
    this.reply(open.id, refusal(code, `${message} (${tried.join('; ')})`, hint), true)
  }

  async #logs(open: Open, effect: Effect & { kind: 'logs' }, driver: TaskDriver): Promise<void> {
    const { stream, follow, tailBytes, task } = effect
    try {
      // An empty chunk ahead: a task may say nothing for hours, and whoever forwards this must not take that for a dead board.
      if (follow) await this.#send(open, encode({ kind: 'bytes', data: '' } satisfies Reply))
      for await (const chunk of driver.logs(task, { stream, follow, tailBytes, signal: open.channel.signal })) {
        if (open.channel.signal.aborted) return
        await this.#send(open, encode({ kind: 'bytes', data: toBase64(chunk) } satisfies Reply))
      }
      this.reply(open.id, { kind: 'done' }, true)
    } catch (error) {
      this.reply(open.id, refusal('E_LOGS', `the log cannot be read: ${wordsOf(error)}`), true)
    }
  }

  /** Resolves when the frame was handed to the transport (or the caller has gone). */
  #send(open: Open, frame: Uint8Array): Promise<void> {
    if (open.unsent >= unsentMax) {
      this.#gone(open)
      void open.channel.end().catch(() => undefined)
      return Promise.resolve()
    }
    open.unsent++
    open.sending = open.sending
      .then(() => open.channel.send(frame))
      .catch(() => this.#gone(open))
      .finally(() => open.unsent--)
    return open.sending
  }

  #end(open: Open): void {
    if (!this.#open.delete(open.id)) return
    open.sending = open.sending.then(() => open.channel.end()).catch(() => undefined)
  }

  #gone(open: Open): void {
    if (this.#open.delete(open.id)) this.#push({ kind: 'command-gone', id: open.id })
  }
}

function refusal(code: string, message: string, hint?: string): Reply {
  return { kind: 'error', code, message, ...(hint !== undefined && { hint }) }
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
