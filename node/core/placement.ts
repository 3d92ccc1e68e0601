// View → plan → actions → own allocations → own document, until nothing moves any more. This is the picture of DESIGN section 2
// as code. Upholds invariants 9, 13, 14 and 25.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import { allocId } from '../../crdt/view-hash.ts'
import type { Claim, Verdict } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Action, Local, Plan } from '../../scheduler/types.ts'
import { type Alloc, allTasks, createAlloc, createBody, hasEnded } from './allocs/alloc.ts'
import { begin, beginUpdate, drive, dropUpdate, end, persistBody, removeRemains, restartAll, switchOver } from './allocs/lifecycle.ts'
import { coreLimits } from './limits.ts'
import { changeCount, livenessOf, setMembers, silentSince } from './liveness/liveness.ts'
import { settleOrphans, wishedRestart } from './orphans.ts'
import { writeOwn } from './own-record.ts'
import { settleTime } from './settle-time.ts'
import { type State, type Step, note } from './state.ts'

/** Runs after every event. */
export function settle(step: Step): void {
  const { state } = step
  for (let round = 0; round < coreLimits.settleRoundsMax; round++) {
    if (changeCount(state.liveness) !== state.livenessChange) noticeLiveness(step)
    if (state.viewStale || isDue(state.lookAt, step.now) || (state.planStale && state.lookAt !== null)) lookAgain(step)
    if (state.planStale) planAgain(step)
    for (const alloc of [...state.allocs.values()]) drive(step, alloc)
    if (!state.ownStale && !isDue(state.receiptsDueAt, step.now) && !isDue(state.ownDueAt, step.now)) break
    state.ownStale = false
    state.ownDueAt = null
    writeOwn(step)
  }
}

function isDue(at: number | null, now: number): boolean {
  return at !== null && at <= now
}

function noticeLiveness(step: Step): void {
  const { state } = step
  state.livenessChange = changeCount(state.liveness)
  state.viewStale = true
  // It had company until now, however long ago anything was planned.
  if (hasCompany(state)) state.lastCompanyAt = step.now
  for (const [id, node] of state.view.nodes) {
    const now = livenessOf(state.liveness, id)
    if (now === node.liveness) continue
    if (now === 'disconnected' && node.liveness === 'alive') state.silentTimes.push(step.now)
    note(step, `${node.name} is ${now}`)
  }
}

function lookAgain(step: Step): void {
  const { state } = step
  state.viewStale = false
  state.lookAt = null
  state.planStale = true
  const before = state.view
  state.view = state.project({ pool: state.boot.config.pool, docs: state.docs, livenessOf: (node) => livenessOf(state.liveness, node) })
  const members = new Set<NodeId>([state.boot.config.self])
  for (const [id, node] of state.view.nodes) if (!node.evicted) members.add(id)
  for (const [id, peer] of state.peers)
    if (peer.pool === state.boot.config.pool && state.view.nodes.get(id)?.evicted !== true) members.add(id)
  setMembers(state.liveness, members)
  if (before.nodes.size < state.view.nodes.size) state.askLinks = true
  keepVerdicts(state)
  forgetRemoved(step)
  if (state.orphans.length > 0) settleOrphans(step)
}

/** Verdicts stay while the job names their form, or the copy here still runs it. */
function keepVerdicts(state: State): void {
  for (const [slot, verdicts] of state.verdicts) {
    const { job, group } = slotParts(slot)
    const view = state.view.jobs.get(job)
    if (view === undefined) continue
    const running = state.allocs.get(slot)?.body.form
    const kept = verdicts.filter((verdict: Verdict) => verdict.form === view.forms.get(group) || verdict.form === running)
    if (kept.length === verdicts.length) continue
    if (kept.length === 0) state.verdicts.delete(slot)
    else state.verdicts.set(slot, kept)
    state.ownStale = true
  }
}

/** A removed job's claims are in no document any more: nobody can ask for its logs, and its generations begin anew. */
function forgetRemoved(step: Step): void {
  const { state } = step
  const isRemoved = (slot: SlotId): boolean => state.view.jobs.get(slotParts(slot).job)?.desired === 'removed'
  for (const slot of [...state.ended.keys()]) if (isRemoved(slot)) state.ended.delete(slot)
  for (const slot of [...state.verdicts.keys()]) if (isRemoved(slot)) state.verdicts.delete(slot)
  const gone = state.finished.filter((alloc) => isRemoved(alloc.slot))
  if (gone.length === 0) return
  for (const alloc of gone) removeRemains(step, alloc)
  state.finished = state.finished.filter((alloc) => !gone.includes(alloc))
}

