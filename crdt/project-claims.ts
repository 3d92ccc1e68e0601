// Who claims what, by slot, put together from each node's own document. Only the slots of nodes whose document changed are touched;
// a claim that reads as before stays the same object.

import { isSame } from './documents/canonical.ts'
import { type NodeId, type SlotId, compareText } from './ids.ts'
import { withChanges } from './layered-map.ts'
import type { Claim, View } from './view.ts'

/** Each node's claims, from its own document and from nowhere else. */
export type Claimants = Map<NodeId, ReadonlyMap<SlotId, Claim>>

/** The claims after `read`; `claimants` is brought up to date. `before` stays as it was. */
export function updateClaims(before: View['claims'], claimants: Claimants, read: Claimants): View['claims'] {
  const changes = new Map<SlotId, readonly Claim[] | undefined>()
  for (const [node, fresh] of read) {
    const old = claimants.get(node) ?? new Map<SlotId, Claim>()
    const kept = new Map([...fresh].map(([slot, claim]) => [slot, sameOr(old.get(slot), claim)]))
    claimants.set(node, kept)
    for (const slot of new Set([...old.keys(), ...kept.keys()])) {
      const claim = kept.get(slot)
      if (old.get(slot) === claim) continue
      changes.set(slot, withClaim(changes.has(slot) ? changes.get(slot) : before.get(slot), node, claim))
    }
    if (kept.size === 0) claimants.delete(node)
  }
  return withChanges(before, changes)
}

function sameOr(old: Claim | undefined, fresh: Claim): Claim {
  return old !== undefined && isSame(old, fresh) ? old : fresh
}

/** The slot's claims with the node's, or without one of it; undefined: there are none. In order of node id, never changed in place. */
function withClaim(all: readonly Claim[] | undefined, node: NodeId, claim: Claim | undefined): readonly Claim[] | undefined {
  const others = (all ?? []).filter((one) => one.node !== node)
  if (claim === undefined) return others.length > 0 ? others : undefined
  return [...others, claim].sort((a, b) => compareText(a.node, b.node))
}
