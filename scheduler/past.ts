// What boards say of one form of a group, by slot: their verdicts, sorted so that the questions about a group cost a look-up a board.

import { type Form, type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import { type NodeView, type Verdict, type View, hasArrived, isMember } from '../crdt/view.ts'

export interface Past {
  readonly failures: Map<SlotId, number>
  readonly arrived: Set<SlotId>
}

/** Of the first so many slots, by all members: who evicts a board takes its word away. */
export function pastOf(view: View, job: JobId, group: string, count: number, form: Form): Past {
  const past: Past = { failures: new Map(), arrived: new Set() }
  for (const { slot, index, verdict } of saidOf(view.nodes, `${job}/${group}`).get(form) ?? nothing) {
    if (index >= count) continue
    if (verdict.failures > 0) past.failures.set(slot, (past.failures.get(slot) ?? 0) + verdict.failures)
    if (hasArrived(verdict)) past.arrived.add(slot)
  }
  return past
}

interface SlotVerdict {
  readonly slot: SlotId
  readonly index: number
  readonly verdict: Verdict
}

type Said = ReadonlyMap<Form, readonly SlotVerdict[]>

const nothing: readonly SlotVerdict[] = []
/** A pure function's memory. */
const said = new WeakMap<View['nodes'], Map<string, Said>>()
const sorted = new WeakMap<NodeView['verdicts'], ReadonlyMap<string, readonly SlotVerdict[]>>()

/** Of a group, by form. Whoever asks goes on to ask of all its versions: the boards are looked through once for all of them. */
function saidOf(nodes: View['nodes'], group: string): Said {
  const groups = said.get(nodes) ?? new Map<string, Said>()
  said.set(nodes, groups)
  const known = groups.get(group)
  if (known !== undefined) return known
  const byForm = new Map<Form, SlotVerdict[]>()
  for (const node of nodes.values()) {
    if (node.verdicts.size === 0 || !isMember(node)) continue
    for (const one of verdictsOn(node.verdicts).get(group) ?? nothing) push(byForm, one.verdict.form, one)
  }
  groups.set(group, byForm)
  return byForm
}

/** A node's verdicts by group: most nodes say the same as when the last view was made. */
function verdictsOn(verdicts: NodeView['verdicts']): ReadonlyMap<string, readonly SlotVerdict[]> {
  const known = sorted.get(verdicts)
  if (known !== undefined) return known
  const byGroup = new Map<string, SlotVerdict[]>()
  for (const [slot, ofSlot] of verdicts) {
    const { job, group, index } = slotParts(slot)
    for (const verdict of ofSlot) push(byGroup, `${job}/${group}`, { slot, index, verdict })
  }
  sorted.set(verdicts, byGroup)
  return byGroup
}

function push<K>(lists: Map<K, SlotVerdict[]>, key: K, one: SlotVerdict): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [one])
  else list.push(one)
}
