// What a board that leaves the fleet knows of that between two steps; `leaving.ts` changes it.

import type { NodeId } from '../../crdt/ids.ts'

export interface Leave {
  /** Since when this boot has known that it is to leave. */
  askedAt: number | null
  /** Its own document says that it has left, or is about to. */
  left: boolean
  /** Boards that know. */
  readonly told: Set<NodeId>
  /** When the agent is told to end; null: not yet, or it has been. */
  overAt: number | null
  isOver: boolean
}

export function noLeave(): Leave {
  return { askedAt: null, left: false, told: new Set(), overAt: null, isOver: false }
}
