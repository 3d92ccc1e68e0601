// Is a slot vacant, and if it is not to be filled now, why? The answer for one slot; places are found by `place.ts`.

import type { NodeId, SlotId } from '../crdt/ids.ts'
import { isRunOnce } from '../crdt/spec.ts'
import type { Claim } from '../crdt/view.ts'
import { canaryKey } from './canaries.ts'
import { isReplacement, replacementDue } from './disconnect.ts'
import { inPlaceRejection } from './feasibility.ts'
import type { GroupRules } from './group.ts'
import { runsWhereItDrains } from './migrate.ts'
import { ownerOf } from './per-node.ts'
import { retryAt } from './reschedule.ts'
import { type Turns, holdsBack, isOutOfDate } from './rollout.ts'
import { type SlotFacts, type SlotSources, already, never } from './slots.ts'
import type { Reason } from './types.ts'
import { type Usage, holdGrowth } from './usage.ts'
import type { Wake } from './wake.ts'

export type Judgement =
  | { readonly kind: 'settled' }
  | { readonly kind: 'waits'; readonly reason: Reason }
  /**
   * `replaces`: for a silent node (paced). `departs`: somebody runs it on a node that drains (paced by `migrate`). `retry`: if no other node
   * takes it, its holder tries the update again.
   */
  | { readonly kind: 'vacant'; readonly replaces: boolean; readonly departs: boolean; readonly retry: Claim | null }
  | { readonly kind: 'update' }

/** One slot, and what is asked about its group. */
export interface Case {
  readonly slot: SlotId
  readonly index: number
  readonly facts: SlotFacts
  readonly rules: GroupRules
  readonly turns: Turns
  /** `partition: half`. */
  readonly half: () => boolean
}

export interface Judge extends SlotSources {
  /** What the plan has given away so far; made when somebody first asks. */
  readonly usage: () => Usage
  readonly wake: Wake
}

type Silence = Pick<Judge, 'view' | 'local' | 'wake'>

const settled: Judgement = { kind: 'settled' }
const vacant: Judgement & { kind: 'vacant' } = { kind: 'vacant', replaces: false, departs: false, retry: null }
const departing: Judgement = { ...vacant, departs: true }

export function judge(about: Case, context: Judge): Judgement {
  const { facts, rules } = about
  if (rules.mayBegin || facts.standing.complete !== null) return judgeOpen(about, context)
  // Nobody waits for what will not begin.
  const judgement = facts.standing.heir === null ? vacant : judgeOpen(about, context)
  return judgement.kind === 'vacant' ? { kind: 'waits', reason: 'run-over' } : judgement
}

function judgeOpen(about: Case, context: Judge): Judgement {
  const { facts, rules } = about
  const { standing } = facts
  if (rules.isCanary && rules.job.paused === true && standing.heir === null) return { kind: 'waits', reason: 'rollout-paused' }
  if (
    !rules.perNode &&
    standing.live.length === 0 &&
    standing.unknown.length === 0 &&
    facts.claims.length === 0 &&
    facts.history.failures === 0
  )
    return vacant
  // Done: who else claims it only has to hear of that.
  if (standing.complete !== null) return settled
  wakeForSilence(about, context)
  if (rules.perNode) return judgeOwned(about, context)
  if (standing.heir === null) return judgeEmpty(about, context)
  const { heir, holder } = standing
  const heirNode = context.view.nodes.get(heir.node)
  if (heirNode?.draining === true && heirNode.liveness === 'alive' && !isFinishing(about))
    return retryWait(about, context) ?? (runsWhereItDrains(standing, context.view.nodes) ? departing : vacant)
  if (holder !== null && context.view.nodes.get(holder.node)?.liveness !== 'alive')
    return { kind: 'waits', reason: 'waiting-replace-after' }
  if (holdsBack(facts, about.index, rules)) return { kind: 'waits', reason: 'held-back' }
  if (rules.isCanary && holder?.healthy === true) return { kind: 'waits', reason: 'waiting-promotion' }
  return isOutOfDate(facts, about.index, rules) ? judgeOutOfDate(about, context) : settled
}

/** As in Nomad: work that has begun and ends by itself is not moved off a node that drains. */
function isFinishing({ facts, rules }: Case): boolean {
  const { heir } = facts.standing
  return isRunOnce(rules.spec) && heir?.form === rules.form && heir.startedAt > 0
}

