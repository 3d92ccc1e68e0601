// Where the view tells of failures: kept from one look to the next, so that a look costs what changed since and what fails. What a
// failure is worth is the business of `failures.ts`.

import type { NodeId, SlotId } from '../../crdt/ids.ts'
import { changedKeys } from '../../crdt/layered-map.ts'
import type { View } from '../../crdt/view.ts'

export interface Failing {
  nodes: View['nodes']
  claims: View['claims']
  /** Nodes with verdicts that count failures → their slots. */
  readonly judged: Map<NodeId, readonly SlotId[]>
  /** Slots with a failed claim. */
  readonly failed: Set<SlotId>
}

export function noFailing(): Failing {
  return { nodes: new Map(), claims: new Map(), judged: new Map(), failed: new Set() }
}

export function lookForFailures(failing: Failing, { nodes, claims }: View): void {
  for (const id of changedKeys(failing.nodes, nodes)) {
    const verdicts = [...(nodes.get(id)?.verdicts ?? [])]
    const slots = verdicts.filter(([, ofSlot]) => ofSlot.some((verdict) => verdict.failures > 0)).map(([slot]) => slot)
    if (slots.length > 0) failing.judged.set(id, slots)
    else failing.judged.delete(id)
  }
  for (const slot of changedKeys(failing.claims, claims)) {
    if (claims.get(slot)?.some((claim) => claim.state === 'failed')) failing.failed.add(slot)
    else failing.failed.delete(slot)
  }
  failing.nodes = nodes
  failing.claims = claims
}
