// Tasks that run with no claim of this node: its documents were lost, or an old disk was put back. If the job wants exactly this form
// the claim is written anew, so that what runs goes on; else the task is stopped once the documents are as good as they will
// get. Tasks of jobs that nobody here knows are left to `lost-changes.ts`. Upholds invariants 8, 13 and 20.

import { type SlotId, jobDocId, slotParts } from '../../crdt/ids.ts'
import { isPerNode } from '../../crdt/spec.ts'
import type { JobView } from '../../crdt/view.ts'
import { editionOf } from '../../scheduler/canaries.ts'
import { type Alloc, type Body, bodyParts, createAlloc, createBody, isUp } from './allocs/alloc.ts'
import { persistBody } from './allocs/claim.ts'
import { takeUpDevices } from './allocs/devices.ts'
import { removeTasks } from './allocs/finished.ts'
import { end } from './allocs/lifecycle.ts'
import { endLost, foundRunning, isOrdered, isPoststop, nowRunning } from './allocs/stages.ts'
import { coreLimits } from './limits.ts'
import type { AdoptedTask, TaskId } from './ports.ts'
import { type State, type Step, isEvicted, note } from './state.ts'

/** Highest generation first: of two copies of a slot the newer one is meant. True: claims were written anew. */
export function settleOrphans(step: Step): boolean {
  const { state } = step
  if (state.orphans.length === 0) return false
  const before = state.allocs.size
  const tasks = [...state.orphans].sort((a, b) => b.generation - a.generation)
  state.orphans = tasks.filter((task) => !settleOrphan(step, task))
  return state.allocs.size > before
}

/** A driver answers again and tells what it runs: what an allocation here waits for goes on, what nobody here knows is an orphan. */
export function adopted(step: Step, running: readonly AdoptedTask[]): void {
  const { state } = step
  const before = state.orphans.length
  for (const task of running) {
    const alloc = state.allocs.get(task.slot)
    const run = alloc?.alloc === task.alloc ? alloc.body.tasks.get(task.task) : undefined
    const isKnown =
      run?.id === task.id ||
      alloc?.leaving.has(task.id) === true ||
      [...(alloc?.next?.tasks.values() ?? [])].some((next) => next.id === task.id)
    if (!isKnown && state.hasMoved) stopOrphan(step, task)
    else if (!isKnown && !state.orphans.some((orphan) => orphan.id === task.id)) {
      state.orphans.push(task)
      state.orphansSince = step.now
      state.lostLookAt = Math.min(state.lostLookAt, step.now + coreLimits.lackingMsMax)
    }
    if (alloc === undefined || alloc.ending !== null || run?.id !== task.id || (run.phase !== 'pending' && run.phase !== 'waiting'))
      continue
    foundRunning(alloc.body, run)
    run.retryAt = null
    run.driverDownSince = null
    alloc.ports = { ...task.ports }
    takeUpDevices(alloc, task)
    if (isUp(alloc.body)) nowRunning(step, alloc, task.startedAt)
    if (isPoststop(run)) end(step, alloc, 'stopped', endLost)
    state.ownStale = true
  }
  if (state.orphans.length > before) {
    tellOrphans(step)
    state.ownStale = true
  }
  state.viewStale = true
}

/** Operators wonder why the board takes nothing new. */
export function tellOrphans(step: Step): void {
  const unknown = step.state.orphans.filter(({ slot }) => !step.state.docs.has(jobDocId(slotParts(slot).job)))
  if (unknown.length === 0) return
  const slots = [...new Set(unknown.map(({ slot }) => slot))].join(', ')
  const minutes = coreLimits.lackingMsMax / 60_000
  note(step, `runs ${slots}, of jobs that are not known here: claims nothing new for ${minutes} minutes, unless they come before`, 'warn')
}

/**
 * A task runs here whose job is not known yet, and a peer may be about to send it. What none of them has sent in so long only somebody has
 * who is away, maybe for good: the board cannot wait for that.
 */
export function isJobToCome({ orphans, orphansSince }: State, now: number): boolean {
  return orphans.length > 0 && now - orphansSince < coreLimits.lackingMsMax
}

