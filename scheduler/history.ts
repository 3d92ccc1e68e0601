// What became of earlier tries to fill a slot at one form: failures by node, and the newest generation that failed. Read from
// the verdicts in the node documents and, should a verdict be missing, from failed claims.

import type { Form, Generation, NodeId, SlotId } from '../crdt/ids.ts'
import type { Claim, NodeView, Verdict, View } from '../crdt/view.ts'

export interface History {
  readonly failures: number
  readonly failuresOn: ReadonlyMap<NodeId, number>
  /** Nodes whose newest verdict on the form is `failed`. */
  readonly failedOn: ReadonlySet<NodeId>
  /** Generation of the newest failure at the form; 0: none. */
  readonly newestFailure: Generation
}

export interface NodeVerdict {
  readonly node: NodeId
  readonly verdict: Verdict
}

export const noHistory: History = { failures: 0, failuresOn: new Map(), failedOn: new Set(), newestFailure: 0 }
const none: readonly never[] = []

export type VerdictsBySlot = ReadonlyMap<SlotId, readonly NodeVerdict[]>

/**
 * Verdicts of all nodes by slot, but for those that tell of no failure: in a settled pool nearly all do not. Sums and maxima only
 * are taken from the lists, so that their order does not matter.
 */
export function verdictsBySlot(view: View): VerdictsBySlot {
  const bySlot = new Map<SlotId, NodeVerdict[]>()
  for (const node of view.nodes.values()) {
    for (const [slot, verdict] of telling(node)) {
      const list = bySlot.get(slot)
      if (list === undefined) bySlot.set(slot, [{ node: node.id, verdict }])
      else list.push({ node: node.id, verdict })
    }
  }
  return bySlot
}

/** Those of a node's verdicts that change an answer of this file. */
export function telling(node: NodeView | undefined): [SlotId, Verdict][] {
  const found: [SlotId, Verdict][] = []
  if (node === undefined) return found
  for (const [slot, verdicts] of node.verdicts)
    for (const verdict of verdicts)
      if (verdict.verdict === 'failed' || verdict.failures > 0 || verdict.generation > 0) found.push([slot, verdict])
  return found
}

/** The verdicts after these nodes changed. */
export function nextVerdicts(bySlot: VerdictsBySlot, changed: readonly NodeId[], before: View, view: View): VerdictsBySlot {
  const next = new Map(bySlot)
  for (const id of changed) {
    const node = view.nodes.get(id)
    for (const [slot] of telling(before.nodes.get(id)))
      next.set(
        slot,
        (next.get(slot) ?? none).filter((one) => one.node !== id),
      )
    for (const [slot, verdict] of telling(node)) next.set(slot, [...(next.get(slot) ?? none), { node: id, verdict }])
    for (const [slot] of telling(before.nodes.get(id))) if (next.get(slot)?.length === 0) next.delete(slot)
  }
  return next
}

export function historyOf(form: Form, claims: readonly Claim[] = none, verdicts: readonly NodeVerdict[] = none): History {
  if (claims.length === 0 && verdicts.length === 0) return noHistory
  const failuresOn = new Map<NodeId, number>()
  const failedOn = new Set<NodeId>()
  let newestFailure = 0
  for (const { node, verdict } of verdicts) {
    if (verdict.form !== form) continue
    if (verdict.failures > 0) failuresOn.set(node, Math.max(failuresOn.get(node) ?? 0, verdict.failures))
    if (verdict.verdict !== 'failed') continue
    failedOn.add(node)
    newestFailure = Math.max(newestFailure, verdict.generation)
  }
  for (const claim of claims) {
    if (claim.state !== 'failed' || claim.form !== form) continue
    failuresOn.set(claim.node, Math.max(failuresOn.get(claim.node) ?? 0, 1))
    failedOn.add(claim.node)
    newestFailure = Math.max(newestFailure, claim.generation)
  }
  if (failuresOn.size === 0 && failedOn.size === 0) return noHistory
  let failures = 0
  for (const count of failuresOn.values()) failures += count
  return { failures, failuresOn, failedOn, newestFailure }
}

/** 1 + the highest generation seen of the slot anywhere: in claims, in marks, in verdicts and in operators' wishes. */
export function nextGeneration(claims: readonly Claim[], verdicts: readonly NodeVerdict[] = none, wished: Generation = 0): Generation {
  let highest = wished
  for (const claim of claims) {
    highest = Math.max(highest, claim.generation)
    for (const generation of claim.lost.values()) highest = Math.max(highest, generation)
    for (const generation of claim.over.values()) highest = Math.max(highest, generation)
  }
  for (const { verdict } of verdicts) highest = Math.max(highest, verdict.generation)
  return highest + 1
}
