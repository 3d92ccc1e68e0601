// The slots that the jobs want, in the order in which they are placed: priority (highest first), job, group, index. Each comes
// with its claims, its past at the form in force, and who stands.

import { compareText, slotId } from '../crdt/ids.ts'
import type { SlotId } from '../crdt/ids.ts'
import type { Claim, JobView, View } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { isUnknown } from './disconnect.ts'
import type { Group } from './group.ts'
import { type History, type NodeVerdict, historyOf, nextGeneration } from './history.ts'
import { baseRank, failurePenalty } from './rank.ts'
import { emptyStanding, standing } from './standing.ts'
import type { Local, SlotPlan, Standing } from './types.ts'

/** A slot while the plan is being made. */
export interface SlotCase {
  readonly plan: { -readonly [K in keyof SlotPlan]: SlotPlan[K] }
  readonly claims: readonly Claim[]
  readonly history: History
}

const noClaims: readonly Claim[] = []

export function jobsInOrder(view: View): readonly JobView[] {
  const priority = (job: JobView): number => job.spec?.priority ?? 0
  return [...view.jobs.values()].sort((a, b) => priority(b) - priority(a) || compareText(a.id, b.id))
}

export interface SlotSources {
  readonly view: View
  readonly local: Local
  readonly boards: Boards
  readonly verdicts: ReadonlyMap<SlotId, readonly NodeVerdict[]>
}

export function slotsOf(group: Group, sources: SlotSources): SlotCase[] {
  return Array.from({ length: group.group.count }, (_, index) => slotCase(group, index, sources))
}

function slotCase(group: Group, index: number, sources: SlotSources): SlotCase {
  const { job } = group
  const slot = slotId(job.id, group.group.name, index)
  const claims = sources.view.claims.get(slot) ?? noClaims
  const verdicts = sources.verdicts.get(slot)
  const history = historyOf(group.form, claims, verdicts)
  const wished = job.wishes.get(slot)?.stopGeneration ?? 0
  return {
    claims,
    history,
    plan: {
      slot,
      job: job.id,
      group: group.group.name,
      index,
      priority: group.spec.priority,
      form: group.form,
      version: job.version,
      standing: claims.length === 0 ? emptyStanding : standingOf(group, slot, claims, history, sources),
      nextGeneration: nextGeneration(claims, verdicts, wished),
      candidate: null,
      reason: null,
      update: false,
    },
  }
}

export function standingOf(
  group: Group,
  slot: SlotId,
  claims: readonly Claim[],
  history: History,
  sources: Omit<SlotSources, 'verdicts'>,
): Standing {
  const { view, local, boards } = sources
  return standing({
    slot,
    claims,
    nodes: view.nodes,
    form: group.form,
    version: group.job.version,
    reconcile: group.group.disconnect.reconcile,
    stopGeneration: group.job.wishes.get(slot)?.stopGeneration ?? 0,
    rankOf: (node) =>
      baseRank(group.affinities, boards, boards.indexOf.get(node) ?? -1) - failurePenalty(history.failuresOn.get(node) ?? 0),
    isUnknown: (node) => isUnknown(view.nodes.get(node), group.group.disconnect, local),
  })
}
