// A member asks another one to dial it: so it learns whether it can be dialled from there. The other dials only addresses that the asker has published
// itself, under its own key (its document, its identify message), as any member would anyhow; and what answers there has to be the asker. Only members are
// served, few at a time, and each not often. (docs/adr/0038)

import type { Connection, Stream } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { isRelayed } from '../../core/dialling/address-book.ts'
import type { DialBack } from '../../core/dialling/relay-places.ts'
import { Rates } from '../../core/rates.ts'
import { withPeer } from './addresses.ts'
import { ByteSource, sendFrame } from './byte-source.ts'
import { dialPast } from './dial.ts'
import { encodeFrame } from './frame-codec.ts'
import { networkLimits } from './limits.ts'

export const dialBackProtocol = '/shoal/dial-back/1'

const answers: readonly DialBack[] = ['unknown', 'reached', 'not reached']

/** What the member found; `unknown` when it cannot or will not say. */
export async function askDialBack(connection: Connection): Promise<DialBack> {
  const signal = AbortSignal.timeout(networkLimits.dialBackAnswerMs)
  let stream: Stream | undefined
  try {
    stream = await connection.newStream(dialBackProtocol, { signal })
    const frame = await new ByteSource(stream, 1).next(signal)
    return answers[frame?.[0] ?? 0] ?? 'unknown'
  } catch {
    return 'unknown' // an older agent, or a line that broke
  } finally {
    stream?.abort(new Error('done'))
  }
}

export interface DialBackParts {
  readonly transports: Pick<TransportManager, 'dial'>
  readonly isHeard: (peer: string) => boolean
  /** What the peer has published. */
  readonly addressesOf: (peer: string) => Promise<readonly string[]>
  /** So many addresses are dialled now. */
  readonly onDials: (count: number) => void
}

export class DialBackServer {
  readonly #parts: DialBackParts
  readonly #rates = new Rates(networkLimits.dialBackPerPeer)
  readonly #busy = new Set<string>()

  constructor(parts: DialBackParts) {
    this.#parts = parts
  }

  accept(stream: Stream, connection: Connection): void {
    this.#answer(stream, connection).catch((error: unknown) => {
      stream.abort(error instanceof Error ? error : new Error(String(error)))
    })
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const answer = await this.#tryFor(connection)
    await sendFrame(stream, encodeFrame(Uint8Array.of(answers.indexOf(answer))))
    await stream.close()
  }

  async #tryFor({ remotePeer, remoteAddr }: Connection): Promise<DialBack> {
    const peer = remotePeer.toString()
    if (!this.#parts.isHeard(peer) || isRelayed(remoteAddr.toString())) return 'unknown'
    if (this.#busy.has(peer) || this.#busy.size >= networkLimits.dialBacksMax) return 'unknown'
    if (!this.#rates.take(peer, performance.now(), networkLimits.dialBackCost)) return 'unknown'
    this.#busy.add(peer)
    try {
      return await this.#dial(peer)
    } finally {
      this.#busy.delete(peer)
    }
  }

  async #dial(peer: string): Promise<DialBack> {
    const published = (await this.#parts.addressesOf(peer))
      .filter((address) => !isRelayed(address))
      .map((address) => withPeer(address, peer))
    const addresses = [...new Set(published)].slice(0, networkLimits.dialBackAddressesMax)
    if (addresses.length === 0) return 'unknown'
    this.#parts.onDials(addresses.length)
    try {
      // A second connection to the peer: it is kept or closed as every duplicate is.
      await Promise.any(addresses.map(async (address) => await dialPast(this.#parts.transports, address, networkLimits.dialBackMs)))
      return 'reached'
    } catch {
      return 'not reached'
    }
  }
}
