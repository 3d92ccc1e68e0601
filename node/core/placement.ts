// View → plan → actions → own allocations → own document, until nothing moves any more. This is the picture of DESIGN section 2
// as code. Upholds invariants 9, 13, 14 and 25.

import { type NodeId, slotParts } from '../../crdt/ids.ts'
import { type NodeView, isMember } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { inForce } from '../../scheduler/in-force.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Local } from '../../scheduler/types.ts'
import { isHeard } from './admission.ts'
import { askChecks } from './allocs/checks.ts'
import { drive, dropUpdate } from './allocs/lifecycle.ts'
import { isAlone, stopWhatIsAlone } from './alone.ts'
import { isCloneNews } from './clones.ts'
import { makeRoom } from './displacing.ts'
import { drainIfAsked } from './draining.ts'
import { forgetFailures, noteFailures } from './failures.ts'
import { forgetRemoved, forgetReplaced, forgetRuns, keepVerdicts } from './forgetting.ts'
import { leaveIfAsked } from './leaving.ts'
import { coreLimits } from './limits.ts'
import { changeCount, livenessOf, setMembers, silentSince } from './liveness/liveness.ts'
import { settleOrphans } from './orphans.ts'
import { writeOwn } from './own-record.ts'
import { giveBackUnstarted, perform, settleMoves } from './perform-actions.ts'
import { reviewStandings } from './replicate.ts'
import { lookAtRuns } from './runs.ts'
import { type State, type Step, log, lookSoon, note } from './state.ts'

/** Runs after every event. */
export function settle(step: Step): void {
  const { state } = step
  for (let round = 0; round < coreLimits.settleRoundsMax; round++) {
    if (changeCount(state.liveness) !== state.livenessChange) noticeLiveness(step)
    if (isDue(state.time.runsDueAt, step.now)) state.viewStale = true
    const isLookDue = state.viewStale || isDue(state.lookAt, step.now) || (state.planStale && state.lookAt !== null)
    const hasTakenUp = isLookDue && lookAgain(step)
    // What this board has just taken up is in no view yet: a plan would give its ports and its room to others. Nor is a clone that it has just
    // learnt of: a plan would give it work.
    if (state.planStale && !hasTakenUp && !(round === 0 && isCloneNews(state))) planAgain(step)
    for (const alloc of [...state.allocs.values()]) drive(step, alloc)
    makeRoom(step)
    askChecks(step)
    drainIfAsked(step)
    leaveIfAsked(step)
    if (!state.ownStale && !isDue(state.receiptsDueAt, step.now) && !isDue(state.ownDueAt, step.now)) return
    state.ownStale = false
    state.ownDueAt = null
    writeOwn(step)
  }
  log(step, 'warn', `this board's own document still changes after ${coreLimits.settleRoundsMax} rounds: a bug`)
}

function isDue(at: number | null, now: number): boolean {
  return at !== null && at <= now
}

function noticeLiveness(step: Step): void {
  const { state } = step
  state.livenessChange = changeCount(state.liveness)
  state.livenessChangedAt = step.now
  lookSoon(step, 0)
}

function tellLiveness(step: Step): void {
  const { state } = step
  if (state.livenessTold === state.livenessChange) return
  state.livenessTold = state.livenessChange
  for (const [id, node] of state.view.nodes) {
    const now = livenessOf(state.liveness, id)
    if (now !== node.liveness) note(step, `${node.name} is ${now}`)
  }
}

/** True: a task that ran without a claim has one again. */
function lookAgain(step: Step): boolean {
  const { state } = step
  tellLiveness(step)
  state.viewStale = false
  state.lookedAt = step.now
  state.lookAt = null
  state.planStale = true
  // What the former view says held until now, however long ago anything was planned.
  if (!isAlone(state)) state.lastCompanyAt = step.now
  const before = state.view
  const { docs } = state
  const told = state.project({ pool: state.boot.config.pool, docs, livenessOf: (node) => livenessOf(state.liveness, node) })
  state.view = lookAtRuns(step, inForce(told))
  setMembers(state.liveness, membersHere(state))
  noteWaiting(state, step.now)
  if (before.nodes.size < state.view.nodes.size) state.askLinks = true
  reviewStandings(step, before)
  keepVerdicts(state)
  forgetRemoved(step)
  forgetReplaced(step)
  forgetRuns(step)
  return settleOrphans(step)
}

/** The own pool's nodes, and connected ones of it whose documents have not come. */
function membersHere(state: State): NodeId[] {
  const members: NodeId[] = []
  for (const [id, node] of state.view.nodes) if (isMember(node)) members.push(id)
  for (const [id, peer] of state.peers) {
    const known = state.view.nodes.get(id)
    if (peer.pool === state.boot.config.pool && (known === undefined || isWaiting(known)) && isHeard(state, id)) members.push(id)
  }
  return members
}

function silenceOf({ liveness, waitsSince }: State): ReadonlyMap<NodeId, number> {
  const silent = silentSince(liveness)
  return waitsSince.size === 0 ? silent : new Map([...silent, ...waitsSince])
}

function noteWaiting({ view, waitsSince, boot }: State, now: number): void {
  for (const id of waitsSince.keys()) if (!isWaiting(view.nodes.get(id))) waitsSince.delete(id)
  if (view.fleet.admission !== 'certified') return
  for (const [id, node] of view.nodes) if (id !== boot.config.self && isWaiting(node) && !waitsSince.has(id)) waitsSince.set(id, now)
}

function isWaiting(node: NodeView | undefined): boolean {
  return node !== undefined && !node.evicted && !isMember(node)
}

export function localOf(state: State, now: number): Local {
  const within = (time: number): boolean => now - time < coreLimits.paceWindowMs
  state.replacementTimes = state.replacementTimes.filter(within)
  return {
    self: state.boot.config.self,
    now,
    silentSince: silenceOf(state),
    failedSince: new Map([...state.failedSince].map(([slot, seen]) => [slot, seen.at])),
    pending: state.pending,
    aloneSince: isAlone(state) ? state.lastCompanyAt : null,
    replacementsLastMinute: state.replacementTimes.length,
  }
}

function planAgain(step: Step): void {
  const { state } = step
  state.planStale = false
  noteFailures(step)
  forgetFailures(step)
  const local = localOf(state, step.now)
  const next = (step.env.plan ?? plan)(state.view, local, state.plan)
  for (let begun = 0; begun < next.replacements; begun++) state.replacementTimes.push(step.now)
  for (const [slot, pending] of next.pending) state.pending.set(slot, pending)
  for (const slot of [...state.pending.keys()]) if (!next.pending.has(slot)) state.pending.delete(slot)
  state.plan = next
  state.registersLeft = null
  for (const action of actions(state.view, next, local)) perform(step, next, action)
  for (const alloc of state.allocs.values()) {
    const { job, group } = slotParts(alloc.slot)
    if (alloc.next !== null && alloc.next.form !== state.view.jobs.get(job)?.forms.get(group)) dropUpdate(step, alloc)
  }
  settleMoves(state, next)
  stopWhatIsAlone(step)
  if (state.storeProblem !== null) giveBackUnstarted(step)
}
