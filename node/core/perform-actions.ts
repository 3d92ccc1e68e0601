// Carries the scheduler's actions into this board's allocations. What they mean was decided by the plan; what is looked at here is
// what only this board knows: its disk, whether it has just booted, what its tasks are doing right now. Upholds invariants 9,
// 13 and 25.

import { slotParts } from '../../crdt/ids.ts'
import { isRunOnce } from '../../crdt/spec.ts'
import { hasEnded } from '../../crdt/view.ts'
import { allocId } from '../../crdt/view-hash.ts'
import { editionOf } from '../../scheduler/canaries.ts'
import { goesOn, runsWhereItDrains } from '../../scheduler/migrate.ts'
import type { Action, Plan } from '../../scheduler/types.ts'
import { type Alloc, allTasks, bodyParts, createAlloc, createBody } from './allocs/alloc.ts'
import { persistBody } from './allocs/claim.ts'
import { grantsFor, lackWords } from './allocs/devices.ts'
import { begin, beginUpdate, dropUpdate, end, fail, switchOver } from './allocs/lifecycle.ts'
import { portsToCome } from './allocs/ports.ts'
import { restartAll } from './allocs/stopping.ts'
import { isJobToCome, wishedRestart } from './orphans.ts'
import { hasRoomFor } from './own-record.ts'
import { settleTime } from './settle-time.ts'
import { type State, type Step, note } from './state.ts'

/** What a full disk would leave half done: the old copy stopped, and no new one. */
const startsAnew: ReadonlySet<Action['kind']> = new Set<Action['kind']>(['claim', 'start', 'update', 'restart'])

