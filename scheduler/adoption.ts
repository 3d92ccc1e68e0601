// Who would stand if a node's own claim, whose form is in force, were already at the job's version. Rarely needed: what it
// takes is built when first asked for.

import type { Claim, View } from '../crdt/view.ts'
import { boardsOf } from './boards.ts'
import { groupsOf } from './group.ts'
import { type NodeVerdict, historyOf } from './history.ts'
import { standingOf } from './slots.ts'
import type { Local, SlotPlan, Standing } from './types.ts'

export function adopted(view: View, local: Local): (slot: SlotPlan, own: Claim, claims: readonly Claim[]) => Standing {
  let boards: ReturnType<typeof boardsOf> | undefined
  return (slot, own, claims) => {
    if (claims.length === 1) return slot.standing
    boards ??= boardsOf(view)
    const job = view.jobs.get(slot.job)
    const spec = job?.spec ?? null
    const group =
      job === undefined || spec === null ? undefined : groupsOf(view, boards, job, spec).find((one) => one.group.name === slot.group)
    if (group === undefined) return slot.standing
    const verdicts: NodeVerdict[] = []
    for (const node of view.nodes.values())
      for (const verdict of node.verdicts.get(slot.slot) ?? []) verdicts.push({ node: node.id, verdict })
    const now = claims.map((claim) => (claim === own ? { ...own, version: slot.version } : claim))
    return standingOf(group, slot.slot, now, historyOf(group.form, now, verdicts), { view, local, boards })
  }
}
