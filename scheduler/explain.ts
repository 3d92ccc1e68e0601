// The plan printed: for each slot of a job who holds it, who should, and for every node its score or the code of its first
// fault. Reads the same functions as the plan, so that it cannot tell another story.

import { compareText } from '../crdt/ids.ts'
import type { JobId, NodeId, SlotId } from '../crdt/ids.ts'
import type { View } from '../crdt/view.ts'
import { type Boards, boardsOf } from './boards.ts'
import { fixedRejection, holdsSlot, roomRejection } from './feasibility.ts'
import { type Group, addCopy, groupsOf } from './group.ts'
import { historyOf, verdictsBySlot } from './history.ts'
import { schedulerLimits as limits } from './limits.ts'
import { isOverdue } from './pending.ts'
import { asksOfSlots } from './plan.ts'
import { baseRank, failurePenalty } from './rank.ts'
import { baseScore } from './score.ts'
import { feasibleNodes } from './search.ts'
import { type Spreading, spreadingOf } from './spread.ts'
import type { Local, Plan, Reason, Rejection, SlotPlan } from './types.ts'
import { type Usage, holdAsk, usageOf } from './usage.ts'

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
  readonly holder: NodeId | null
  readonly heir: NodeId | null
  readonly candidate: NodeId | null
  readonly reason: Reason | null
  /** Best first; the rejected ones after them, by name. At most `explainNodesMax`. */
  readonly nodes: readonly NodeExplanation[]
}

interface Context {
  readonly view: View
  readonly local: Local
  readonly boards: Boards
  readonly usage: Usage
  readonly group: Group
  readonly spreading: Spreading
  readonly verdicts: ReturnType<typeof verdictsBySlot>
}

export function explainJob(view: View, local: Local, plan: Plan, job: JobId): readonly SlotExplanationData[] {
  const jobView = view.jobs.get(job)
  if (jobView === undefined) return []
  if (jobView.spec === null) return unreadable(view, job)
  const boards = boardsOf(view)
  const groups = groupsOf(view, boards, jobView, jobView.spec)
  const usage = usageOf(view, boards, asksOfSlots(view))
  holdCandidates(view, plan, job, groups, boards, usage)
  const verdicts = verdictsBySlot(view)
  const contexts = new Map(
    groups.map((group) => [
      group.group.name,
      { view, local, boards, usage, group, verdicts, spreading: spreadingOf(group, boards, feasibleNodes(group, boards)) },
    ]),
  )
  const found: SlotExplanationData[] = []
  for (const slot of plan.slots) {
    const context = contexts.get(slot.group)
    if (slot.job !== job || context === undefined || found.length >= limits.explainSlotsMax) continue
    found.push(explainSlot(slot, context))
  }
  return found
}

/** A job without a valid specification: its claims are all that is known of its slots. */
function unreadable(view: View, job: JobId): SlotExplanationData[] {
  const slots = [...view.claims.keys()].filter((slot) => slot.startsWith(`${job}/`)).sort(compareText)
  return slots
    .slice(0, limits.explainSlotsMax)
    .map((slot) => ({ slot, holder: null, heir: null, candidate: null, reason: 'job-not-valid', nodes: [] }))
}

/** What the plan gave away already is no longer free for the slots that found no place. */
function holdCandidates(view: View, plan: Plan, job: JobId, groups: readonly Group[], boards: Boards, usage: Usage): void {
  const known = new Map(groups.map((group) => [`${job}/${group.group.name}`, group]))
  for (const slot of plan.slots) {
    const index = slot.candidate === null ? -1 : (boards.indexOf.get(slot.candidate) ?? -1)
    if (index < 0) continue
    const key = `${slot.job}/${slot.group}`
    const other = view.jobs.get(slot.job)
    if (!known.has(key) && other?.spec)
      for (const group of groupsOf(view, boards, other, other.spec)) known.set(`${slot.job}/${group.group.name}`, group)
    const group = known.get(key)
    if (group === undefined) continue
    holdAsk(usage, boards, index, group.ask)
    addCopy(group, index)
  }
}

function explainSlot(slot: SlotPlan, context: Context): SlotExplanationData {
  const nodes = context.boards.ids.map((_, index) => explainNode(slot, index, context))
  nodes.sort((a, b) => (b.score ?? lowest) - (a.score ?? lowest) || compareText(a.name, b.name) || compareText(a.node, b.node))
  const { heir, holder } = slot.standing
  return {
    slot: slot.slot,
    holder: holder?.node ?? null,
    heir: heir?.node ?? null,
    candidate: slot.candidate,
    reason: slot.reason,
    nodes: nodes.slice(0, limits.explainNodesMax),
  }
}

const lowest = Number.MIN_SAFE_INTEGER

function explainNode(slot: SlotPlan, index: number, context: Context): NodeExplanation {
  const { boards, group, usage, spreading } = context
  const node = boards.ids[index] as NodeId
  const claims = context.view.claims.get(slot.slot) ?? []
  const history = historyOf(group.form, claims, context.verdicts.get(slot.slot))
  const penalty = failurePenalty(history.failuresOn.get(node) ?? 0)
  const rank = baseRank(group.affinities, boards, index) - penalty
  const rejected = slot.candidate === node ? null : rejectionOf(slot, index, context, history.failedOn.has(node))
  const name = boards.nodes[index]?.name ?? ''
  if (rejected !== null) return { node, name, score: null, rank, rejected }
  const score = baseScore(group, boards, usage, index) + spreading.boost(spreading.classOf[index] ?? -1) - penalty
  return { node, name, score, rank, rejected: null }
}

function rejectionOf(slot: SlotPlan, index: number, context: Context, failedHere: boolean): Rejection | null {
  const { boards, group, usage, view, local } = context
  const node = boards.ids[index] as NodeId
  const fixed = fixedRejection(group, boards, index)
  if (fixed !== null) return fixed
  if (holdsSlot(view.claims.get(slot.slot) ?? [], node)) return failedHere ? 'failed-here' : 'holds-slot'
  const overdue = local.pending.get(slot.slot)?.overdue
  if (overdue !== undefined && isOverdue(overdue, node, local.now)) return 'overdue'
  return roomRejection(group, boards, usage, index)
}