/** A slot that is a node's: it is filled there or nowhere, and nobody replaces it. */
function judgeOwned(about: Case, context: Judge): Judgement {
  const { facts, rules, turns } = about
  const { ahead, holder } = facts.standing
  const index = ownerOf(about.slot, context.boards)
  if (context.boards.nodes[index]?.liveness !== 'alive') return { kind: 'waits', reason: 'node-closed' }
  if (holder === null) {
    if (ahead.length > 0) return { kind: 'waits', reason: 'job-version-unknown' }
    if ((context.boards.closed[index] ?? null) !== null) return { kind: 'waits', reason: 'node-closed' }
    return retryWait(about, context) ?? vacant
  }
  if (holdsBack(facts, about.index, rules)) return { kind: 'waits', reason: 'held-back' }
  if (!isOutOfDate(facts, about.index, rules)) return settled
  if (!turns.mayMove.has(about.index)) return notItsTurn(rules)
  const wait = retryWait(about, context)
  if (wait !== null) return wait
  // No other node can take it: looked at again in every plan, until it fits.
  if (inPlaceRejection(rules, context.boards, context.usage(), index, holder) !== null) return vacant
  holdGrowth(context.usage(), context.boards, index, holder, rules.ask)
  return { kind: 'update' }
}

function notItsTurn({ job }: GroupRules): Judgement {
  return { kind: 'waits', reason: job.paused === true ? 'rollout-paused' : 'rollout-waits' }
}

/** No live claim. */
function judgeEmpty(about: Case, context: Judge): Judgement {
  const { facts, rules } = about
  const { ahead, unknown } = facts.standing
  const policy = rules.group.disconnect
  if (ahead.length > 0) return { kind: 'waits', reason: 'job-version-unknown' }
  if (unknown.length > 0 && !replacementDue(unknown, policy, context.view, context.local))
    return { kind: 'waits', reason: 'replace-disabled' }
  const wait = retryWait(about, context)
  if (wait !== null) return wait
  const replaces = isReplacement(facts.claims, unknown, context.view)
  if (replaces && policy.partition === 'half' && !about.half()) return { kind: 'waits', reason: 'partition-half' }
  return unknown.length > 0 ? { ...vacant, replaces: true } : vacant
}

/** Somebody runs an older form: in place if that works there, else a second claim elsewhere that sends it away once it runs. */
function judgeOutOfDate(about: Case, context: Judge): Judgement {
  const { facts, rules, turns } = about
  const { heir, holder } = facts.standing
  if (!turns.mayMove.has(about.index) || holder === null) return notItsTurn(rules)
  if (heir?.form === rules.form) return settled
  const wait = retryWait(about, context)
  if (wait !== null) return wait
  const index = context.boards.indexOf.get(holder.node) ?? -1
  const fits = inPlaceRejection(rules, context.boards, context.usage(), index, holder) === null
  if (!fits) return vacant
  if (facts.history.failedOn.has(holder.node)) return { ...vacant, retry: holder }
  holdGrowth(context.usage(), context.boards, index, holder, rules.ask)
  return { kind: 'update' }
}

function retryWait({ slot, index, facts, rules, turns }: Case, { local, wake }: Judge): Judgement | null {
  if (!turns.failed.has(index)) return null
  const policy = rules.group.reschedule
  const failedSince = local.failedSince.get(rules.isCanary ? canaryKey(slot) : slot)
  if (failedSince === undefined) wake.fromNow()
  const at = retryAt(policy, facts.history.failures, failedSince ?? local.now)
  wake.by(at)
  if (at !== null && at <= local.now) return null
  const exhausted = !policy.unlimited && facts.history.failures > policy.attempts
  return { kind: 'waits', reason: exhausted ? 'reschedule-exhausted' : 'waiting-reschedule' }
}

/**
 * Until when nothing but other claims or another state of their nodes changes this answer, monotonic ms: for ever if nobody is silent, else
 * until a silence means something else. `already`: it depends on more, and is asked for in every plan.
 */
export function standsUntil(about: Case, context: Judge, judgement: Judgement): number {
  const { facts, index, rules } = about
  if (facts.standing.complete !== null) return never
  if (judgement.kind === 'settled') return isOutOfDate(facts, index, rules) ? already : wakeForSilence(about, context)
  // Neither waits for anything but a silence, or another view.
  const isForSilence = judgement.kind === 'waits' && (judgement.reason === 'waiting-replace-after' || judgement.reason === 'run-over')
  return isForSilence ? wakeForSilence(about, context) : already
}

/**
 * Wakes when the silence of those who have claims on the slot begins to mean something else; answers with the next such moment, or
 * `already` if that of one of them is counted from now.
 */
export function wakeForSilence({ facts, rules }: Pick<Case, 'facts' | 'rules'>, { view, local, wake }: Silence): number {
  const { ahead, live, unknown } = facts.standing
  const { lostAfterMs, replaceAfterMs } = rules.group.disconnect
  let next = never
  const look = (id: NodeId, ms: number): void => {
    if ((view.nodes.get(id)?.liveness ?? 'alive') === 'alive') return
    const since = local.silentSince.get(id)
    if (since === undefined) wake.fromNow()
    const at = (since ?? local.now) + ms
    wake.by(at)
    if (since === undefined) next = already
    else if (at > local.now) next = Math.min(next, at)
  }
  for (const { node } of live) look(node, replaceAfterMs)
  for (const { node } of ahead) look(node, replaceAfterMs)
  for (const { node } of unknown) look(node, lostAfterMs)
  return next
}
