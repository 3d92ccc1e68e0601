// Which slots a job has, and which of them still want a copy: from the specification and what boards say of themselves. The rules use it;
// the plan is not asked.

import { type NodeId, type SlotId, slotId, slotParts } from '../../crdt/ids.ts'
import { type GroupSpec, type JobSpec, isPerNode, isRunOnce } from '../../crdt/spec.ts'
import type { Claim, JobView, View } from '../../crdt/view.ts'
import { isAskedFor } from './fitness.ts'

/** A slot of a job that is to run. */
export interface Slot {
  readonly slot: SlotId
  readonly job: JobView['id']
  readonly spec: JobSpec
  readonly group: GroupSpec
  /** Whose it is; null: any board's. */
  readonly owner: NodeId | null
}

export function slotsOf(view: View, { id, spec }: JobView): Slot[] {
  return (spec?.groups ?? []).flatMap((group) => slotsOfGroup(view, id, spec!, group))
}

export function slotsOfGroup(view: View, job: JobView['id'], spec: JobSpec, group: GroupSpec): Slot[] {
  const at = (place: number | NodeId, owner: NodeId | null): Slot => ({ slot: slotId(job, group.name, place), job, spec, group, owner })
  if (!isPerNode(spec)) return Array.from({ length: group.count }, (_, index) => at(index, null))
  const nodes = group.count === 0 ? [] : [...view.nodes.values()]
  const suit = nodes.filter((node) => !node.evicted && node.liveness !== 'left' && node.pool === spec.pool && isAskedFor(spec, group, node))
  return suit.map(({ id }) => at(id, id))
}

/** The claim that says that the slot's work is done at the form in force; undefined: it is not, or never is. */
export function doneBy(view: View, slot: SlotId): Claim | undefined {
  const { job, group } = slotParts(slot)
  const known = view.jobs.get(job)
  if (known?.spec == null || !isRunOnce(known.spec)) return undefined
  return view.claims.get(slot)?.find(({ state, form }) => state === 'complete' && form === known.forms.get(group))
}

/** Of jobs that are to run, those whose work is not done. */
export function wantedSlots(view: View): Slot[] {
  const jobs = [...view.jobs.values()].filter(({ desired }) => desired === 'run')
  return jobs.flatMap((job) => slotsOf(view, job)).filter(({ slot }) => doneBy(view, slot) === undefined)
}
