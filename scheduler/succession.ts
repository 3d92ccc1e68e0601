// Who takes over the copies of a board that an operator has replaced (docs/adr/0023). It says who is asked first for a vacant slot, and how
// long a board is waited for that is still on its way; a slot that somebody holds is not vacant, and who holds it is `standing.ts`'s business.

import { type NodeId, compareText } from '../crdt/ids.ts'
import type { DisconnectPolicy } from '../crdt/spec.ts'
import { type Claim, hasEnded } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { silentMs } from './disconnect.ts'
import { type Overdue, isOverdue } from './pending.ts'
import type { Local } from './types.ts'

export interface Succession {
  readonly successors: readonly NodeId[]
  /** Indices of those that could take the slot now, ascending. */
  readonly ready: readonly number[]
  /** Monotonic ms until which one that is not alive yet is waited for; null: none is. */
  readonly awaitedUntil: number | null
}

interface Wanted {
  readonly claims: readonly Claim[]
  readonly overdue: Overdue
  readonly policy: DisconnectPolicy
}

/** null: whoever is best takes the slot. */
export function successionOf({ claims, overdue, policy }: Wanted, boards: Boards, local: Local): Succession | null {
  // Most vacant slots are no legacy, and there may be a million of them.
  if (!claims.some(({ node }) => replacedBy(node, boards).length > 0)) return null
  const successors = successorsOf(claims, boards)
  if (successors.length === 0) return null
  const ready: number[] = []
  let awaitedUntil: number | null = null
  for (const successor of successors) {
    const index = boards.indexOf.get(successor) ?? -1
    const node = boards.nodes[index]
    const closed = boards.closed[index] ?? null
    if (node === undefined || isOverdue(overdue, successor, local.now)) continue
    if (closed === null) ready.push(index)
    // It may have only just been admitted. As long as a board that fell silent, and no longer: the slot is empty meanwhile.
    else if (closed === 'not-alive' && node.eligible && !node.draining) {
      const until = local.now - silentMs(node, local) + policy.replaceAfterMs
      if (until > local.now) awaitedUntil = Math.max(awaitedUntil ?? until, until)
    }
  }
  return { successors, ready, awaitedUntil }
}

/**
 * The boards at the end of each chain of replacements that begins where the slot was last, in order of id. None, if the last copy ended or
 * its board was not replaced: what has moved on since stays with whoever is best.
 */
function successorsOf(claims: readonly Claim[], boards: Boards): readonly NodeId[] {
  let newest = 0
  for (const { generation } of claims) newest = Math.max(newest, generation)
  const found = new Set<NodeId>()
  // Two boards that were replaced by one another, on two sides of a cut, are both evicted: each is followed once. No recursion: operators
  // may say chains of any length.
  const seen = new Set<NodeId>()
  const queue = claims.filter((claim) => claim.generation === newest && !hasMovedOn(claim)).map(({ node }) => node)
  for (const id of queue)
    for (const next of replacedBy(id, boards)) {
      if (seen.has(next)) continue
      seen.add(next)
      if (replacedBy(next, boards).length === 0) found.add(next)
      else queue.push(next)
    }
  return [...found].sort(compareText)
}

/** A board that hears that it is evicted ends its copies for that, and others may hear of the end along with the word or before it. */
function hasMovedOn(claim: Claim): boolean {
  return hasEnded(claim) && claim.reason !== 'evicted'
}

const nobody: readonly NodeId[] = []

function replacedBy(id: NodeId, boards: Boards): readonly NodeId[] {
  return boards.nodes[boards.indexOf.get(id) ?? -1]?.replacedBy ?? nobody
}
