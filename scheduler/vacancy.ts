// Is a slot vacant, and if it is not to be filled now, why? The answer for one slot; places are found by `place.ts`.

import type { NodeId } from '../crdt/ids.ts'
import type { Claim } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { isReplacement, replacementDue, silentMs } from './disconnect.ts'
import { inPlaceRejection, seesHalf } from './feasibility.ts'
import type { Group } from './group.ts'
import { retryAt } from './reschedule.ts'
import { type Turns, isOutOfDate } from './rollout.ts'
import type { SlotCase, SlotSources } from './slots.ts'
import type { Reason } from './types.ts'
import { type Usage, holdGrowth } from './usage.ts'
import type { Wake } from './wake.ts'

export type Judgement =
  | { readonly kind: 'settled' }
  | { readonly kind: 'waits'; readonly reason: Reason }
  /** `replaces`: for a silent node (paced). `retry`: if no other node takes it, its holder tries the update again. */
  | { readonly kind: 'vacant'; readonly replaces: boolean; readonly retry: Claim | null }
  | { readonly kind: 'update' }

export interface Judge extends SlotSources {
  readonly usage: Usage
  readonly wake: Wake
}

const settled: Judgement = { kind: 'settled' }
const vacant: Judgement = { kind: 'vacant', replaces: false, retry: null }

export function judge(slot: SlotCase, group: Group, turns: Turns, half: () => boolean, context: Judge): Judgement {
  const { standing } = slot.plan
  if (standing.live.length === 0 && standing.unknown.length === 0 && slot.claims.length === 0 && slot.history.failures === 0) return vacant
  wakeForSilence(slot, group, context)
  if (standing.heir === null) return judgeEmpty(slot, group, turns, half, context)
  const { heir, holder } = standing
  const heirNode = context.view.nodes.get(heir.node)
  if (heirNode?.draining === true && heirNode.liveness === 'alive') return retryWait(slot, group, turns, context) ?? vacant
  if (holder !== null && context.view.nodes.get(holder.node)?.liveness !== 'alive')
    return { kind: 'waits', reason: 'waiting-replace-after' }
  return isOutOfDate(slot, group.form) ? judgeOutOfDate(slot, group, turns, context) : settled
}

/** No live claim. */
function judgeEmpty(slot: SlotCase, group: Group, turns: Turns, half: () => boolean, context: Judge): Judgement {
  const { ahead, unknown } = slot.plan.standing
  const policy = group.group.disconnect
  if (ahead.length > 0) return { kind: 'waits', reason: 'job-version-unknown' }
  if (unknown.length > 0 && !replacementDue(unknown, policy, context.view, context.local))
    return { kind: 'waits', reason: 'replace-disabled' }
  const wait = retryWait(slot, group, turns, context)
  if (wait !== null) return wait
  const replaces = isReplacement(slot.claims, unknown, context.view)
  if (replaces && policy.partition === 'half' && !half()) return { kind: 'waits', reason: 'partition-half' }
  return { kind: 'vacant', replaces: unknown.length > 0, retry: null }
}

/** Somebody runs an older form: in place if that works there, else a second claim elsewhere that sends it away once it runs. */
function judgeOutOfDate(slot: SlotCase, group: Group, turns: Turns, context: Judge): Judgement {
  const { heir, holder } = slot.plan.standing
  if (!turns.mayMove.has(slot.plan.index) || holder === null) return { kind: 'waits', reason: 'rollout-waits' }
  if (heir?.form === group.form) return settled
  const wait = retryWait(slot, group, turns, context)
  if (wait !== null) return wait
  const index = context.boards.indexOf.get(holder.node) ?? -1
  const fits = inPlaceRejection(group, context.boards, context.usage, index, holder) === null
  if (!fits) return vacant
  if (slot.history.failedOn.has(holder.node)) return { kind: 'vacant', replaces: false, retry: holder }
  holdGrowth(context.usage, context.boards, index, holder, group.ask)
  return { kind: 'update' }
}

function retryWait(slot: SlotCase, group: Group, turns: Turns, context: Judge): Judgement | null {
  if (!turns.failed.has(slot.plan.index)) return null
  const { local, wake } = context
  const policy = group.group.reschedule
  const at = retryAt(policy, slot.history.failures, local.failedSince.get(slot.plan.slot) ?? local.now)
  wake.by(at)
  if (at !== null && at <= local.now) return null
  const exhausted = !policy.unlimited && slot.history.failures > policy.attempts
  return { kind: 'waits', reason: exhausted ? 'reschedule-exhausted' : 'waiting-reschedule' }
}

/** `partition: half` asks the same question for every slot of a group: one answer is enough. */
export function halfOf(group: Group, boards: Boards): () => boolean {
  let answer: boolean | undefined
  return () => (answer ??= seesHalf(group, boards))
}

function wakeForSilence(slot: SlotCase, group: Group, context: Judge): void {
  const { standing } = slot.plan
  const policy = group.group.disconnect
  for (const claim of standing.live) wakeAfter(claim.node, policy.replaceAfterMs, context)
  for (const claim of standing.ahead) wakeAfter(claim.node, policy.replaceAfterMs, context)
  for (const claim of standing.unknown) wakeAfter(claim.node, policy.lostAfterMs, context)
}

function wakeAfter(id: NodeId, ms: number, context: Judge): void {
  const node = context.view.nodes.get(id)
  if (node !== undefined && node.liveness !== 'alive') context.wake.by(context.local.now + ms - silentMs(node, context.local))
}
