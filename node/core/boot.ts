// The first step after start: documents from the store, allocations from the own document, running tasks from the drivers. What
// the board already ran goes on (or starts again, after a power cut) before any peer has answered. Upholds invariants 18 and 20.

import type { Form, SlotId } from '../../crdt/ids.ts'
import { type Claim, hasEnded } from '../../crdt/view.ts'
import { awaitedBy } from '../../scheduler/preemption.ts'
import { type Alloc, type Body, type Ending, type TaskRun, createAlloc, createBody, createTask, isUp } from './allocs/alloc.ts'
import { allocKey, type BodyRecord, decodeBody, endedClaim } from './allocs/claim.ts'
import { readRemains } from './allocs/finished.ts'
import { recallDevices } from './devices.ts'
import { readHeldDevices, takeUpDevices } from './allocs/devices.ts'
import { recallClones } from './clones.ts'
import { drive, end } from './allocs/lifecycle.ts'
import { endLost, foundRunning, isPoststop, nowRunning } from './allocs/stages.ts'
import { givenBefore } from './allocs/templates.ts'
import { isLeft } from './allocs/winding.ts'
import { coreLimits } from './limits.ts'
import type { StoreRecords } from './event.ts'
import { recallLeft } from './leaving.ts'
import { stopOrphan, tellOrphans } from './orphans.ts'
import { readOwn } from './own-record.ts'
import type { AdoptedTask } from './ports.ts'
import { restore } from './restore.ts'
import { type State, type Step, note } from './state.ts'

export function boot(step: Step, records: StoreRecords): void {
  const { moved } = restore(step, records)
  step.state.hasMoved = moved
  // Nothing that ran for the former pool is anybody's business in this one.
  readRemains(step, records, moved ? 0 : coreLimits.finishedAllocsMax)
  if (moved) return step.state.boot.running.forEach((task) => stopOrphan(step, task))
  const record = readOwn(step)
  if (record !== null) {
    recallLeft(step, record)
    recallClones(step.state, record.clones)
    recallDevices(step.state, record.devices)
  }
  const bodies = new Map<string, BodyRecord>()
  for (const [key, bytes] of records) {
    const body = key.startsWith('meta/alloc/') ? decodeBody(bytes) : undefined
    if (body !== undefined) bodies.set(key, body)
  }
  const running = new Map(step.state.boot.running.map((task) => [task.id, task]))
  const updatesOf = (slot: SlotId): number | undefined => bodies.get(allocKey(slot))?.updates
  const isOldDisk = step.state.boot.running.some((task) => !isKnown(record?.claims.get(task.slot), updatesOf(task.slot), task))
  for (const [slot, claim] of record?.claims ?? []) {
    if (hasEnded(claim)) step.state.ended.set(slot, endedClaim(claim))
    else if ([...running.values()].some((task) => isNewer(task, claim, updatesOf(slot)))) leaveToOrphans(step, claim, running)
    else if (isOldDisk && !step.state.boot.running.some((task) => task.alloc === claim.alloc)) letGo(step, claim)
    else resume(step, claim, bodies.get(allocKey(slot)), running)
  }
  noteUntold(step.state)
  step.state.orphans = [...running.values()]
  step.state.orphansSince = step.now
  tellOrphans(step)
}

/** One that the configuration no longer has will never say anything. */
function noteUntold(state: State): void {
  for (const { body } of state.allocs.values())
    for (const task of body.tasks.values()) if (isSilent(state, task)) state.untold.add(task.spec.driver)
}

function isSilent({ fingerprints }: State, { spec }: TaskRun): boolean {
  return fingerprints[spec.driver]?.health.healthy === false
}

/**
 * A task is started only once its claim is on disk, after that update, and a claim ends only once its tasks are gone. One of before the
 * last update is left of one that the agent did not finish. Where updates were not counted, another form may be either; it costs little to
 * take the disk for an old one then.
 */
function isKnown(claim: Claim | undefined, updates: number | undefined, task: AdoptedTask): boolean {
  if (claim === undefined || claim.alloc !== task.alloc || hasEnded(claim)) return false
  if (updates === undefined || task.updates === null) return task.form === claim.form
  return task.updates < updates || (task.updates === updates && task.form === claim.form)
}

