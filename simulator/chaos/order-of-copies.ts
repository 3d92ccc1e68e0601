// Which of two copies stays, once more and in the plainest words of DESIGN section 6: written apart from `scheduler/standing.ts`, and
// held against every copy that gives way.

import type { Form, NodeId, SlotId } from '../../crdt/ids.ts'
import { slotParts } from '../../crdt/ids.ts'
import { type DisconnectPolicy, type GroupSpec, type JobSpec, isRunOnce } from '../../crdt/spec.ts'
import type { Claim, JobVersion, NodeView, View } from '../../crdt/view.ts'
import { carriesCopy } from '../../node/core/allocs/alloc.ts'
import type { RunningTask } from '../../node/core/ports.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import { reconcileBy } from '../next-agent.ts'
import { preference } from './fitness.ts'

type Copy = Pick<Claim, 'node' | 'generation' | 'form' | 'version' | 'startedAt'>

/** Failures beyond this many on a board do not matter (`scheduler/limits.ts`), and each outweighs every affinity. */
const failuresMax = 3

/**
 * What is wrong with the copy on this board giving way to the claim of `winner`; null: nothing. `failures`: the board's own as the step
 * began, since it may forget some at its end.
 */
export function whyNotInFavourOf(
  board: Board,
  task: RunningTask,
  winner: NodeId,
  failures: NodeView['verdicts'] | undefined,
): string | null {
  const state = board.core?.state
  const alloc = state?.allocs.get(task.slot)
  const heir = state?.view.claims.get(task.slot)?.find((claim) => claim.node === winner)
  if (state == null || alloc === undefined || heir === undefined) return null
  // With one of its tasks crashed, or stopped for its checks, it does not run: it makes way without being named.
  if ([...alloc.body.tasks.values()].some((task) => carriesCopy(task) && (task.unfit !== null || !board.tasks.has(task.id)))) return null
  const { view } = state
  const { job, group } = slotParts(task.slot)
  const spec = view.jobs.get(job)?.spec
  const wanted = spec?.groups.find((one) => one.name === group)
  if (spec == null || wanted === undefined) return null
  const own: Copy = {
    node: board.spec.id,
    generation: alloc.generation,
    form: alloc.body.form,
    version: alloc.body.version,
    startedAt: alloc.startedAt,
  }
  if (heir.over.get(own.node) !== own.generation) return `the claim of ${heir.node} does not name generation ${own.generation} here`
  const inForce = view.jobs.get(job)?.version
  if (inForce !== undefined && newer(heir.version, inForce) < 0) return `the claim of ${heir.node} is at a version that is not known here`
  if (view.nodes.get(winner)?.liveness !== 'alive') return `${winner} is not seen there`
  // What ends by itself may end before it counts as healthy.
  if (view.nodes.get(own.node)?.draining === true && !heir.healthy && !isRunOnce(spec))
    return `its board drains, and generation ${heir.generation} at ${heir.node} is not healthy`
  const context = contextOf(state, task.slot, spec, wanted)
  const order = orderOf(own, heir, { ...context, view: withFailures(view, own.node, failures) })
  return order < 0 ? `generation ${own.generation} at ${own.node} comes before generation ${heir.generation} at ${heir.node}` : null
}

function withFailures(view: View, id: NodeId, verdicts: NodeView['verdicts'] | undefined): View {
  const node = view.nodes.get(id)
  return node === undefined || verdicts === undefined ? view : { ...view, nodes: new Map(view.nodes).set(id, { ...node, verdicts }) }
}

/** By what the board knows, the first of two claims is the better one; where only a hash decides, it is not. */
export function comesBefore(state: State, first: Copy & Pick<Claim, 'slot'>, second: Copy): boolean {
  const { job, group } = slotParts(first.slot)
  const spec = state.view.jobs.get(job)?.spec
  const wanted = spec?.groups.find((one) => one.name === group)
  return spec != null && wanted !== undefined && orderOf(first, second, contextOf(state, first.slot, spec, wanted)) < 0
}

function contextOf({ view, planVersion }: State, slot: SlotId, spec: JobSpec, group: GroupSpec): Context {
  const form = view.jobs.get(slotParts(slot).job)?.forms.get(group.name)
  return { view, spec, group, slot, form, planVersion: Math.min(view.fleet.planVersion, planVersion) }
}

/** Marked by any claim of the slot as silent for longer than `lost_after`. */
export function isLost({ node, generation }: Pick<Copy, 'node' | 'generation'>, claims: readonly Claim[]): boolean {
  return claims.some((claim) => (claim.lost.get(node) ?? 0) >= generation)
}

interface Context {
  readonly view: View
  readonly spec: JobSpec
  readonly group: GroupSpec
  readonly slot: SlotId
  readonly form: Form | undefined
  /** The fleet's, or the highest that this board's agent knows. */
  readonly planVersion: number
}

/** Below 0: `a` stays. Ties that a hash decides are 0. */
function orderOf(a: Copy, b: Copy, context: Context): number {
  const { view, form, group, planVersion } = context
  const drains = (copy: Copy): number => Number(view.nodes.get(copy.node)?.draining === true)
  const claims = view.claims.get(context.slot) ?? []
  return (
    Number(isLost(a, claims)) - Number(isLost(b, claims)) ||
    drains(a) - drains(b) ||
    Number(b.form === form) - Number(a.form === form) ||
    newer(a.version, b.version) ||
    byPolicy(a, b, reconcileBy(planVersion, group.disconnect.reconcile), context) ||
    a.generation - b.generation
  )
}

function newer(a: JobVersion, b: JobVersion): number {
  return b.epoch - a.epoch || b.count - a.count || (a.hash === b.hash ? 0 : a.hash > b.hash ? -1 : 1)
}

function byPolicy(a: Copy, b: Copy, policy: DisconnectPolicy['reconcile'], context: Context): number {
  switch (policy) {
    case 'best_score':
      return rankOf(b.node, context) - rankOf(a.node, context)
    case 'keep_original':
      return a.generation - b.generation
    case 'keep_replacement':
      return b.generation - a.generation
    case 'longest_running':
      return startOf(a) === startOf(b) ? 0 : startOf(a) - startOf(b)
  }
}

/** 0 says that it has not run yet. */
function startOf({ startedAt }: Copy): number {
  return startedAt === 0 ? Infinity : startedAt
}

/** In points; no operator gives boards a weight. */
function rankOf(node: NodeId, { view, spec, group, slot, form }: Context): number {
  const board = view.nodes.get(node)!
  const told = board.verdicts.get(slot)?.find((verdict) => verdict.form === form)?.failures ?? 0
  const untold = view.claims.get(slot)?.some((claim) => claim.node === node && claim.state === 'failed' && claim.form === form) === true
  return preference(spec, group, board) - Math.min(failuresMax, Math.max(told, Number(untold)))
}
