// Inbound connections that have not shown whose they are, by address: no single address takes all the places that there are for them, so
// that whoever reaches the port from one machine does not keep the others out.

import type { MultiaddrConnection } from '@libp2p/interface'
import { networkLimits } from './limits.ts'

export class HalfOpen {
  readonly #places = new Map<string, Set<MultiaddrConnection>>()

  /** False: this address has too many. */
  begin(connection: MultiaddrConnection): boolean {
    const source = sourceOf(connection.remoteAddr.toString())
    const places = this.#places.get(source) ?? new Set()
    // One that was gone before it came here tells nobody of its end, and a place that is lost is lost to a whole site behind one NAT.
    if (places.size >= networkLimits.inboundPendingPerAddressMax) for (const one of places) if (one.status !== 'open') places.delete(one)
    if (places.size >= networkLimits.inboundPendingPerAddressMax) return false
    this.#places.set(source, places.add(connection))
    connection.addEventListener('close', () => this.end(connection), { once: true })
    return true
  }

  /** It has shown it, or is gone. */
  end(connection: MultiaddrConnection): void {
    const source = sourceOf(connection.remoteAddr.toString())
    const places = this.#places.get(source)
    if (places?.delete(connection) === true && places.size === 0) this.#places.delete(source)
  }
}

/** An IPv4 address, or the half of an IPv6 address that a network is given as a whole; of a relayed connection the relay's. */
export function sourceOf(address: string): string {
  const [, kind, host = ''] = address.split('/')
  return kind === 'ip6' ? networkOf(host) : `${kind} ${host}`
}

/** The first four groups, written out: `::` stands for as many zeros as are missing. */
function networkOf(host: string): string {
  const [head = '', tail] = host.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length)
  return [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4).join(':')
}
