// The plan printed: for each slot of a job who holds it, who should, and for every node its score or the code of its first
// fault. Reads the same functions as the plan, so that it cannot tell another story.

import { compareText } from '../crdt/ids.ts'
import type { JobId, NodeId, SlotId } from '../crdt/ids.ts'
import type { Claim, View } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { feasibleNodes, fixedRejection, holdsSlot, nodesOf, roomRejection } from './feasibility.ts'
import { type Group, addCopy, claimsIn, groupsOf, rulesOf } from './group.ts'
import { type History, type VerdictsBySlot, historyOf } from './history.ts'
import { holdingsOf, usageOf } from './holdings.ts'
import { schedulerLimits as limits } from './limits.ts'
import { isOverdue } from './pending.ts'
import { ownerOf } from './per-node.ts'
import { apartFrom } from './properties.ts'
import { failurePenalty, ranker } from './rank.ts'
import { scorer } from './score.ts'
import { type Spreading, classesOf, spreadingOf } from './spread.ts'
import type { Local, Plan, Rejection, SlotPlan } from './types.ts'
import { type Usage, holdAsk } from './usage.ts'

export interface NodeExplanation {
  readonly node: NodeId
  readonly name: string
  /** null: rejected. In millionths of a point, as rank. */
  readonly score: number | null
  readonly rank: number | null
  readonly rejected: Rejection | null
}

export interface SlotExplanationData {
  readonly slot: SlotId
  /** Of the slot's canary. Said only where it is so. */
  readonly canary?: true
  readonly holder: NodeId | null
  readonly heir: NodeId | null
  readonly candidate: NodeId | null
  readonly complete: NodeId | null
  /** A code; where it is about another slot, that behind a colon. */
  readonly reason: string | null
  /** Slots whose copies make room for it on the candidate's node. Said only where there are any. */
  readonly displaces?: readonly SlotId[]
  /** Best first; the rejected ones after them, by name. At most `explainNodesMax`; of slots beyond the total, only those named above. */
  readonly nodes: readonly NodeExplanation[]
  readonly nodesLeftOut: number
}

export interface JobExplanation {
  readonly slots: readonly SlotExplanationData[]
  readonly slotsLeftOut: number
}

interface Context {
  readonly view: View
  readonly local: Local
  readonly boards: Boards
  readonly usage: Usage
  readonly group: Group
  readonly spreading: Spreading
  readonly rank: (index: number) => number
  readonly score: (index: number) => number
  readonly verdicts: VerdictsBySlot
}

export function explainJob(view: View, local: Local, plan: Plan, job: JobId): JobExplanation {
  const jobView = view.jobs.get(job)
  if (jobView === undefined) return { slots: [], slotsLeftOut: 0 }
  if (jobView.spec === null) return unreadable(view, job)
  const { boards, claimants, holdings, verdicts } = plan.basis
  const rules = rulesOf(jobView, jobView.spec)
  const groups = groupsOf(boards, rules, claimsIn(view, boards, rules))
  const usage = usageOf(boards, holdingsOf(view, boards, claimants, holdings))
  holdCandidates(view, plan, job, groups, boards, usage)
  const contexts = new Map(
    groups.map((group) => [
      nameOf(group.group.name, group.isCanary),
      {
        ...{ view, local, boards, usage, group, verdicts },
        spreading: spreadingOf(group, classesOf(group.group.spread, boards, feasibleNodes(group, boards))),
        rank: ranker(group.affinities, boards),
        score: scorer(group, boards, usage),
      },
    ]),
  )
  const all = plan.bySlot.ofJob(job)
  const shown = all.slice(0, limits.explainSlotsMax)
  const inFull = slotsInFull(shown, boards.ids.length)
  const slots = shown.map((slot) => explainSlot(slot, contexts.get(nameOf(slot.group, slot.canary))!, inFull.has(slot)))
  return { slots, slotsLeftOut: all.length - slots.length }
}

/** A group, or its canaries. */
function nameOf(group: string, canary = false): string {
  return canary ? `${group}/canary` : group
}

/** One answer must not keep the board from its work: those without a place come first, since it is for them that people ask. */
function slotsInFull(slots: readonly SlotPlan[], nodeCount: number): ReadonlySet<SlotPlan> {
  const rows = Math.min(nodeCount, limits.explainNodesMax)
  const most = Math.min(limits.explainRowsMax / Math.max(rows, 1), limits.explainLooksMax / Math.max(nodeCount, 1))
  const waiting = slots.filter((slot) => slot.reason !== null)
  const placed = slots.filter((slot) => slot.reason === null)
  return new Set([...waiting, ...placed].slice(0, Math.max(1, Math.trunc(most))))
}

