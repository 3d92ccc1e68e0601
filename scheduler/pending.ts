// A node's memory of candidates that it waits for: kept, so that claims that arrive one by one do not reshuffle the rest;
// overdue after a while, so that a board that cannot answer does not hold a slot up for ever.

import type { NodeId } from '../crdt/ids.ts'
import { schedulerLimits as limits } from './limits.ts'
import type { Pending } from './types.ts'
import type { Wake } from './wake.ts'

export type Overdue = Pending['overdue']
const nobody: Overdue = new Map()

/** The candidate to keep if it is still feasible, and who goes behind all others for now. */
export function recall(pending: Pending | undefined, now: number): { readonly keep: NodeId | null; readonly overdue: Overdue } {
  if (pending === undefined) return { keep: null, overdue: nobody }
  if (now - pending.since < limits.pendingMs) return { keep: pending.candidate, overdue: pending.overdue }
  const overdue = new Map(pending.overdue)
  const times = (overdue.get(pending.candidate)?.times ?? 0) + 1
  overdue.set(pending.candidate, { times, until: now + overdueMs(times) })
  return { keep: null, overdue }
}

function overdueMs(times: number): number {
  // 2^9 × 10 s is above the hour already; the exponent stays small whatever happens.
  return Math.min(limits.overdueMsMax, limits.pendingMs * 2 ** Math.min(times, 12))
}

export function isOverdue(overdue: Overdue, node: NodeId, now: number): boolean {
  const entry = overdue.get(node)
  return entry !== undefined && entry.until > now
}

export function remember(previous: Pending | undefined, candidate: NodeId, overdue: Overdue, now: number): Pending {
  const kept = previous !== undefined && previous.candidate === candidate && previous.overdue === overdue
  return kept ? previous : { candidate, since: now, overdue }
}

/** When the candidate's time is over, or that of one that goes behind all others for now. */
export function wakeForPending(wake: Wake, { since, overdue }: Pending, now: number): void {
  wake.by(since + limits.pendingMs)
  for (const [node, { until }] of overdue) if (isOverdue(overdue, node, now)) wake.by(until)
}
