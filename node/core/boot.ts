// The first step after start: documents from the store, allocations from the own document, running tasks from the drivers. What
// the board already ran goes on (or starts again, after a power cut) before any peer has answered. Upholds invariants 18 and 20.

import { type Form, type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Claim } from '../../crdt/view.ts'
import { type Alloc, allTasks, createAlloc, createBody } from './allocs/alloc.ts'
import { allocKey, type BodyRecord, decodeBody } from './allocs/claim.ts'
import { drive, nowRunning, persistBody } from './allocs/lifecycle.ts'
import { restore } from './documents.ts'
import { readOwn } from './own-record.ts'
import type { RunningTask } from './ports.ts'
import { type Step, note } from './state.ts'

export function boot(step: Step): void {
  restore(step)
  const record = readOwn(step)
  const bodies = new Map<string, BodyRecord>()
  for (const [key, bytes] of step.state.boot.records) {
    const body = key.startsWith('meta/alloc/') ? decodeBody(bytes) : undefined
    if (body !== undefined) bodies.set(key, body)
  }
  const running = new Map(step.state.boot.running.map((task) => [task.id, task]))
  for (const [slot, claim] of record?.claims ?? []) {
    if (isEnd(claim)) step.state.ended.set(slot, claim)
    else resume(step, claim, bodies.get(allocKey(slot)), running)
  }
  step.state.orphans = [...running.values()]
}

function isEnd(claim: Claim): boolean {
  return claim.state === 'stopped' || claim.state === 'failed' || claim.state === 'withdrawn' || claim.state === 'complete'
}

/** Takes a claim up again: adopts its tasks that run, and starts the others as a board does after a power cut. */
function resume(step: Step, claim: Claim, record: BodyRecord | undefined, running: Map<string, RunningTask>): void {
  const { state } = step
  if (record === undefined) {
    state.ended.set(claim.slot, { ...claim, state: 'failed', healthy: false, reason: 'record-lost: the board forgot what this claim was to run' })
    return
  }
  const alloc = createAlloc({
    slot: claim.slot,
    alloc: claim.alloc,
    generation: claim.generation,
    body: createBody({ ...record, alloc: claim.alloc, form: record.form as Form }),
    settleUntil: step.now,
    lost: claim.lost,
  })
  alloc.over = claim.over
  alloc.startedAt = claim.startedAt
  alloc.restarts = claim.restarts
  alloc.restartSeen = claim.restartSeen
  alloc.ports = { ...claim.ports }
  state.allocs.set(claim.slot, alloc)
  const adopted = adopt(step, alloc, running)
  if (claim.state === 'claimed' && adopted === 0) return
  alloc.state = adopted > 0 ? 'starting' : 'preparing'
  if (allTasks(alloc.body, 'running')) {
    nowRunning(step, alloc, claim.startedAt)
    alloc.healthy = claim.healthy
    note(step, `adopted ${claim.slot} (generation ${claim.generation}), still running`)
  } else note(step, `starting ${claim.slot} again (generation ${claim.generation}), as before the stop`)
  drive(step, alloc)
}

/** How many of the allocation's tasks run already. */
function adopt(step: Step, alloc: Alloc, running: Map<string, RunningTask>): number {
  let adopted = 0
  for (const task of alloc.body.tasks.values()) {
    const found = running.get(task.id)
    if (found === undefined) continue
    running.delete(task.id)
    task.phase = 'running'
    task.event = 'adopted'
    alloc.ports = { ...found.ports }
    adopted += 1
  }
  // Left from before an update in place: it must be gone before the new form starts.
  for (const [id, found] of running) {
    const spec = found.alloc === alloc.alloc ? [...alloc.body.tasks.values()].find((task) => task.spec.name === found.task)?.spec : undefined
    if (spec === undefined) continue
    running.delete(id)
    alloc.leaving.set(id, { id, spec, phase: 'stopping', restarts: 0, event: '', failed: false, retryAt: null, pullTries: 0, portTries: 0, again: false })
    step.out.push({ kind: 'stop', task: id, driver: spec.driver, signal: spec.killSignal, timeoutMs: spec.killTimeoutMs })
  }
  return adopted
}

/**
 * Tasks that run with no claim of this node: an old disk was put back. Called once the documents are as good as they will get.
 * If the job still wants exactly this form the claim is written anew, else the task is stopped; unknown jobs are left alone.
 */
export function settleOrphans(step: Step): void {
  const { state } = step
  const left: RunningTask[] = []
  for (const task of state.orphans) if (!settleOrphan(step, task)) left.push(task)
  state.orphans = left
}

function settleOrphan(step: Step, task: RunningTask): boolean {
  const { state } = step
  const { job, group, index } = slotParts(task.slot)
  const view = state.view.jobs.get(job)
  if (view === undefined) return false
  const spec = view.spec?.groups.find((entry) => entry.name === group)
  const isWanted = view.desired === 'run' && spec !== undefined && index < spec.count && view.forms.get(group) === task.form
  const claimed = state.allocs.get(task.slot)
  if (!isWanted || view.spec === null || spec === undefined || (claimed !== undefined && claimed.generation !== task.generation)) {
    stopOrphan(step, task)
    return true
  }
  const alloc = claimed ?? claimAnew(step, task.slot, task, createBody({ alloc: task.alloc, version: view.version, form: task.form, pool: view.spec.pool, jobMeta: view.spec.meta, group: spec }))
  const run = alloc.body.tasks.get(task.task)
  if (run === undefined || run.id !== task.id) stopOrphan(step, task)
  else {
    run.phase = 'running'
    run.event = 'adopted'
    if (allTasks(alloc.body, 'running')) nowRunning(step, alloc, task.startedAt)
  }
  return true
}

function claimAnew(step: Step, slot: SlotId, task: RunningTask, body: Alloc['body']): Alloc {
  const alloc = createAlloc({ slot, alloc: task.alloc, generation: task.generation, body, settleUntil: step.now, lost: new Map() })
  alloc.state = 'starting'
  alloc.ports = { ...task.ports }
  alloc.startedAt = task.startedAt
  step.state.allocs.set(slot, alloc)
  step.state.ended.delete(slot)
  persistBody(step, alloc)
  note(step, `found ${slot} (generation ${task.generation}) running without a claim and took it up`)
  return alloc
}

function stopOrphan(step: Step, task: RunningTask): void {
  note(step, `stopping ${task.id}: nothing here claims it`)
  // Which driver runs it is not in its name; each ignores an id that it does not know.
  for (const driver of ['raw_exec', 'docker'] as const) {
    if (step.state.fingerprints[driver] !== undefined) step.out.push({ kind: 'stop', task: task.id, driver, signal: 'SIGTERM', timeoutMs: 5_000 })
  }
}
