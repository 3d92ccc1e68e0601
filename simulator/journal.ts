// What stands between a board's core and its disk, as the agent's journal does: what the disk does not take is kept in memory, read from
// there, and written once the disk takes it.

import { toBase64 } from '../crdt/base64.ts'
import type { Reply } from '../crdt/api-types.ts'
import type { Effect } from '../node/core/effect.ts'
import type { StoreWrite } from '../node/core/ports.ts'
import type { Board } from './board.ts'
import { type Disk, diskRefusals } from './disk.ts'

/** False: they are held in memory instead. */
export function writeOrHold(board: Board, writes: readonly StoreWrite[], sync: boolean): boolean {
  if (board.disk.write(writes, sync)) return true
  for (const { key, value } of writes) board.held.set(key, value)
  return false
}

export function writeHeld({ disk, held }: Board): void {
  disk.write(
    [...held].map(([key, value]) => ({ key, value })),
    true,
  )
  held.clear()
}

/** What the core believes to be stored, whether the disk took it or not; what cannot be read is left out. */
export function storedAt({ disk, held }: Board, keys: readonly string[]): Uint8Array[] {
  return keys.flatMap((key) => (held.has(key) ? held.get(key) : disk.read(key)) ?? [])
}

/** As the real bridge answers: nothing rather than a part. */
export function storedReply(board: Board, { doc, pool, epoch, keys }: Effect & { kind: 'reply-stored' }): Reply {
  const envelopes = storedAt(board, keys)
  const { fault } = board.disk
  if (fault === null || envelopes.length === keys.length) return { kind: 'doc', doc, pool, epoch, envelopes: envelopes.map(toBase64) }
  return { kind: 'error', code: 'E_STORE_FULL', message: `this board's disk takes no writes (${diskRefusals[fault].reason})` }
}

/** What the journal says of the disk when that has changed. */
export function saidOf({ fault }: Disk): { readonly writable: boolean; readonly reason: string } {
  return { writable: fault === null, reason: fault === null ? 'no space left' : diskRefusals[fault].reason }
}
