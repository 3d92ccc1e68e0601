// `stop_on_client_after`: a board that hears from no peer for so long stops its copy itself, so that the side that replaces it knows
// that only one runs. Counted on the monotonic clock of this boot; that it happened is kept in the claim's reason.

import type { NodeId } from '../../crdt/ids.ts'
import { type View, isAwaited } from '../../crdt/view.ts'
import { end } from './allocs/lifecycle.ts'
import type { State, Step } from './state.ts'

export function hasCompany({ view, boot }: State): boolean {
  return twoAlive(view.nodes).some((node) => node !== boot.config.self)
}

/** A pure function's memory: it is asked several times a step, and while nobody is alive every node is looked at. */
const aliveBefore = new WeakMap<View['nodes'], readonly NodeId[]>()

/** One of two is somebody else. */
function twoAlive(nodes: View['nodes']): readonly NodeId[] {
  const known = aliveBefore.get(nodes)
  if (known !== undefined) return known
  const found: NodeId[] = []
  for (const { id, liveness } of nodes.values()) {
    if (liveness === 'alive') found.push(id)
    if (found.length === 2) break
  }
  aliveBefore.set(nodes, found)
  return found
}

/** Others belong here, and none of them is heard. A board that is the only one, or has evicted all others, is not waiting for anybody. */
export function isAlone(state: State): boolean {
  return hasOthers(state) && !hasCompany(state)
}

/** For so long that no copy with this `stop_on_client_after` is to run here. */
function isAloneFor(state: State, limitMs: number | null, now: number): boolean {
  return limitMs !== null && now - state.lastCompanyAt >= limitMs && isAlone(state)
}

export function hasOthers(state: State): boolean {
  for (const node of state.view.nodes.values()) {
    if (node.id !== state.boot.config.self && isAwaited(node)) return true
  }
  return false
}

/** stop_on_client_after: alone for so long that the job wants its copy stopped here. */
export function stopWhatIsAlone(step: Step): void {
  const { state } = step
  for (const alloc of [...state.allocs.values()]) {
    const limit = alloc.body.group.disconnect.stopOnClientAfterMs
    if (isAloneFor(state, limit, step.now)) end(step, alloc, 'stopped', `alone: no peer heard for ${limit} ms`)
  }
}

/** When `stopWhatIsAlone` is next due. */
export function aloneDeadline(state: State): number {
  const never = Number.MAX_SAFE_INTEGER
  let at = never
  for (const alloc of state.allocs.values()) {
    const limit = alloc.body.group.disconnect.stopOnClientAfterMs
    if (limit !== null && alloc.ending === null) at = Math.min(at, state.lastCompanyAt + limit)
  }
  return at === never || !isAlone(state) ? never : at
}
