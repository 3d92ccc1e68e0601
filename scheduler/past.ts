// What boards say of one form of a group, by slot: their verdicts, sorted so that a question costs a look-up a board.

import { type Form, type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import { type NodeView, type Verdict, type View, hasArrived, isMember } from '../crdt/view.ts'

export interface Past {
  readonly failures: Map<SlotId, number>
  readonly arrived: Set<SlotId>
}

/** Of the first so many slots, by all members: who evicts a board takes its word away. */
export function pastOf(view: View, job: JobId, group: string, count: number, form: Form): Past {
  const past: Past = { failures: new Map(), arrived: new Set() }
  for (const node of view.nodes.values()) {
    if (!isMember(node)) continue
    for (const { slot, index, verdict } of verdictsOn(node.verdicts).get(`${job}/${group} ${form}`) ?? nothing) {
      if (index >= count) continue
      if (verdict.failures > 0) past.failures.set(slot, (past.failures.get(slot) ?? 0) + verdict.failures)
      if (hasArrived(verdict)) past.arrived.add(slot)
    }
  }
  return past
}

interface SlotVerdict {
  readonly slot: SlotId
  readonly index: number
  readonly verdict: Verdict
}

const nothing: readonly SlotVerdict[] = []
const sorted = new WeakMap<NodeView['verdicts'], ReadonlyMap<string, readonly SlotVerdict[]>>()

/** A node's verdicts by group and form: most nodes say the same as when the last view was made. */
function verdictsOn(verdicts: NodeView['verdicts']): ReadonlyMap<string, readonly SlotVerdict[]> {
  const known = sorted.get(verdicts)
  if (known !== undefined) return known
  const byForm = new Map<string, SlotVerdict[]>()
  for (const [slot, ofSlot] of verdicts) {
    const { job, group, index } = slotParts(slot)
    for (const verdict of ofSlot) {
      const name = `${job}/${group} ${verdict.form}`
      byForm.set(name, [...(byForm.get(name) ?? nothing), { slot, index, verdict }])
    }
  }
  sorted.set(verdicts, byForm)
  return byForm
}
