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
    const kept = keepSame(old, fresh)
    const take = (slot: SlotId, claim: Claim | undefined): void => {
      changes.set(slot, withClaim(changes.has(slot) ? changes.get(slot) : before.get(slot), node, claim))
    }
    for (const slot of old.keys()) if (!kept.has(slot)) take(slot, undefined)
    for (const [slot, claim] of kept) if (old.get(slot) !== claim) take(slot, claim)
    if (kept.size === 0) claimants.delete(node)
    else claimants.set(node, kept)
  }
  return withChanges(before, changes)
}

/** `fresh` with the objects of `old` for what reads as it did there; the very map when all of them are the same objects already. */
export function keepSame<K, V>(old: ReadonlyMap<K, V>, fresh: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  let kept: Map<K, V> | null = null
  for (const [key, value] of fresh) {
    const known = old.get(key)
    if (known === undefined || known === value || !isSame(known, value)) continue
    kept ??= new Map(fresh)
    kept.set(key, known)
  }
  return kept ?? fresh
}

/** The slot's claims with the node's, or without one of it; undefined: there are none. In order of node id, never changed in place. */
function withClaim(all: readonly Claim[] | undefined, node: NodeId, claim: Claim | undefined): readonly Claim[] | undefined {
  const others = (all ?? []).filter((one) => one.node !== node)
  if (claim === undefined) return others.length > 0 ? others : undefined
  return [...others, claim].sort((a, b) => compareText(a.node, b.node))
}