/** Of a later claim of the slot, or of this one after an update that this disk knows nothing of. */
function isNewer(task: AdoptedTask, claim: Claim, updates: number | undefined): boolean {
  if (task.slot !== claim.slot) return false
  if (task.generation > claim.generation) return true
  return task.alloc === claim.alloc && updates !== undefined && task.updates !== null && task.updates > updates
}

/**
 * An old disk was put back: the driver knows better, and `orphans.ts` takes up what it runs. Until then the claim counts as lost, not as
 * if it had never been: its generation is used, that of what runs as well, and nobody need hurry to replace it.
 */
function leaveToOrphans({ state }: Step, claim: Claim, running: ReadonlyMap<string, AdoptedTask>): void {
  const newest = [...running.values()].reduce<Pick<Claim, 'alloc' | 'generation'>>(
    (known, task) => (task.slot === claim.slot && task.generation > known.generation ? task : known),
    claim,
  )
  const { alloc, generation } = newest
  const reason = 'record-lost: this disk is older than what runs on the board'
  const lost = { ...claim, alloc, generation, state: 'failed', reason } as const
  state.ended.set(claim.slot, endedClaim(lost))
}

/**
 * The disk is older than what the driver runs, and of this claim nothing runs: it has ended since, and what took its room runs. To
 * start it would be to run more than the board has.
 */
function letGo(step: Step, claim: Claim): void {
  const old = { ...claim, state: 'stopped', reason: 'disk-old: this disk is older than what runs on the board' } as const
  step.state.ended.set(claim.slot, endedClaim(old))
  step.out.push({ kind: 'persist', writes: [{ key: allocKey(claim.slot), value: null }], sync: false })
  note(step, `not starting ${claim.slot} (generation ${claim.generation}) again: this disk is older than what runs on the board`)
}

/** Takes a claim up again: adopts its tasks that run, and starts the others as a board does after a power cut. */
function resume(step: Step, claim: Claim, record: BodyRecord | undefined, running: Map<string, AdoptedTask>): void {
  const { state } = step
  if (record === undefined) {
    const isComplete = state.finished.some(({ alloc, complete }) => alloc === claim.alloc && complete === true)
    if (isComplete) {
      state.ended.set(claim.slot, endedClaim({ ...claim, state: 'complete', reason: '' }))
      return
    }
    const lost = { ...claim, state: 'failed', reason: 'record-lost: the board forgot what this claim was to run' } as const
    state.ended.set(claim.slot, endedClaim(lost))
    return
  }
  const alloc = createAlloc({
    slot: claim.slot,
    alloc: claim.alloc,
    generation: claim.generation,
    body: bodyOf(record, claim),
    settleUntil: step.now,
    lost: claim.lost,
  })
  alloc.over = claim.over
  alloc.displaces = (claim.startedAt > 0 ? claim.displaces : awaitedBy(claim)) ?? new Map()
  alloc.startedAt = claim.startedAt
  alloc.restarts = claim.restarts
  alloc.restartSeen = claim.restartSeen
  alloc.ports = { ...claim.ports }
  alloc.devices = readHeldDevices(record.devices)
  if (alloc.body.runsOnce && alloc.body.form === claim.form) recallDone(alloc, claim)
  state.allocs.set(claim.slot, alloc)
  if (record.former !== undefined) recallFormer(step, alloc, bodyOf(record.former, claim), running)
  const adopted = adopt(step, alloc, running)
  if (alloc.leaving.size > 0) alloc.heldBefore = claim.resources ?? null
  // Its former form may run where nobody answers yet.
  if (alloc.leaving.size > 0 || [...alloc.body.tasks.values()].some((task) => isSilent(state, task)))
    alloc.devicesBefore = [...readHeldDevices(record.devicesBefore), ...alloc.devicesBefore]
  const ending = record.ending ?? endTold(state, claim, alloc.body)
  if (ending !== null) {
    expectAll(step, alloc.body)
    return end(step, alloc, ending.state, ending.reason)
  }
  if (claim.state === 'claimed' && adopted === 0) return
  alloc.state = adopted > 0 ? 'starting' : 'preparing'
  if (isUp(alloc.body)) {
    nowRunning(step, alloc, claim.startedAt)
    alloc.healthy = claim.healthy
    note(step, `adopted ${claim.slot} (generation ${claim.generation}), still running`)
  } else note(step, `starting ${claim.slot} again (generation ${claim.generation}), as before the stop`)
  drive(step, alloc)
}

