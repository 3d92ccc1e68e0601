// Who claims what, by slot, put together from each node's own document. Only the slots of nodes whose document changed are touched;
// a claim that reads as before stays the same object.

import { isSame } from './documents/canonical.ts'
import { type NodeId, type SlotId, compareText } from './ids.ts'
import type { Claim, View } from './view.ts'

/** Each node's claims, from its own document and from nowhere else. */
export type Claimants = Map<NodeId, ReadonlyMap<SlotId, Claim>>

/** The claims after `read`; `claimants` is brought up to date. `before` stays as it was. */
export function updateClaims(before: View['claims'], claimants: Claimants, read: Claimants): View['claims'] {
  let claims: Map<SlotId, readonly Claim[]> | null = null
  for (const [node, fresh] of read) {
    const old = claimants.get(node) ?? new Map<SlotId, Claim>()
    const kept = new Map([...fresh].map(([slot, claim]) => [slot, sameOr(old.get(slot), claim)]))
    claimants.set(node, kept)
    for (const slot of new Set([...old.keys(), ...kept.keys()])) {
      const claim = kept.get(slot)
      if (old.get(slot) === claim) continue
      claims ??= new Map(before)
      put(claims, slot, node, claim)
    }
    if (kept.size === 0) claimants.delete(node)
  }
  return claims ?? before
}

function sameOr(old: Claim | undefined, fresh: Claim): Claim {
  return old !== undefined && isSame(old, fresh) ? old : fresh
}

/** The node's claim to the slot, or that it has none any more. Lists are in order of node id and never changed in place. */
function put(claims: Map<SlotId, readonly Claim[]>, slot: SlotId, node: NodeId, claim: Claim | undefined): void {
  const others = (claims.get(slot) ?? []).filter((one) => one.node !== node)
  const all = claim === undefined ? others : [...others, claim].sort((a, b) => compareText(a.node, b.node))
  if (all.length > 0) claims.set(slot, all)
  else claims.delete(slot)
}