export function localOf(state: State, now: number): Local {
  const within = (time: number): boolean => now - time < coreLimits.paceWindowMs
  state.replacementTimes = state.replacementTimes.filter(within)
  state.silentTimes = state.silentTimes.filter(within)
  return {
    self: state.boot.config.self,
    now,
    silentSince: silentSince(state.liveness),
    failedSince: new Map([...state.failedSince].map(([slot, seen]) => [slot, seen.at])),
    pending: state.pending,
    replacementsLastMinute: state.replacementTimes.length,
    fellSilentLastMinute: state.silentTimes.length,
  }
}

function planAgain(step: Step): void {
  const { state } = step
  state.planStale = false
  noteFailures(state, step.now)
  const local = localOf(state, step.now)
  const next = plan(state.view, local)
  for (const [slot, pending] of next.pending) {
    const isNew = state.pending.get(slot)?.candidate === undefined
    if (isNew && (next.bySlot.get(slot)?.standing.unknown.length ?? 0) > 0) state.replacementTimes.push(step.now)
    state.pending.set(slot, pending)
  }
  for (const slot of [...state.pending.keys()]) if (!next.pending.has(slot)) state.pending.delete(slot)
  state.plan = next
  for (const action of actions(state.view, next, local)) perform(step, next, action)
  for (const alloc of state.allocs.values()) {
    const { job, group } = slotParts(alloc.slot)
    if (alloc.next !== null && alloc.next.form !== state.view.jobs.get(job)?.forms.get(group)) dropUpdate(step, alloc)
  }
  stopWhatIsAlone(step)
  if (state.storeProblem !== null) giveBackUnstarted(step)
}

/** A claim that waits for room on the disk keeps others from the slot. */
function giveBackUnstarted(step: Step): void {
  for (const alloc of [...step.state.allocs.values()]) {
    if (alloc.startedAt === 0 && (alloc.state === 'claimed' || alloc.state === 'preparing'))
      end(step, alloc, 'withdrawn', 'disk-full: this board takes nothing new')
  }
}

/** Remembers when this node first saw each new failure, for the reschedule delay. */
function noteFailures(state: State, now: number): void {
  const failures = new Map<SlotId, number>()
  for (const node of state.view.nodes.values()) {
    for (const [slot, verdicts] of node.verdicts) {
      const { job, group } = slotParts(slot)
      const form = state.view.jobs.get(job)?.forms.get(group)
      const count = verdicts.find((verdict) => verdict.form === form)?.failures ?? 0
      if (count > 0) failures.set(slot, (failures.get(slot) ?? 0) + count)
    }
  }
  for (const [slot, claims] of state.view.claims) {
    // A claim may fail without a verdict: its board forgot what it was to run.
    for (const claim of claims) if (claim.state === 'failed' && !isJudged(state, claim)) failures.set(slot, (failures.get(slot) ?? 0) + 1)
  }
  for (const slot of [...state.failedSince.keys()]) if (!failures.has(slot)) state.failedSince.delete(slot)
  for (const [slot, count] of failures) {
    if (state.failedSince.get(slot)?.failures !== count) state.failedSince.set(slot, { failures: count, at: now })
  }
}

/** What a full disk would leave half done: the old copy stopped, and no new one. */
const startsAnew: ReadonlySet<Action['kind']> = new Set<Action['kind']>(['claim', 'start', 'update', 'restart'])

function isJudged(state: State, claim: Claim): boolean {
  return (
    state.view.nodes
      .get(claim.node)
      ?.verdicts.get(claim.slot)
      ?.some((verdict) => verdict.form === claim.form && verdict.failures > 0) === true
  )
}

function perform(step: Step, plan: Plan, action: Action): void {
  const { state } = step
  if (state.storeProblem !== null && startsAnew.has(action.kind)) return
  const alloc = state.allocs.get(action.slot)
  switch (action.kind) {
    case 'claim':
      return claim(step, plan, action)
    case 'withdraw':
      return alloc && withdraw(step, alloc, action.reason)
    case 'start':
      return alloc && alloc.settleUntil === null ? startOrYield(step, plan, alloc) : undefined
    case 'stop':
      return alloc && end(step, alloc, 'stopped', action.reason)
    case 'update':
      return alloc && updateInPlace(step, alloc)
    case 'adopt-version':
      return alloc && adoptVersion(step, alloc)
    case 'restart':
      return alloc && restartAll(step, alloc, action.restart)
    case 'over':
      if (alloc === undefined) return
      alloc.over = action.over
      state.ownStale = true
      return
    case 'lost':
      if (alloc === undefined) return
      alloc.lost = action.lost
      state.ownStale = true
      return
  }
}

/** The view may not know yet that it runs. What runs is not withdrawn: it is told first, and then judged again. */
function withdraw(step: Step, alloc: Alloc, reason: string): void {
  if (alloc.state === 'running') step.state.ownStale = true
  else end(step, alloc, 'withdrawn', reason)
}

