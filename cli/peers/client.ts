// Typed requests over one connection. A peer's error reply becomes a CliError with its code and hint; a reply that is not one,
// or an answer that ends too soon, becomes one too. It knows nothing of commands.

import type { Reply, Request } from '../../crdt/api-types.ts'
import { CliError, codeOf, interrupted, wordsOf } from '../errors.ts'
import type { ApiClient } from '../io.ts'

export type ReplyOf<K extends Reply['kind']> = Extract<Reply, { readonly kind: K }>

export class Api {
  readonly peer: string
  readonly #client: ApiClient

  constructor(client: ApiClient) {
    this.peer = client.peer
    this.#client = client
  }

  /** Every reply up to `done` or the end. */
  async *replies(request: Request, signal: AbortSignal): AsyncGenerator<Reply> {
    const body = new TextEncoder().encode(JSON.stringify(request))
    try {
      for await (const frame of this.#client.request(body, signal)) {
        const reply = toReply(frame)
        if (reply.kind === 'done') return
        if (reply.kind === 'error') {
          throw new CliError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint })
        }
        yield reply
      }
    } catch (error) {
      if (error instanceof CliError) throw error
      throw connectionError(this.peer, error, signal)
    }
  }

  /** The first reply, which must be of this kind. */
  async ask<K extends Reply['kind']>(kind: K, request: Request, signal: AbortSignal): Promise<ReplyOf<K>> {
    for await (const reply of this.replies(request, signal)) {
      if (reply.kind === kind) return reply as ReplyOf<K>
      throw new CliError('E_REPLY', `${this.peer} answered with '${reply.kind}' where '${kind}' was expected`, { hint: versionHint })
    }
    if (signal.aborted) throw connectionError(this.peer, signal.reason, signal)
    throw new CliError('E_REPLY', `${this.peer} ended the connection without an answer`)
  }

  async close(): Promise<void> {
    await this.#client.close()
  }
}

const versionHint = 'the peer may run another version: compare shoal version with its agent in shoal node status'

function toReply(frame: Uint8Array): Reply {
  try {
    const reply: unknown = JSON.parse(new TextDecoder().decode(frame))
    if (typeof reply === 'object' && reply !== null && 'kind' in reply && typeof reply.kind === 'string') return reply as Reply
  } catch {
    // said below
  }
  throw new CliError('E_REPLY', 'the peer sent something that is not an answer', { hint: versionHint })
}

function connectionError(peer: string, error: unknown, signal: AbortSignal): CliError {
  if (signal.aborted && signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError') {
    return new CliError('E_TIMEOUT', `${peer} did not answer in time`, {
      hint: 'try another peer with --peer, or allow more time with --timeout',
    })
  }
  if (signal.aborted) return interrupted()
  return new CliError(codeOf(error) || 'E_CONNECTION', `the connection to ${peer} broke: ${wordsOf(error)}`)
}
