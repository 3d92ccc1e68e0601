// How the packets of a connection go: by what transport, and whether over another board.

import type { Connection } from '@libp2p/interface'
import type { PeerPath } from '../../../crdt/api-nodes.ts'
import { isRelayed } from '../../core/dialling/address-book.ts'

/** Of several open connections the best; null: none is open. */
export function bestPath(connections: Iterable<Connection>): PeerPath | null {
  const open = [...connections].filter(({ status }) => status === 'open').map(({ remoteAddr }) => pathOf(remoteAddr.toString()))
  return open.find(({ via }) => via === null) ?? open[0] ?? null
}

export function pathOf(address: string): PeerPath {
  const [way = '', behind] = address.split('/p2p-circuit')
  const via = behind === undefined ? null : (/\/p2p\/([^/]+)$/.exec(way)?.[1] ?? null)
  return { over: /\/wss?(\/|$)/.test(way) ? 'websocket' : 'tcp', via }
}

/** It is open, and over no other board. */
export function isDirect({ status, remoteAddr }: Connection): boolean {
  return status === 'open' && !isRelayed(remoteAddr.toString())
}