function bodyOf(record: BodyRecord, { alloc, tasks }: Claim): Body {
  const { form, updates = 0, runsOnce = false, moves = false, begun = false, done = [], given = {} } = record
  const body = createBody({ ...record, alloc, form: form as Form, updates, runsOnce, moves })
  body.begun = begun
  for (const [name, hashes] of Object.entries(given)) {
    const task = body.tasks.get(name)
    if (task !== undefined) task.given = givenBefore(hashes)
  }
  for (const name of done) {
    const task = body.tasks.get(name)
    if (task !== undefined) Object.assign(task, { phase: 'dead', event: tasks[name]?.event ?? '' })
  }
  return body
}

/** What it ran before its last update goes on its way out. */
function recallFormer(step: Step, alloc: Alloc, former: Body, running: Map<string, AdoptedTask>): void {
  for (const task of former.tasks.values()) if (running.delete(task.id)) foundRunning(former, task)
  expectAll(step, former)
  for (const task of former.tasks.values()) if (isLeft(task)) alloc.leaving.set(task.id, task)
  alloc.former = alloc.leaving.size > 0 ? former : null
  alloc.stopFrom = step.now
}

/** Tasks that had ended well before the agent did; not those of the form before an update that the claim does not know of yet. */
function recallDone({ body }: Alloc, claim: Claim): void {
  for (const [name, task] of body.tasks) {
    const told = claim.tasks[name]
    if (told?.state !== 'dead' || told.failed) continue
    task.phase = 'dead'
    task.event = told.event
  }
}

/** A driver that has not said yet what runs may still run what is to go: it is over when each has said that it is stopped. */
function expectAll({ state, now }: Step, body: Body): void {
  for (const task of body.tasks.values()) {
    if (task.phase !== 'pending' || isPoststop(task) || state.fingerprints[task.spec.driver] === undefined) continue
    task.phase = 'running'
    task.stopAt = now
  }
}

/** Of one whose record says nothing of an end. */
function endTold(state: State, claim: Claim, { tasks }: Body): Ending | null {
  if (claim.state === 'stopping') return { state: endOf(state, claim), reason: claim.reason }
  // An old disk was put back.
  return [...tasks.values()].some((task) => isPoststop(task) && task.phase === 'running') ? { state: 'stopped', reason: endLost } : null
}

/** How a claim that was on its way out ends; its verdict was written with it. */
function endOf(state: State, claim: Claim): 'failed' | 'stopped' {
  const isFailure = state.verdicts
    .get(claim.slot)
    ?.some((one) => one.form === claim.form && one.verdict === 'failed' && one.generation === claim.generation)
  return isFailure === true ? 'failed' : 'stopped'
}

/** How many of the allocation's tasks run already. */
function adopt(step: Step, alloc: Alloc, running: Map<string, AdoptedTask>): number {
  let adopted = 0
  for (const task of alloc.body.tasks.values()) {
    const found = running.get(task.id)
    if (found === undefined) continue
    running.delete(task.id)
    foundRunning(alloc.body, task)
    alloc.ports = { ...found.ports }
    takeUpDevices(alloc, found)
    adopted += 1
  }
  // Left from before an update in place: it must be gone before the new form starts.
  for (const [id, found] of running) {
    if (found.alloc !== alloc.alloc) continue
    const tasks = [...alloc.body.tasks.values()]
    const spec = (tasks.find((task) => task.spec.name === found.task) ?? tasks[0])?.spec
    if (spec === undefined) continue
    running.delete(id)
    takeUpDevices(alloc, found, true)
    // The former form may have been another driver's, and have had tasks that this one has not.
    const { driver } = found
    alloc.leaving.set(id, createTask(id, { ...spec, name: found.task, driver }, 'stopping'))
    step.out.push({ kind: 'stop', task: id, driver, signal: spec.killSignal, timeoutMs: spec.killTimeoutMs })
  }
  return adopted
}
