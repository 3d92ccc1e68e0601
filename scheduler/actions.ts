// What this node should do about its own claims now. It starts nothing that is not the heir, and stops what runs only on an
// operator's word or for a heir that runs, is alive here and names this very claim. Asked again after its actions were carried
// out, it asks for nothing more; asked again before, for the same: actions are levels, not edges.

import { compareText, slotParts } from '../crdt/ids.ts'
import type { Generation, NodeId } from '../crdt/ids.ts'
import type { JobSpec } from '../crdt/spec.ts'
import { compareVersions, hasEnded, isHeld } from '../crdt/view.ts'
import type { Claim, JobView, View } from '../crdt/view.ts'
import { adopted } from './adoption.ts'
import { knowsRules } from './basis.ts'
import { newMarks } from './disconnect.ts'
import { awaitsHealth, drains } from './migrate.ts'
import { mustLeave } from './per-node.ts'
import { refusesRoom } from './preemption.ts'
import { isLost, lostMarks } from './standing.ts'
import type { Action, Local, Plan, SlotPlan, Standing } from './types.ts'

/** What frees room comes before what takes it. */
const kinds: readonly Action['kind'][] = ['stop', 'withdraw', 'lost', 'over', 'adopt-version', 'restart', 'update', 'start', 'claim']

export function actions(view: View, plan: Plan, local: Local): readonly Action[] {
  const found: Action[] = []
  const adopt = adopted(view, local, plan)
  const leaves = mustLeave(local.self, plan.own, view)
  for (const [slot, own] of plan.own) {
    if (hasEnded(own) || own.state === 'stopping') continue
    if (leaves.has(slot)) found.push(end(own, 'drained'))
    else found.push(...actionsFor(own, view.claims.get(slot) ?? [], view, plan, local, adopt))
  }
  for (const [id, { candidate }] of plan.pending) {
    const slot = candidate === local.self ? plan.bySlot.get(id) : undefined
    if (slot !== undefined) found.push(claimAction(slot, view, local))
  }
  return found.sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || compareText(a.slot, b.slot))
}

function claimAction(slot: SlotPlan, view: View, local: Local): Action {
  const claims = view.claims.get(slot.slot) ?? []
  const policy = policyOf(slot, view)
  const lost = lostMarks(claims)
  if (policy !== undefined)
    for (const [node, generation] of newMarks(slot.standing.unknown, policy, view, local)) raise(lost, node, generation)
  const { displaces } = slot
  return { kind: 'claim', slot: slot.slot, form: slot.form, generation: slot.nextGeneration, lost, ...(displaces && { displaces }) }
}

function policyOf(slot: SlotPlan, view: View) {
  return view.jobs.get(slot.job)?.spec?.groups.find((group) => group.name === slot.group)?.disconnect
}

function raise(marks: Map<NodeId, Generation>, node: NodeId, generation: Generation): void {
  marks.set(node, Math.max(marks.get(node) ?? 0, generation))
}

type Adopt = ReturnType<typeof adopted>

function actionsFor(own: Claim, claims: readonly Claim[], view: View, plan: Plan, local: Local, adopt: Adopt): Action[] {
  if (view.nodes.get(local.self)?.evicted === true) return [end(own, 'evicted')]
  const job = view.jobs.get(slotParts(own.slot).job)
  // Nothing is stopped because its job, or its newest version, is not known here (yet).
  if (job === undefined || compareVersions(own.version, job.version) > 0) return []
  const slot = plan.bySlot.of(own)
  const wish = job.wishes.get(own.slot)
  if (wish !== undefined && own.generation <= wish.stopGeneration) return [end(own, 'alloc-stop')]
  // Copies that are held answer to single orders, and give way to a copy that runs; nothing else ends them.
  if ((slot === undefined || job.desired !== 'run') && isKept(own, job)) return []
  if (job.desired !== 'run') return [end(own, job.desired === 'stopped' ? 'job-stopped' : 'job-removed')]
  if (job.spec === null) return []
  if (slot === undefined) return [end(own, slotParts(own.slot).node === null ? 'scaled-down' : 'not-suited')]
  const { complete } = slot.standing
  if (complete !== null) return [end(own, `complete: ${complete.node}`)]
  const adopts = own.form === slot.form && compareVersions(own.version, slot.version) < 0
  // Judged at the version that it takes on in this very step: otherwise a change of `count` during a cut would decide a heal.
  const standing = adopts ? adopt(slot, own, claims) : slot.standing
  const first: Action[] = adopts ? [{ kind: 'adopt-version', slot: own.slot, version: slot.version }] : []
  const gone = surrender(own, standing, job.spec, view, plan) ?? withoutRoom(own, view, plan)
  if (gone !== null) return [...first, gone]
  return [...first, ...carryOn(own, claims, slot, standing, job, view, local)]
}

/** It has no slot any more, or its job shall not run. */
function isKept({ slot, form }: Claim, job: JobView): boolean {
  const { group, index, node } = slotParts(slot)
  return isHeld(job, group, index, form) || (job.desired === 'run' && job.held?.places === true && node !== null)
}

