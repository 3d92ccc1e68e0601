// One command's work with one peer: connected on first use, closed at the end. It adds the pool to every request and a time
// limit to every answer, so that nothing hangs on a board that has gone quiet.

import type { Reply, RequestBody } from '../../crdt/api-types.ts'
import { Api, type ReplyOf } from './client.ts'
import type { Context } from './contexts.ts'
import { CliError } from '../errors.ts'
import type { ApiClient, Io } from '../io.ts'
import { type OutputFormat, parseFormat } from '../print.ts'
import { type Target, type TargetOptions, findTarget } from './target.ts'

export interface SessionOptions extends TargetOptions {
  readonly pool?: string
  readonly output?: string
  /** ms */
  readonly timeout: number
}

export class Session {
  readonly io: Io
  readonly format: OutputFormat
  readonly timeoutMs: number
  /** The pool that the operator named, or the context's. */
  readonly pool: string | null
  readonly #target: Target
  #api: Api | null = null

  private constructor(io: Io, target: Target, format: OutputFormat, timeoutMs: number, pool: string | null) {
    this.io = io
    this.#target = target
    this.format = format
    this.timeoutMs = timeoutMs
    this.pool = pool
  }

  static async open(io: Io, options: SessionOptions): Promise<Session> {
    const format = parseFormat(options.output)
    const target = await findTarget(io, options)
    return new Session(io, target, format, options.timeout, options.pool ?? target.context?.pool ?? null)
  }

  /** The context; needed by whatever signs. */
  get context(): Context {
    if (this.#target.context !== null) return this.#target.context
    throw new CliError('E_NO_CONTEXT', 'there is no context, so no key to sign with', {
      hint: 'a socket on the board can only be read; use a context: shoal fleet init NAME',
    })
  }

  /** `pool` overrides the operator's choice: a document goes to the pool that it lives in. */
  async ask<K extends Reply['kind']>(kind: K, body: RequestBody, options: { pool?: string; timeoutMs?: number } = {}): Promise<ReplyOf<K>> {
    const signal = AbortSignal.any([this.io.signal, AbortSignal.timeout(options.timeoutMs ?? this.timeoutMs)])
    const api = await this.#connected()
    return await api.ask(kind, this.#request(body, options.pool), signal)
  }

  /** An answer that goes on; the caller's signal ends it. */
  async *follow(body: RequestBody, signal: AbortSignal, pool?: string): AsyncGenerator<Reply> {
    const api = await this.#connected()
    yield* api.replies(this.#request(body, pool), AbortSignal.any([this.io.signal, signal]))
  }

  /** Lets go of the peer: the next request takes the first of the list that answers. */
  async reconnect(): Promise<void> {
    await this.close()
  }

  async close(): Promise<void> {
    const api = this.#api
    this.#api = null
    await api?.close().catch(() => undefined)
  }

  #request(body: RequestBody, pool: string | undefined): RequestBody & { pool?: string } {
    const named = pool ?? this.pool
    return named === null ? body : { ...body, pool: named }
  }

  async #connected(): Promise<Api> {
    if (this.#api === null) {
      const client: ApiClient = await this.io.connect({ ...this.#target, timeoutMs: this.timeoutMs })
      this.#api = new Api(client)
    }
    return this.#api
  }
}
