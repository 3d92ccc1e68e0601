// What silence means for claims: when they become unknown, when a replacement is due, which side of a cut may replace, how
// fast, and which claims are lost. It reads ages from `Local`: it paces. The order of claims is not its business.

import type { Generation, NodeId } from '../crdt/ids.ts'
import type { DisconnectPolicy } from '../crdt/spec.ts'
import { type Claim, type NodeView, type View, hasEnded } from '../crdt/view.ts'
import { schedulerLimits as limits } from './limits.ts'
import type { Local } from './types.ts'

/** How long a node has been silent; 0 while it is alive, and when nobody counted yet. */
export function silentMs(node: NodeView | undefined, local: Local): number {
  if (node === undefined || node.liveness === 'alive') return 0
  return local.now - (local.silentSince.get(node.id) ?? local.now)
}

/** Silent for replace_after: its claims are unknown. `unheard` counts like freshly silent since boot. */
export function isUnknown(node: NodeView | undefined, policy: DisconnectPolicy, local: Local): boolean {
  if (node === undefined || node.liveness === 'alive') return false
  return silentMs(node, local) >= policy.replaceAfterMs
}

/** Whether unknown claims may be replaced at all; with replace=false only once all are beyond an explicit lost_after. */
export function replacementDue(unknown: readonly Claim[], policy: DisconnectPolicy, view: View, local: Local): boolean {
  if (policy.replace) return true
  return policy.lostAfterExplicit && unknown.every((claim) => isBeyondLostAfter(claim, policy, view, local))
}

export function isBeyondLostAfter(claim: Claim, policy: DisconnectPolicy, view: View, local: Local): boolean {
  const node = view.nodes.get(claim.node)
  return node !== undefined && node.liveness !== 'alive' && silentMs(node, local) >= policy.lostAfterMs
}

/** (node, generation) of unknown claims that came too late: whoever stands in for them writes these marks. */
export function newMarks(unknown: readonly Claim[], policy: DisconnectPolicy, view: View, local: Local): [NodeId, Generation][] {
  return unknown.filter((claim) => isBeyondLostAfter(claim, policy, view, local)).map((claim) => [claim.node, claim.generation])
}

/** `stop_on_client_after`: a node that is alone takes nothing that it would stop at once, nor what it has stopped for that. */
export function declinesAlone(
  claims: readonly Claim[],
  { stopOnClientAfterMs }: DisconnectPolicy,
  { self, now, aloneSince }: Local,
): boolean {
  if (aloneSince === null) return false
  if (stopOnClientAfterMs !== null && now - aloneSince >= stopOnClientAfterMs) return true
  return claims.some((claim) => claim.node === self && hasEnded(claim) && claim.reason.startsWith('alone:'))
}

/**
 * Whether the vacancy is there because of a node that this side does not see: then the other side will fill it too, and
 * `partition` decides. Claims that ended for another reason than failure leave a free slot on any side.
 */
export function isReplacement(claims: readonly Claim[], unknown: readonly Claim[], view: View): boolean {
  if (unknown.length > 0) return true
  let newest = 0
  for (const claim of claims) newest = Math.max(newest, claim.generation)
  const last = claims.filter((claim) => claim.generation === newest)
  if (last.some((claim) => isHere(view.nodes.get(claim.node)))) return false
  return last.some((claim) => claim.state !== 'stopped' && claim.state !== 'withdrawn' && claim.state !== 'complete')
}

function isHere(node: NodeView | undefined): boolean {
  return node !== undefined && node.liveness === 'alive' && !node.evicted
}

/** How many replacements may begin now: everything, unless much of the pool fell silent at about the same time. */
export function replacementBudget(view: View, local: Local, wantedSlots: number): number {
  let members = 0
  const since: number[] = []
  for (const node of view.nodes.values()) {
    if (node.evicted || node.liveness === 'left') continue
    members++
    if (node.liveness !== 'alive') since.push(local.silentSince.get(node.id) ?? local.now)
  }
  const fell = largestWindow(since)
  if (fell < limits.massNodesMin || fell * limits.massPart <= members) return Number.MAX_SAFE_INTEGER
  return Math.max(0, Math.ceil(wantedSlots / limits.pacedPart) - local.replacementsLastMinute)
}

/** The most nodes that fell silent within one window; they are still silent, however long ago that was. */
function largestWindow(times: number[]): number {
  times.sort((a, b) => a - b)
  let start = 0
  let largest = 0
  for (let end = 0; end < times.length; end++) {
    while ((times[end] ?? 0) - (times[start] ?? 0) > limits.massWindowMs) start++
    largest = Math.max(largest, end - start + 1)
  }
  return largest
}
