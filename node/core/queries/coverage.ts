// How far an answer can be trusted: which node gave it, from which view, and how much of the pool that view covers.

import type { Coverage } from '../../../crdt/api-types.ts'
import { viewHash } from '../../../crdt/view-hash.ts'
import { isAwaited } from '../../../crdt/view.ts'
import { silentSince } from '../liveness/liveness.ts'
import type { State, Step } from '../state.ts'

export function coverageOf(step: Step): Coverage {
  return coverage(step.state, step.now, viewHash(step.env.crypto, step.state.view))
}

export function coverage(state: State, now: number, view: string): Coverage {
  const silent = silentSince(state.liveness)
  let alive = 0
  let total = 0
  let oldestMs = 0
  for (const node of state.view.nodes.values()) {
    if (!isAwaited(node)) continue
    total += 1
    if (node.liveness === 'alive') alive += 1
    else oldestMs = Math.max(oldestMs, now - (silent.get(node.id) ?? now))
  }
  const { config } = state.boot
  return {
    fleet: state.view.fleet.name,
    pool: config.pool,
    node: config.self,
    nodeName: state.view.nodes.get(config.self)?.name ?? config.name,
    view,
    nodesAlive: alive,
    nodesTotal: total,
    oldestMs: Math.trunc(oldestMs),
  }
}