/**
 * Stop or withdraw in favour of another node's claim, or null. A node that does not know the fleet's rules stops nothing that runs by
 * older ones, unless it drains: by the new ones the other may just be making way for it. One that drains has time: it hands over what works.
 */
function surrender(own: Claim, standing: Standing, spec: JobSpec, view: View, { basis }: Plan): Action | null {
  const first = whoWasFirst(own, standing, view)
  if (first !== undefined) return end(own, `not-needed: ${first.node}`)
  const { heir } = standing
  if (heir === null || heir.node === own.node) return null
  if (view.nodes.get(heir.node)?.liveness !== 'alive') return null
  if (own.state !== 'running') return end(own, `not-needed: ${heir.node}`)
  if (heir.state !== 'running' || heir.over.get(own.node) !== own.generation) return null
  if (awaitsHealth(own, heir, view.nodes, spec)) return null
  if (!knowsRules(basis) && view.nodes.get(own.node)?.draining !== true) return null
  return end(own, `replaced: ${heir.node}`)
}

/** What it was to displace stays: it cannot start here. */
function withoutRoom(own: Claim, view: View, plan: Plan): Action | null {
  const stays = refusesRoom(own, plan.own, view)
  return stays === undefined ? null : end(own, `room-refused: ${stays.slot}`)
}

/**
 * Another claim of the same generation that runs while this one never did: the two were made without knowing of one another, on two sides
 * of a cut or within one settle time. Whatever the ranks, nothing that runs is moved for that.
 */
function whoWasFirst(own: Claim, { live }: Standing, view: View): Claim | undefined {
  if ((own.state !== 'claimed' && own.state !== 'preparing') || own.startedAt > 0) return undefined
  return live.find(({ node, state, generation }) => {
    const board = view.nodes.get(node)
    return node !== own.node && state === 'running' && generation === own.generation && board?.liveness === 'alive' && !board.draining
  })
}

function carryOn(
  own: Claim,
  claims: readonly Claim[],
  slot: SlotPlan,
  standing: Standing,
  job: JobView,
  view: View,
  local: Local,
): Action[] {
  const isHeir = standing.heir?.node === own.node
  const isHolder = standing.holder?.node === own.node
  const found: Action[] = []
  if (isHeir && own.state === 'running') {
    const over = overAction(own, rivalsOf(own, slot, standing, job, view))
    if (over !== null) found.push(over)
    const lost = lostAction(own, claims, slot, view, local)
    if (lost !== null) found.push(lost)
  }
  const restart = job.wishes.get(own.slot)?.restart ?? 0
  if (isHolder && slot.update && own.form !== slot.form) found.push({ kind: 'update', slot: own.slot, form: slot.form })
  else if (own.state !== 'running') found.push(...(isHeir ? [{ kind: 'start', slot: own.slot } as const] : []))
  else if (own.restartSeen < restart) found.push({ kind: 'restart', slot: own.slot, restart })
  return found
}

/** Of a paused job no canary that has been promoted since sends away the copy beside which it runs, unless that has to go anyway. */
function rivalsOf(own: Claim, slot: SlotPlan, { live }: Standing, { paused, spec }: JobView, { nodes }: View): readonly Claim[] {
  const rivals = live.filter((claim) => claim.node !== own.node)
  const group = paused === true ? spec?.groups.find(({ name }) => name === slot.group) : undefined
  if (group?.update.canary === undefined) return rivals
  return rivals.filter((claim) => claim.form === own.form || claim.state !== 'running' || drains(claim, nodes))
}

/** Every live rival is named; names of rivals that are gone are dropped when the list is written anyway. */
function overAction(own: Claim, rivals: readonly Claim[]): Action | null {
  if (rivals.every((rival) => own.over.get(rival.node) === rival.generation)) return null
  return { kind: 'over', slot: own.slot, over: new Map(rivals.map((rival) => [rival.node, rival.generation])) }
}

/** A replacement that was made before lost_after passed writes the mark when it does. */
function lostAction(own: Claim, claims: readonly Claim[], slot: SlotPlan, view: View, local: Local): Action | null {
  const policy = policyOf(slot, view)
  if (policy === undefined || slot.standing.unknown.length === 0) return null
  const known = lostMarks(claims)
  // Only what this claim replaced: seen from the silent side, the replacement is silent just as long.
  const late = slot.standing.unknown.filter((claim) => claim.generation < own.generation && !isLost(claim, known))
  const marks = newMarks(late, policy, view, local)
  if (marks.length === 0) return null
  for (const [node, generation] of marks) raise(known, node, generation)
  return { kind: 'lost', slot: own.slot, lost: known }
}

/** A claim that may have tasks is stopped, one that has none is withdrawn. */
function end(own: Claim, reason: string): Action {
  const hasTasks = own.state === 'running' || own.state === 'starting'
  return { kind: hasTasks ? 'stop' : 'withdraw', slot: own.slot, reason }
}