/**
 * A claim that was made before this node knew that the slot is held (it had just booted, or a cut has just ended) would win or
 * lose against the holder by a hash. The holder runs and was first: this one goes.
 */
function startOrYield(step: Step, plan: Plan, alloc: Alloc): void {
  const { view } = step.state
  const entry = plan.bySlot.get(alloc.slot)
  const holder = entry?.standing.holder ?? null
  const isHeld =
    holder !== null &&
    holder.alloc !== alloc.alloc &&
    holder.state === 'running' &&
    holder.form === entry?.form &&
    holder.generation >= alloc.generation
  const isNew = alloc.startedAt === 0 && alloc.state !== 'running'
  if (isNew && isHeld && view.nodes.get(holder.node)?.draining === false)
    end(step, alloc, 'withdrawn', `not-needed: ${holder.node} runs it already`)
  else begin(step, alloc)
}

function claim(step: Step, plan: Plan, action: Action & { kind: 'claim' }): void {
  const { state, env } = step
  if (!mayClaim(state, action.slot)) return
  const held = state.allocs.get(action.slot)
  if (held !== undefined && !hasEnded(held)) return
  const { job, group } = slotParts(action.slot)
  const entry = plan.bySlot.get(action.slot)
  const view = state.view.jobs.get(job)
  const spec = view?.spec?.groups.find((candidate) => candidate.name === group)
  if (entry === undefined || view?.spec == null || spec === undefined) return
  const id = allocId(env.crypto, action.slot, state.boot.config.self, action.generation)
  const body = createBody({
    alloc: id,
    version: view.version,
    form: entry.form,
    pool: view.spec.pool,
    jobMeta: view.spec.meta,
    group: spec,
  })
  const alloc = createAlloc({
    slot: action.slot,
    alloc: id,
    generation: action.generation,
    body,
    settleUntil: step.now + settleTime(state),
    lost: action.lost,
  })
  alloc.restartSeen = wishedRestart(state, action.slot)
  state.allocs.set(action.slot, alloc)
  state.ended.delete(action.slot)
  persistBody(step, alloc)
  note(step, `claimed ${action.slot} (generation ${action.generation})`)
}

/** A node that has just booted, or that stopped a copy because it was alone, takes nothing new. */
function mayClaim(state: State, slot: SlotId): boolean {
  if (!state.acting) return false
  const last = state.ended.get(slot)
  return !(last?.reason.startsWith('alone:') === true && !hasCompany(state))
}

function hasCompany(state: State): boolean {
  for (const node of state.view.nodes.values()) if (node.id !== state.boot.config.self && node.liveness === 'alive') return true
  return false
}

function updateInPlace(step: Step, alloc: Alloc): void {
  const { job, group } = slotParts(alloc.slot)
  const view = step.state.view.jobs.get(job)
  const spec = view?.spec?.groups.find((candidate) => candidate.name === group)
  const form = view?.forms.get(group)
  if (view?.spec == null || spec === undefined || form === undefined || form === alloc.body.form) return
  beginUpdate(
    step,
    alloc,
    createBody({ alloc: alloc.alloc, version: view.version, form, pool: view.spec.pool, jobMeta: view.spec.meta, group: spec }),
  )
  if (alloc.next !== null && allTasks(alloc.next, 'ready')) switchOver(step, alloc)
}

/** Same form, newer version: policies change, nothing restarts. */
function adoptVersion(step: Step, alloc: Alloc): void {
  const { job, group } = slotParts(alloc.slot)
  const view = step.state.view.jobs.get(job)
  const spec = view?.spec?.groups.find((candidate) => candidate.name === group)
  if (view === undefined || spec === undefined) return
  alloc.body.version = view.version
  alloc.body.group = spec
  dropUpdate(step, alloc)
  persistBody(step, alloc)
}

/** stop_on_client_after: alone for so long that the job wants its copy stopped here. */
function stopWhatIsAlone(step: Step): void {
  const { state } = step
  if (hasCompany(state)) state.lastCompanyAt = step.now
  if (state.view.nodes.size < 2) return
  for (const alloc of [...state.allocs.values()]) {
    const limit = alloc.body.group.disconnect.stopOnClientAfterMs
    if (limit !== null && step.now - state.lastCompanyAt >= limit) end(step, alloc, 'stopped', `alone: no peer heard for ${limit} ms`)
  }
}

/** When `stopWhatIsAlone` is next due. */
export function aloneDeadline(state: State): number {
  const never = Number.MAX_SAFE_INTEGER
  let at = never
  for (const alloc of state.allocs.values()) {
    const limit = alloc.body.group.disconnect.stopOnClientAfterMs
    if (limit !== null && alloc.ending === null) at = Math.min(at, state.lastCompanyAt + limit)
  }
  return at === never || state.view.nodes.size < 2 || hasCompany(state) ? never : at
}