/** What nobody could settle yet has ended by itself: it must not be taken up as if it ran. */
export function orphanExited(state: State, id: TaskId): void {
  const left = state.orphans.filter((orphan) => orphan.id !== id)
  if (left.length === state.orphans.length) return
  state.orphans = left
  // Claims have waited for it, and so have its devices.
  state.planStale = true
  state.ownStale = true
}

function settleOrphan(step: Step, task: AdoptedTask): boolean {
  const { state } = step
  // Whatever the job is: an evicted board runs nothing.
  if (isEvicted(state, state.boot.config.self)) {
    stopOrphan(step, task)
    return true
  }
  const view = state.view.jobs.get(slotParts(task.slot).job)
  if (view === undefined) return false
  const body = bodyFor(view, task)
  const claimed = state.allocs.get(task.slot)
  if (body === null || isPast(state, task) || (claimed !== undefined && claimed.alloc !== task.alloc)) {
    // What this disk knows of the job may be old; peers are asked first.
    if (!state.acting) return false
    stopOrphan(step, task)
    return true
  }
  const alloc = claimed ?? claimAnew(step, task, body)
  const run = alloc.body.tasks.get(task.task)
  if (run === undefined || run.id !== task.id) stopOrphan(step, task)
  else {
    foundRunning(alloc.body, run)
    takeUpDevices(alloc, task)
    if (isOrdered(alloc.body.group) || task.devices !== undefined) persistBody(step, alloc)
    if (isUp(alloc.body)) nowRunning(step, alloc, task.startedAt)
    if (isPoststop(run)) end(step, alloc, 'stopped', endLost)
  }
  return true
}

/** What the task is a part of, if the job still wants it just so. */
function bodyFor(view: JobView, task: AdoptedTask): Body | null {
  const { group, index, node } = slotParts(task.slot)
  const edition = editionOf(view, group, task.form)
  if (view.desired !== 'run' || edition === null || edition.form !== task.form) return null
  const { spec } = edition
  if (spec.parameterized !== undefined) return null
  const { count } = edition.group
  if (isPerNode(spec) !== (node !== null) || (node === null ? index >= count : count === 0)) return null
  return createBody({
    alloc: task.alloc,
    version: view.version,
    updates: task.updates ?? 0,
    ...bodyParts(edition),
  })
}

/** This node ended that claim, or a later one, itself. */
function isPast(state: State, task: AdoptedTask): boolean {
  const last = state.ended.get(task.slot)
  return last !== undefined && last.generation >= task.generation && !last.reason.startsWith('record-lost')
}

function claimAnew(step: Step, task: AdoptedTask, body: Body): Alloc {
  const { state } = step
  const { slot } = task
  const last = state.ended.get(slot)
  const alloc = createAlloc({
    slot,
    alloc: task.alloc,
    generation: task.generation,
    body,
    settleUntil: null,
    lost: last?.lost ?? new Map(),
  })
  alloc.state = 'starting'
  alloc.ports = { ...task.ports }
  alloc.startedAt = task.startedAt
  alloc.restartSeen = last?.restartSeen ?? wishedRestart(state, slot)
  state.allocs.set(slot, alloc)
  state.ended.delete(slot)
  state.ownStale = true
  persistBody(step, alloc)
  note(step, `found ${slot} (generation ${task.generation}) running without a claim and took it up`)
  return alloc
}

export function wishedRestart(state: State, slot: SlotId): number {
  return state.view.jobs.get(slotParts(slot).job)?.wishes.get(slot)?.restart ?? 0
}

/** No allocation will ever ask for what it left. */
export function orphanStopped(step: Step, id: TaskId): void {
  const task = step.state.leavingOrphans.get(id)
  if (task === undefined) return
  step.state.leavingOrphans.delete(id)
  // Claims have waited for it, and so have its devices.
  step.state.planStale = true
  step.state.ownStale = true
  removeTasks(step, { ...task, tasks: [{ name: task.task, id, driver: task.driver }] })
}

export function stopOrphan(step: Step, task: AdoptedTask): void {
  note(step, `stopping ${task.id}: nothing here claims it`)
  step.state.leavingOrphans.set(task.id, task)
  step.out.push({ kind: 'stop', task: task.id, driver: task.driver, signal: 'SIGTERM', timeoutMs: 5_000 })
}