export function perform(step: Step, plan: Plan, action: Action): void {
  const { state } = step
  if (state.storeProblem !== null && startsAnew.has(action.kind)) return
  const alloc = state.allocs.get(action.slot)
  switch (action.kind) {
    case 'claim':
      return claim(step, plan, action)
    case 'withdraw':
      return alloc && giveUp(step, alloc, 'withdrawn', action.reason)
    case 'start':
      return alloc && alloc.settleUntil === null ? startOrYield(step, plan, alloc) : undefined
    case 'stop':
      return alloc && giveUp(step, alloc, 'stopped', action.reason)
    case 'update':
      return alloc && !isSettling(alloc) ? updateInPlace(step, alloc) : undefined
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

/** A fresh claim waits for better ones; a newer version that comes meanwhile waits with it. */
function isSettling({ settleUntil, startedAt }: Alloc): boolean {
  return settleUntil !== null && startedAt === 0
}

/** The view may not know yet that it runs, and judge it by that. So it is told first, and then judged again. */
function giveUp(step: Step, alloc: Alloc, as: 'withdrawn' | 'stopped', reason: string): void {
  const { view, boot } = step.state
  const told = view.claims.get(alloc.slot)?.find((claim) => claim.node === boot.config.self)
  if (alloc.state === 'running' && told?.state !== 'running') step.state.ownStale = true
  else end(step, alloc, as, reason)
}

/**
 * A claim that was made before this node knew that the slot is held (it had just booted, or a cut has just ended) would win or
 * lose against the holder by a hash. The holder runs and was first: this one goes.
 */
function startOrYield(step: Step, plan: Plan, alloc: Alloc): void {
  const { view } = step.state
  const entry = plan.bySlot.of({ slot: alloc.slot, form: alloc.body.form })
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
  if (!mayClaim(state, step.now)) return
  const held = state.allocs.get(action.slot)
  if (held !== undefined && !hasEnded(held)) return
  const { job, group } = slotParts(action.slot)
  const view = state.view.jobs.get(job)
  const edition = editionOf(view, group, action.form)
  if (view === undefined || edition === null) return
  // Of the slot, and not of its canary: that is healthy when `update` says so, since its version is promoted for it.
  const entry = plan.bySlot.get(action.slot)
  const id = allocId(env.crypto, action.slot, state.boot.config.self, action.generation)
  const body = createBody({
    alloc: id,
    version: view.version,
    updates: 0,
    ...bodyParts(edition),
    moves: entry !== undefined && goesOn(entry.standing, action.form, state.view.nodes),
  })
  const alloc = createAlloc({
    slot: action.slot,
    alloc: id,
    generation: action.generation,
    body,
    settleUntil: step.now + settleTime(state),
    lost: action.lost,
  })
  alloc.displaces = action.displaces ?? alloc.displaces
  if (!hasRoomFor(step, alloc)) return
  alloc.restartSeen = wishedRestart(state, action.slot)
  // Named from the start: the job may ask for others before this form has begun to run.
  alloc.ports = portsToCome(edition.group, {})
  state.allocs.set(action.slot, alloc)
  state.ended.delete(action.slot)
  const devices = grantsFor(state, alloc, body)
  if (devices === null) return fail(step, alloc, `device-lacking: ${lackWords(body)}`)
  alloc.devices = devices
  persistBody(step, alloc)
  const room = alloc.displaces.size === 0 ? '' : `, in the room of ${[...alloc.displaces.keys()].join(', ')}`
  note(step, `claimed ${action.slot} (generation ${action.generation})${room}`)
}

/**
 * A node that has just booted takes nothing new. Nor does one on which a task that nothing claims is still stopping, or one runs whose job
 * its peers may know: they hold room that no view tells of, and may be of this very slot.
 */
function mayClaim(state: State, now: number): boolean {
  return state.acting && state.leavingOrphans.size === 0 && !isJobToCome(state, now)
}

function updateInPlace(step: Step, alloc: Alloc): void {
  const { job, group } = slotParts(alloc.slot)
  const view = step.state.view.jobs.get(job)
  const edition = editionOf(view, group)
  if (view === undefined || edition === null || edition.form === alloc.body.form) return
  beginUpdate(
    step,
    alloc,
    createBody({
      alloc: alloc.alloc,
      version: view.version,
      updates: alloc.body.updates + 1,
      ...bodyParts(edition),
    }),
  )
  if (alloc.next !== null && allTasks(alloc.next, 'ready')) switchOver(step, alloc)
}

/** Same form, newer version: policies change, nothing restarts. */
function adoptVersion(step: Step, alloc: Alloc): void {
  const { job, group } = slotParts(alloc.slot)
  const view = step.state.view.jobs.get(job)
  const edition = editionOf(view, group, alloc.body.form)
  if (view === undefined || edition === null) return
  alloc.body.version = view.version
  // A run of a periodic job goes on as it began: its form says nothing of its program.
  if (view.runs === undefined) {
    alloc.body.group = edition.group
    alloc.body.runsOnce = isRunOnce(edition.spec)
    const { variables } = edition.spec
    if (variables === undefined) delete alloc.body.variables
    else alloc.body.variables = variables
    // Kill signals and delays are for tasks that run, too.
    for (const task of edition.group.tasks) {
      const run = alloc.body.tasks.get(task.name)
      if (run !== undefined) run.spec = task
    }
  }
  dropUpdate(step, alloc)
  persistBody(step, alloc)
}

/** A copy that has taken over from a node that drains is one like any other: what its health takes is the update block's from then on. */
export function settleMoves({ allocs, view }: State, plan: Plan): void {
  for (const { slot, healthy, body } of allocs.values()) {
    if (!body.moves || !healthy) continue
    const standing = plan.bySlot.get(slot)?.standing
    if (standing === undefined || !runsWhereItDrains(standing, view.nodes)) body.moves = false
  }
}

/** A claim that waits for room on the disk keeps others from the slot. */
export function giveBackUnstarted(step: Step): void {
  for (const alloc of [...step.state.allocs.values()]) {
    if (alloc.startedAt === 0 && (alloc.state === 'claimed' || alloc.state === 'preparing'))
      end(step, alloc, 'withdrawn', 'disk-full: this board takes nothing new')
  }
}
