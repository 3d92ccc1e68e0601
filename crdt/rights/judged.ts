// A change of the fleet document on its way to a verdict, and what that depends on.

import type { AuthorId, ChangeHash } from '../ids.ts'
import type { HistoryEntry } from '../replica-history.ts'
import type { Knows } from './past.ts'

export interface Judged {
  readonly entry: HistoryEntry
  /** Nothing before it: the change that founded the fleet, which needs no right. */
  readonly founding: boolean
  /** Grants in its past that make its author an admin. */
  readonly supporters: Judged[]
  /** Revocations of its author that did not know it. */
  readonly attackers: Judged[]
  /** What it takes besides its author's right; null: nothing, whatever the threshold. */
  guard: Guard | null
  stands: boolean | null
}

/** How many admins sign a change (`signing.ts`). */
export interface Guard {
  /** Grants, in its past or beside it, that make admins of keys that it revokes: while none of these stands it is no matter for several. null: it is one in any case. */
  readonly admins: readonly Judged[] | null
  /** The threshold that it sets itself; 1 if none. */
  readonly sets: number
  /** Thresholds in its past. */
  readonly before: readonly Threshold[]
  readonly knows: Knows
  /** Thresholds that neither know it nor are known to it. */
  readonly beside: readonly Threshold[]
  readonly signing: Signing
}

export interface Threshold {
  readonly by: Judged
  readonly value: number
}

/**
 * Of the proposals of the very same registers; what of it a change knows is asked where it counts. A list for each change and proposal would
 * grow with the cube of what the owner of one key writes.
 */
export interface Signing {
  readonly signatures: readonly Signature[]
  /** What writes these registers: nobody lowers a threshold again with what was signed for another day. */
  readonly enacting: readonly Judged[]
  readonly revoking: (author: AuthorId) => readonly Judged[]
}

export interface Signature {
  readonly by: Judged
  readonly proposal: ChangeHash
}

/** Whether one of them stands; null: not decided yet. */
export function anyStands(all: readonly Judged[]): boolean | null {
  if (all.some(({ stands }) => stands === true)) return true
  return all.some(({ stands }) => stands === null) ? null : false
}

export function isSupported({ founding, supporters }: Judged): boolean {
  return founding || supporters.some(({ stands }) => stands === true)
}
