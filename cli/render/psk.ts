// How far a rotation of the pre-shared key is, board by board.

import type { NodeRow } from '../../crdt/api-nodes.ts'
import { type PskDigest, shortPskDigest } from '../../crdt/documents/psk.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { age, safe } from './words.ts'

export interface PskRow {
  readonly id: string
  readonly name: string
  readonly pool: string
  /** It has said that it has the newest key. */
  readonly has: boolean
  readonly liveness: string
  /** ms since it was last alive for the board that answered. */
  readonly silentMs: number
}

export function pskRows(boards: readonly NodeRow[], newest: PskDigest | undefined): readonly PskRow[] {
  return boards.map(({ id, name, pool, psk, liveness, silentMs }) => {
    const has = newest !== undefined && psk === shortPskDigest(newest)
    return { id, name, pool, has, liveness, silentMs }
  })
}

export function boardsText(rows: readonly PskRow[], silentPools: readonly string[], paint: Paint): string {
  const boards = table<PskRow>(
    [
      { head: 'NODE', text: ({ name }) => name, paint: paint.bold },
      { head: 'POOL', text: ({ pool }) => pool },
      { head: 'KEY', text: ({ has }) => (has ? 'new' : 'old'), paint: (text) => (text === 'old' ? paint.warn(text) : text) },
      { head: 'SEEN', text: ({ liveness, silentMs }) => seenText(liveness, silentMs) },
    ],
    rows,
    paint,
  )
  return boards + silentPools.map((pool) => `pool ${safe(pool)}: nobody answers\n`).join('')
}

function seenText(liveness: string, silentMs: number): string {
  if (liveness === 'alive') return 'now'
  return liveness === 'unheard' ? 'not since this board started' : `${age(silentMs)} ago`
}
