// `job plan`: what the placement would be if the job's document had these changes too. The same gate, projection and plan as for
// real, on copies that are then forgotten.

import type { PlannedSlot } from '../../../crdt/api-jobs.ts'
import type { Reply } from '../../../crdt/api-types.ts'
import { fromBase64 } from '../../../crdt/base64.ts'
import { type JobId, compareText, jobDocId, slotParts } from '../../../crdt/ids.ts'
import { difference } from '../../../crdt/registers.ts'
import { type Claim, type View, hasEnded, isHeld } from '../../../crdt/view.ts'
import { explainJob, reasonOf } from '../../../scheduler/explain.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { withRuns } from '../../../scheduler/periodic.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Plan, SlotPlan } from '../../../scheduler/types.ts'
import { admitAside, judgedHere } from '../documents.ts'
import { coreLimits } from '../limits.ts'
import { livenessOf } from '../liveness/liveness.ts'
import { localOf } from '../placement.ts'
import { runClock } from '../runs.ts'
import type { Step } from '../state.ts'
import { coverageOf } from './coverage.ts'
import { jobNamed } from './jobs.ts'

/** The copies of a group fail for the same reasons, and each explanation names every node. */
const unplacedMax = 10

export function planReply(step: Step, name: string, envelopes: readonly string[]): Reply {
  const { state, env } = step
  const job = jobNamed(name)
  if (envelopes.length > coreLimits.putEnvelopesMax)
    return { kind: 'error', code: 'E_SIZE', message: `a plan takes at most ${coreLimits.putEnvelopesMax} envelopes` }
  const docs = new Map(state.docs)
  for (const text of envelopes) {
    const bytes = fromBase64(text)
    const admitted = bytes.ok ? admitAside(env, state, bytes.value, docs) : bytes
    if (!admitted.ok) return { kind: 'error', code: admitted.code, message: admitted.message }
  }
  const told = state.project({ pool: state.boot.config.pool, docs, livenessOf: (node) => livenessOf(state.liveness, node) })
  const { view } = withRuns(inForce(told), runClock(state, step.now), null)
  const local = localOf(state, step.now)
  const planned = plan(view, { ...local, pending: new Map() }, state.plan)
  const before = judgedHere(state, jobDocId(job))?.registers ?? new Map()
  const changes = [...difference(before, judgedHere({ docs }, jobDocId(job))?.registers ?? new Map())]
    .sort(([a], [b]) => compareText(a, b))
    .map(([path, value]) => `${path}: ${JSON.stringify(before.get(path) ?? null)} → ${JSON.stringify(value)}`)
  const slots = [...plannedSlots(planned, job), ...stoppedSlots(view, planned, job)]
  const isUnplaced = slots.some((slot) => slot.action === 'none')
  const explained = isUnplaced ? explainJob(view, { ...local, pending: new Map() }, planned, job).slots : []
  const unplaced = explained.filter((slot) => slot.holder === null && slot.candidate === null).slice(0, unplacedMax)
  return { kind: 'plan', coverage: coverageOf(step), changes, slots, unplaced }
}

function plannedSlots(planned: Plan, job: JobId): PlannedSlot[] {
  return planned.bySlot.ofJob(job).map(plannedSlot)
}

function plannedSlot(planned: SlotPlan): PlannedSlot {
  const { complete, holder } = planned.standing
  const place = { slot: planned.slot, ...(planned.canary === true ? { canary: true } : {}) }
  if (complete !== null) return { ...place, action: 'complete', node: complete.node, reason: null }
  if (holder !== null && holder.form === planned.form) return { ...place, action: 'keep', node: holder.node, reason: null }
  const about = { ...place, reason: reasonOf(planned), ...(planned.displaces && { evicts: [...planned.displaces.keys()] }) }
  if (holder !== null) return { ...about, action: 'update', node: holder.node }
  return { ...about, action: planned.candidate === null ? 'none' : 'place', node: planned.candidate }
}

function isHeldHere(view: View, { slot, form }: Claim): boolean {
  const { job, group, index } = slotParts(slot)
  const about = view.jobs.get(job)
  return about !== undefined && isHeld(about, group, index, form)
}

/** Copies that run now and that the changed job no longer wants. */
function stoppedSlots(view: View, planned: Plan, job: JobId): PlannedSlot[] {
  const stopped: PlannedSlot[] = []
  for (const [slot, claims] of view.claims) {
    if (!slot.startsWith(`${job}/`) || planned.bySlot.has(slot)) continue
    for (const claim of claims)
      if (!hasEnded(claim) && !isHeldHere(view, claim)) stopped.push({ slot, action: 'stop', node: claim.node, reason: null })
  }
  return stopped.sort((a, b) => compareText(a.slot, b.slot))
}
