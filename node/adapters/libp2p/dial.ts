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
  const patience = new AbortController()
  const giveUpAfter = (ms: number, words: string): NodeJS.Timeout =>
    setTimeout(() => patience.abort(new DOMException(words, 'TimeoutError')), ms)
  const silentMs = answerMs(failures)
  let timer = giveUpAfter(silentMs, `no answer within ${silentMs} ms`)
  const onProgress = ({ type }: { readonly type: string }): void => {
    if (type !== answered) return
    clearTimeout(timer)
    timer = giveUpAfter(networkLimits.handshakeMs, `the handshake took longer than ${networkLimits.handshakeMs} ms`)
  }
  try {
    const either = signal === undefined ? patience.signal : AbortSignal.any([patience.signal, signal])
    return await node.dial(multiaddr(address), { signal: either, onProgress })
  } finally {
    clearTimeout(timer)
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
  const patience = new AbortController()
  const giveUp = (): void => patience.abort(new DOMException(`no answer within ${withinMs} ms`, 'TimeoutError'))
  const timer = setTimeout(giveUp, withinMs)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    signal?.throwIfAborted()
    return await transports.dial(multiaddr(address), { signal: patience.signal })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}
