// What stands between a board's core and its disk, as the agent's journal does: what the disk does not take is kept in memory, read from
// there, and written once the disk takes it.

import type { StoreWrite } from '../node/core/ports.ts'
import type { Board } from './board.ts'

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

/** What the core believes to be stored, whether the disk took it or not; what is damaged is left out. */
export function storedAt({ disk, held }: Board, keys: readonly string[]): Uint8Array[] {
  return keys.flatMap((key) => (held.has(key) ? held.get(key) : disk.read(key)) ?? [])
}
