// Everything that a command takes from outside: the terminal, the environment, the clock, randomness, and the way to a peer.
// Tests hand in their own; `process-io.ts` makes the real one. Commands must not reach for `process` themselves.

import type { Readable } from 'node:stream'
import type { Crypto } from '../crdt/crypto.ts'
import type { Context } from './peers/contexts.ts'

export interface Out {
  write(data: string | Uint8Array): void
  readonly isTty: boolean
  readonly columns: number
}

/** One connection to a peer that answers; the shape of `node/adapters/libp2p/client.ts`. */
export interface ApiClient {
  readonly peer: string
  request(body: Uint8Array, signal?: AbortSignal): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface ConnectOptions {
  /** Multiaddrs and `unix:/path`, in order; the first that answers serves. */
  readonly peers: readonly string[]
  /** null: only sockets on this board can be read. */
  readonly context: Context | null
  readonly timeoutMs: number
}

export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: Out
  readonly stderr: Out
  readonly crypto: Crypto
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Wall clock, ms. */
  now(): number
  random(bytes: number): Uint8Array
  /** Ends when the signal does. */
  stdin(): Readable
  connect(options: ConnectOptions): Promise<ApiClient>
}
