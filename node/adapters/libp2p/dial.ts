// One dial of one address. A silent address is given up soon, so that it does not hold a place that another could use; a board
// that has answered gets much longer, because a handshake of five round trips takes that long on a satellite link or a board at
// its limit. Every other try waits longer for the first answer too, or a link slower than the short wait would never be used.

import type { Connection } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { multiaddr } from '@multiformats/multiaddr'
import { answerMs } from '../../core/dialling/address-book.ts'
import { networkLimits } from './limits.ts'
import type { BoardNode } from './settings.ts'

export async function dialAddress(
  node: Pick<BoardNode, 'dial'>,
  address: string,
  failures: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const patience = new Patience()
  const silentMs = answerMs(failures)
  patience.lasts(silentMs, `no answer within ${silentMs} ms`)
  const onProgress = ({ type }: { readonly type: string }): void => {
    if (type === answered) patience.lasts(networkLimits.handshakeMs, `the handshake took longer than ${networkLimits.handshakeMs} ms`)
  }
  try {
    const either = signal === undefined ? patience.signal : AbortSignal.any([patience.signal, signal])
    return await node.dial(multiaddr(address), { signal: either, onProgress })
  } finally {
    patience.end()
  }
}

/** libp2p says this once the other end has sent its part of the pre-shared key's exchange: it speaks, and like a board. */
const answered = 'upgrader:encrypt-outbound-connection'

/**
 * Past libp2p's own queue, where a dial of a peer joins others of it, and waits behind a silent address. A signal ends also a connection that stands,
 * so none is given once there is one.
 */
export async function dialPast(
  transports: Pick<TransportManager, 'dial'>,
  address: string,
  withinMs: number,
  signal?: AbortSignal,
): Promise<Connection> {
  const patience = new Patience()
  patience.lasts(withinMs, `no answer within ${withinMs} ms`)
  const giveUp = (): void => patience.giveUp(signal?.reason)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    signal?.throwIfAborted()
    return await transports.dial(multiaddr(address), { signal: patience.signal })
  } finally {
    patience.end()
    signal?.removeEventListener('abort', giveUp)
  }
}

/** How long a dial is waited for: its signal aborts with a TimeoutError then, unless it was told to end. */
class Patience {
  readonly #controller = new AbortController()
  readonly signal = this.#controller.signal
  #timer: NodeJS.Timeout | undefined

  /** From now on; what was said before no longer counts. */
  lasts(ms: number, words: string): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.giveUp(new DOMException(words, 'TimeoutError')), ms)
  }

  giveUp(why: unknown): void {
    this.#controller.abort(why)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
