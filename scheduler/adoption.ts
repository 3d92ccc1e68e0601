// Who would stand if a node's own claim, whose form is in force, were already at the job's version. It reads what the plan was made
// from.

import type { Claim, View } from '../crdt/view.ts'
import { ownClaims } from './canaries.ts'
import { historyOf } from './history.ts'
import { standingOf } from './slots.ts'
import type { Local, Plan, SlotPlan, Standing } from './types.ts'

export function adopted(view: View, local: Local, plan: Plan): (slot: SlotPlan, own: Claim, claims: readonly Claim[]) => Standing {
  return (slot, own, claims) => {
    const { basis } = plan
    const { boards, verdicts } = basis
    const isCanary = slot.canary === true
    const rules = basis.judged.get(slot.job)?.find(({ rules: one }) => one.group.name === slot.group && one.isCanary === isCanary)?.rules
    if (claims.length === 1 || rules === undefined) return slot.standing
    const now = ownClaims(rules, slot.index, claims).map((claim) => (claim === own ? { ...own, version: slot.version } : claim))
    return standingOf(rules, slot.slot, now, historyOf(rules.form, now, verdicts.get(slot.slot)), { view, local, boards })
  }
}