/** A job without a valid specification: its claims are all that is known of its slots. */
function unreadable(view: View, job: JobId): JobExplanation {
  const all = [...view.claims.keys()].filter((slot) => slot.startsWith(`${job}/`)).sort(compareText)
  const shown = all.slice(0, limits.explainSlotsMax)
  return {
    slots: shown.map((slot) => ({
      slot,
      holder: null,
      heir: null,
      candidate: null,
      complete: null,
      reason: 'job-not-valid',
      nodes: [],
      nodesLeftOut: view.nodes.size,
    })),
    slotsLeftOut: all.length - shown.length,
  }
}

/** What the plan gave away already is no longer free for the slots that found no place. */
function holdCandidates(view: View, plan: Plan, job: JobId, groups: readonly Group[], boards: Boards, usage: Usage): void {
  const known = new Map(groups.map((group) => [`${job}/${nameOf(group.group.name, group.isCanary)}`, group]))
  for (const slot of plan.slots) {
    const index = slot.candidate === null ? -1 : (boards.indexOf.get(slot.candidate) ?? -1)
    if (index < 0) continue
    const key = `${slot.job}/${nameOf(slot.group, slot.canary)}`
    const other = view.jobs.get(slot.job)
    if (!known.has(key) && other?.spec) {
      const all = rulesOf(other, other.spec)
      for (const one of groupsOf(boards, all, claimsIn(view, boards, all)))
        known.set(`${slot.job}/${nameOf(one.group.name, one.isCanary)}`, one)
    }
    const group = known.get(key)
    if (group === undefined) continue
    holdAsk(usage, boards, index, group.ask)
    addCopy(group, index)
  }
}

function explainSlot(slot: SlotPlan, context: Context, inFull: boolean): SlotExplanationData {
  const { boards, group, view, verdicts } = context
  const claims = view.claims.get(slot.slot) ?? []
  // Once a slot: a node's part in it is a look-up.
  const about = { ...context, claims, history: historyOf(group.form, claims, verdicts.get(slot.slot)) }
  const isOwned = group.perNode
  const indices = isOwned ? [ownerOf(slot.slot, boards)] : inFull ? boards.ids.map((_, index) => index) : namedBy(slot, boards)
  const nodes = indices.map((index) => explainNode(slot, index, about))
  nodes.sort((a, b) => (b.score ?? lowest) - (a.score ?? lowest) || compareText(a.name, b.name) || compareText(a.node, b.node))
  const { complete, heir, holder } = slot.standing
  return {
    slot: slot.slot,
    ...(slot.canary === true ? { canary: true } : {}),
    holder: holder?.node ?? null,
    heir: heir?.node ?? null,
    candidate: slot.candidate,
    complete: complete?.node ?? null,
    reason: reasonOf(slot),
    ...(slot.displaces && { displaces: [...slot.displaces.keys()] }),
    nodes: nodes.slice(0, limits.explainNodesMax),
    nodesLeftOut: isOwned ? 0 : boards.ids.length - Math.min(nodes.length, limits.explainNodesMax),
  }
}

/** As people read it: with the slot that it is about. */
export function reasonOf({ reason, preemptedBy }: Pick<SlotPlan, 'reason' | 'preemptedBy'>): string | null {
  return preemptedBy === undefined ? reason : `${reason}: ${preemptedBy}`
}

/** The nodes without which the line about the slot cannot be read. */
function namedBy({ standing, candidate }: SlotPlan, boards: Boards): number[] {
  const named = new Set([standing.holder?.node, standing.heir?.node, standing.complete?.node, candidate])
  return [...named].flatMap((node) => (node == null ? [] : (boards.indexOf.get(node) ?? [])))
}

const lowest = Number.MIN_SAFE_INTEGER

interface SlotContext extends Context {
  readonly claims: readonly Claim[]
  readonly history: History
}

function explainNode(slot: SlotPlan, index: number, context: SlotContext): NodeExplanation {
  const { boards, spreading, history } = context
  const node = boards.ids[index] as NodeId
  const penalty = failurePenalty(history.failuresOn.get(node) ?? 0)
  const rank = context.rank(index) - penalty
  const rejected = slot.candidate === node ? null : rejectionOf(slot, index, context)
  const name = boards.nodes[index]?.name ?? ''
  if (rejected !== null) return { node, name, score: null, rank, rejected }
  const score = context.score(index) + spreading.boost(spreading.classOf[index] ?? -1) - penalty
  return { node, name, score, rank, rejected: null }
}

function rejectionOf(slot: SlotPlan, index: number, context: SlotContext): Rejection | null {
  const { boards, group, usage, local, claims, history } = context
  const node = boards.ids[index] as NodeId
  const fixed = fixedRejection(group, boards, index)
  if (fixed !== null) return fixed
  if (holdsSlot(claims, node)) return history.failedOn.has(node) ? 'failed-here' : 'holds-slot'
  const overdue = local.pending.get(slot.slot)?.overdue
  if (overdue !== undefined && isOverdue(overdue, node, local.now)) return 'overdue'
  const own = slot.candidate === null ? nodesOf(claims) : [...nodesOf(claims), slot.candidate]
  return apartFrom(group.properties(), own, boards, () => roomRejection(group, boards, usage, index))
}
