// A node that drains, for people: by which wish, and of each copy that is left there what it waits for.

import type { DrainDetail, MoveRow } from '../../../crdt/api-nodes.ts'
import { type NodeId, slotParts } from '../../../crdt/ids.ts'
import { isRunOnce } from '../../../crdt/spec.ts'
import { type Claim, type NodeView, hasEnded } from '../../../crdt/view.ts'
import { drainOverAt } from '../draining.ts'
import type { State } from '../state.ts'

export function drainDetail(state: State, node: NodeView, claims: readonly Claim[], now: number): DrainDetail {
  const { drain, leaving, drainIgnoresSystem } = node
  // Its own clock counts, and nobody else's knows since when.
  const overAt = node.id === state.boot.config.self ? drainOverAt(state) : null
  return {
    ...(drain === undefined ? {} : { saidAtMs: drain.saidAtMs, message: drain.message }),
    deadlineMs: (drain ?? leaving)?.deadlineMs ?? null,
    ...(overAt === null ? {} : { leftMs: Math.max(0, Math.trunc(overAt - now)) }),
    ignoresSystem: drainIgnoresSystem === true,
    left: claims.filter((claim) => !hasEnded(claim)).map((claim) => moveRow(state, node, claim)),
  }
}

function moveRow(state: State, node: NodeView, claim: Claim): MoveRow {
  const { slot } = claim
  const plan = state.plan?.bySlot.of(claim)
  const place = { slot, ...(plan?.canary === true ? { canary: true } : {}) }
  const row = (reason: string, to: NodeId | null = null): MoveRow => {
    return { ...place, reason, to: to === null ? null : state.view.nodes.get(to)?.name || to }
  }
  if (claim.state === 'stopping') return row('stops')
  if (node.liveness !== 'alive') return row('node-silent')
  const { job, node: owner } = slotParts(slot)
  if (owner !== null) return row(node.drainIgnoresSystem === true ? 'system-stays' : 'system-last')
  const spec = state.view.jobs.get(job)?.spec
  if (plan === undefined || spec == null) return row('job-unknown')
  const { heir } = plan.standing
  if (heir !== null && state.view.nodes.get(heir.node)?.draining === false) {
    if (heir.state !== 'running') return row('starts-there', heir.node)
    return row(heir.healthy || isRunOnce(spec) ? 'stops' : 'awaits-health', heir.node)
  }
  if (plan.candidate !== null) return row('starts-there', plan.candidate)
  if (plan.reason !== null) return row(plan.reason)
  return row(isRunOnce(spec) ? 'ends-by-itself' : 'stops')
}
