// What a board that drains, or leaves the fleet, knows of that between two steps; `draining.ts` and `leaving.ts` change it.

import type { NodeId } from '../../crdt/ids.ts'
import type { Drain } from '../../crdt/view.ts'

export interface Leave {
  /** Since when this boot has known that it is to leave. */
  askedAt: number | null
  /** Which word of an operator it drains by, and since when this boot has known that; null: by none that has an end. */
  drain: { readonly wish: Pick<Drain, 'saidAtMs' | 'deadlineMs'>; readonly heardAt: number } | null
  /** Its own document says that it has left, or is about to. */
  left: boolean
  /** Boards that know. */
  readonly told: Set<NodeId>
  /** When the agent is told to end; null: not yet, or it has been. */
  overAt: number | null
  isOver: boolean
}

export function noLeave(): Leave {
  return { askedAt: null, drain: null, left: false, told: new Set(), overAt: null, isOver: false }
}
