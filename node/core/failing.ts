// Where the view tells of failures: kept from one look to the next, so that a look costs what changed since and what fails. What a
// failure is worth is the business of `failures.ts`.

import type { NodeId, SlotId } from '../../crdt/ids.ts'
import { changedKeys } from '../../crdt/layered-map.ts'
import type { View } from '../../crdt/view.ts'

export interface Failing {
  readonly nodes: View['nodes']
  readonly claims: View['claims']
  /** Nodes with verdicts that count failures → their slots. */
  readonly judged: ReadonlyMap<NodeId, readonly SlotId[]>
  /** Slots with a failed claim. */
  readonly failed: ReadonlySet<SlotId>
}

export function noFailing(): Failing {
  return { nodes: new Map(), claims: new Map(), judged: new Map(), failed: new Set() }
}

/** What fails in the view; `before`: what failed in an earlier one. */
export function failingIn({ nodes, claims }: View, before: Failing): Failing {
  const judged = new Map(before.judged)
  for (const id of changedKeys(before.nodes, nodes)) {
    const now = nodes.get(id)?.verdicts
    if (now === before.nodes.get(id)?.verdicts) continue
    const verdicts = [...(now ?? [])]
    const slots = verdicts.filter(([, ofSlot]) => ofSlot.some((verdict) => verdict.failures > 0)).map(([slot]) => slot)
    if (slots.length > 0) judged.set(id, slots)
    else judged.delete(id)
  }
  const failed = new Set(before.failed)
  for (const slot of changedKeys(before.claims, claims)) {
    if (claims.get(slot)?.some((claim) => claim.state === 'failed')) failed.add(slot)
    else failed.delete(slot)
  }
  return { nodes, claims, judged, failed }
}
