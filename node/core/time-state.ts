// What a node knows of time beyond its own two clocks (`fleet-time.ts`), and of what is due (`runs.ts`). Memory only.

import type { NodeId } from '../../crdt/ids.ts'
import type { RunBasis } from '../../scheduler/periodic.ts'

export interface TimeState {
  /** So says the host of the wall clock. */
  isSynchronised: boolean
  /** Others' clocks, the one heard last at the end. */
  readonly heard: Map<NodeId, HeardClock>
  /** What the view was given the runs of periodic jobs from; null: there are none. */
  runBasis: RunBasis | null
  /** When time alone may change which runs there are. */
  runsDueAt: number | null
}

interface HeardClock {
  /** Its wall clock less this node's monotonic one. */
  readonly offset: number
  readonly heardAt: number
}

export function noTime(): TimeState {
  return { isSynchronised: false, heard: new Map(), runBasis: null, runsDueAt: null }
}
