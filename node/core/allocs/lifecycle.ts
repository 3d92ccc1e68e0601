// The life of an allocation: claimed → preparing → starting → running, updates in place, restarts, and its ends. Every function
// moves one allocation by one reason and leaves effects; `drive` is called after each event and at each due time and is a fixed
// point (calling it again changes nothing). Upholds invariants 9, 13 and 25.

import { hasEnded } from '../../../crdt/view.ts'
import { coreLimits } from '../limits.ts'
import type { Outcome } from '../event.ts'
import type { DriverCode, TaskExit } from '../ports.ts'
import { type Step, note, writeOwnSoon } from '../state.ts'
import { type Alloc, type Body, type Ending, type TaskRun, allTasks, isActive, isUp } from './alloc.ts'
import { createChecks, failedWords, healthRuleOf, healthyAt, syncChecks } from './checks.ts'
import { allocKey, claimOf, endedClaim, heldBy, persistBody } from './claim.ts'
import { waitsForDriver } from './driver-down.ts'
import { findDevices, grantsFor, lackWords } from './devices.ts'
import { canFinish, doneWords, hasSucceeded, wordsFor } from './exit.ts'
import { keepRemains, removeOldest } from './finished.ts'
import { choosePorts, portsToCome } from './ports.ts'
import { boardHere, factsHere, lackOf, requestOf } from './request.ts'
import { nextRestart } from './restart.ts'
import { hasNeverBegun, inTheWay } from './room.ts'
import { dueTasks, endsByItself, hasPrestarted, isComplete, isOrdered, isPoststop, noteBegun, nowRunning } from './stages.ts'
import { stopToStartAgain } from './stopping.ts'
import { noteGiven, noteStart, syncTemplates } from './templates.ts'
import { noteVerdict, wasHealthy } from './verdicts.ts'
import { beginWinding, exitedLast, giveUpLast, isLeft, isWinding, leaves, preparedLast, startedLast, windDown } from './winding.ts'

/** The heir begins: fetch what the tasks need. */
export function begin(step: Step, alloc: Alloc): void {
  if (alloc.state !== 'claimed') return
  alloc.state = 'preparing'
  writeOwnSoon(step, coreLimits.ownProgressDelayMs)
  drive(step, alloc)
}

/** Moves the allocation as far as it can go now. */
export function drive(step: Step, alloc: Alloc): void {
  if (hasEnded(alloc)) return
  if (alloc.leaving.size > 0) windDown(step, alloc, alloc.former ?? alloc.body, [...alloc.leaving.values()])
  if (alloc.ending !== null) return windUp(step, alloc)
  if (alloc.next !== null) prepareDue(step, alloc, alloc.next)
  if (alloc.state === 'claimed') return
  // Asked after every event, and mostly all of it runs.
  if (!allTasks(alloc.body, 'running')) {
    prepareDue(step, alloc, alloc.body)
    if (alloc.ending !== null) return
    restartDue(step, alloc)
    startReady(step, alloc)
  }
  syncTemplates(step, alloc)
  syncChecks(step, alloc)
  judgeHealth(step, alloc)
}

function prepareDue(step: Step, alloc: Alloc, body: Body): void {
  // At boot, before the first look at the documents: a text would be taken as it is written.
  if (boardHere(step) === undefined) return
  for (const task of body.tasks.values()) {
    if (task.phase !== 'pending' || (task.retryAt !== null && task.retryAt > step.now)) continue
    task.phase = 'preparing'
    task.retryAt = null
    const lack = lackOf(step, alloc, body, task)
    // It ends the copy, or its update: there is nothing left to prepare.
    if (lack !== null) return prepared(step, alloc, body, task, { ok: false, code: 'E_CONFIG', message: lack })
    const request = requestOf(step, alloc, body, task)
    task.image = request.spec.config.image ?? null
    step.out.push({ kind: 'prepare', task: request })
  }
}

/** A label or a variable in the name of its image has changed since that was fetched: it is fetched anew. True: nothing can start yet. */
function fetchAnew(step: Step, alloc: Alloc, due: readonly TaskRun[]): boolean {
  const isStale = (task: TaskRun): boolean => requestOf(step, alloc, alloc.body, task).spec.config.image !== task.image
  const stale = due.filter((task) => task.spec.config.image?.includes('${') && isStale(task))
  for (const task of stale) task.phase = 'pending'
  if (stale.length > 0) prepareDue(step, alloc, alloc.body)
  return stale.length > 0
}

function restartDue(step: Step, alloc: Alloc): void {
  for (const task of alloc.body.tasks.values()) {
    if (task.phase !== 'waiting' || task.retryAt === null || task.retryAt > step.now) continue
    task.phase = 'ready'
    task.retryAt = null
  }
}

/** Starts what is ready once everything is, each task at its stage. */
function startReady(step: Step, alloc: Alloc): void {
  const tasks = [...alloc.body.tasks.values()]
  const due = dueTasks(alloc)
  if (due.length === 0) return
  // A label may have gone since it was prepared, or last ran.
  const lacks = due.map((task) => lackOf(step, alloc, alloc.body, task)).find((words) => words !== null)
  if (lacks !== undefined) return fail(step, alloc, `E_CONFIG: ${lacks}`)
  if (fetchAnew(step, alloc, due) || inTheWay(step.state, alloc).length > 0) return
  if (!hasDevices(step, alloc, due) || !reservePorts(step, alloc)) return
  alloc.formStartedAt ??= step.now
  if (alloc.state === 'preparing') alloc.state = 'starting'
  const requests = due.map((task) => requestOf(step, alloc, alloc.body, task))
  const isGivenAnew = due.filter((task, at) => noteGiven(step, task, requests[at]!)).length > 0
  if (noteBegun(alloc.body) || isGivenAnew) persistBody(step, alloc)
  tellStage(alloc, due)
  for (const [at, task] of due.entries()) {
    // The group's ports may be bound by then: by a task of its own, which is no reason to refuse.
    const portsHeld = tasks.some((other) => other !== task && isActive(other))
    task.phase = 'starting'
    task.facts = factsHere(step, alloc.body)
    step.out.push({ kind: 'start', task: { ...requests[at]!, portsHeld } })
  }
  writeOwnSoon(step, coreLimits.ownProgressDelayMs)
}

/** For those who wait for the copy to run. */
function tellStage(alloc: Alloc, due: readonly TaskRun[]): void {
  const names = due.flatMap(({ spec }) => (spec.lifecycle?.hook === 'prestart' ? [spec.name] : []))
  if (names.length > 0) alloc.reason = `prestart: ${names.join(', ')}`
  else if (alloc.reason.startsWith('prestart: ')) alloc.reason = ''
}

/** On disk before a task opens them: an agent that is killed meanwhile must know who has what. */
function hasDevices(step: Step, alloc: Alloc, due: readonly TaskRun[]): boolean {
  const found = findDevices(step, alloc, due)
  if (typeof found === 'object') fail(step, alloc, `device-lacking: ${found.lacks}`)
  if (found === 'moved') persistBody(step, alloc)
  return found === 'found' || found === 'moved'
}

function reservePorts(step: Step, alloc: Alloc): boolean {
  const { state } = step
  const taken = new Set<number>()
  for (const other of state.allocs.values()) {
    if (other !== alloc && !hasEnded(other)) for (const port of Object.values(other.ports)) taken.add(port)
  }
  const ports = choosePorts(alloc.body.group, state.boot.config.dynamicPorts, taken, alloc.ports, state.random)
  if (ports === null) {
    fail(step, alloc, 'port-in-use: no free port in the dynamic range')
    return false
  }
  alloc.ports = ports
  return true
}

function judgeHealth(step: Step, alloc: Alloc): void {
  if (alloc.healthy) return
  const { healthyDeadlineMs } = healthRuleOf(alloc.body)
  const healthyFrom = healthyAt(alloc)
  if (healthyFrom !== null && step.now >= healthyFrom) {
    alloc.healthy = true
    alloc.reason = ''
    alloc.checks.failed = []
    noteVerdict(step.state, alloc, alloc.body.form, 'healthy', '')
    return writeOwnSoon(step)
  }
  // Work that ends by itself may end before it counts as healthy: only its own failures are held against it.
  if (alloc.body.runsOnce || alloc.formStartedAt === null || step.now - alloc.formStartedAt < healthyDeadlineMs) return
  // A form that was healthy here before is left to the restart policy: its trouble is not the new version's.
  if (wasHealthy(step.state, alloc)) alloc.formStartedAt = null
  else fail(step, alloc, `unhealthy: not healthy within ${healthyDeadlineMs} ms${failedWords(alloc)}`)
}

// ---------------------------------------------------------------- what drivers report

const neverHere: ReadonlySet<string> = new Set<DriverCode>(['E_CONFIG', 'E_IMAGE_MISSING', 'E_ARTIFACT_MISSING'])

export function prepared(step: Step, alloc: Alloc, body: Body, task: TaskRun, outcome: Outcome): void {
  if (isWinding(alloc, task)) {
    preparedLast(step, alloc, task, outcome)
    return drive(step, alloc)
  }
  if (task.phase !== 'preparing') return
  task.progress = ''
  if (outcome.ok) {
    task.phase = 'ready'
    task.pullTries = 0
    // The plan says whether its turn to switch over has come.
    if (body === alloc.next && allTasks(body, 'ready')) step.state.planStale = true
    return drive(step, alloc)
  }
  task.event = outcome.message
  if (outcome.code === 'E_DRIVER_DOWN' && waitsForDriver(step, task)) return
  notFetched(step, alloc, body, task, outcome.code)
}

/** Tried again after a while, or the copy fails. */
function notFetched(step: Step, alloc: Alloc, body: Body, task: TaskRun, code: string): void {
  task.pullTries += 1
  const { attempts, mode } = body.group.restart
  const isFinal = neverHere.has(code) || (mode === 'fail' && task.pullTries > attempts)
  if (isFinal) return body === alloc.next ? failUpdate(step, alloc, task.event) : fail(step, alloc, `${code}: ${task.event}`)
  const wait = Math.min(coreLimits.pullBackoffMsMax, coreLimits.pullBackoffMsMin * 2 ** (task.pullTries - 1))
  task.phase = 'pending'
  task.retryAt = step.now + wait
  writeOwnSoon(step)
}

export function started(step: Step, alloc: Alloc, task: TaskRun, outcome: Outcome, wallMs: number): void {
  if (isWinding(alloc, task)) {
    startedLast(step, alloc, task, outcome)
    return drive(step, alloc)
  }
  if (task.phase === 'stopping') return
  if (!outcome.ok) return startFailed(step, alloc, task, outcome.code, outcome.message)
  if (task.phase !== 'starting') return
  task.phase = 'running'
  noteStart(step, alloc, task, outcome.found !== true)
  task.driverDownSince = null
  task.event = task.restarts > 0 ? 'restarted' : 'started'
  task.failed = false
  if (isUp(alloc.body)) nowRunning(step, alloc, wallMs)
  writeOwnSoon(step, coreLimits.ownRunningDelayMs)
}

function startFailed(step: Step, alloc: Alloc, task: TaskRun, code: string, message: string): void {
  task.event = message
  noteStart(step, alloc, task, code !== 'E_DRIVER_DOWN')
  if (code === 'E_DRIVER_DOWN' && waitsForDriver(step, task)) return
  // The board had to make room since it was fetched.
  if (code === 'E_ARTIFACT' || code === 'E_IMAGE_PULL') return notFetched(step, alloc, alloc.body, task, code)
  const hasDynamic = alloc.body.group.network.ports.some((port) => port.static === null)
  if (code === 'E_PORT_IN_USE' && hasDynamic && task.portTries < coreLimits.portTriesMax && !hasPrestarted(alloc.body)) {
    task.portTries += 1
    task.phase = 'ready'
    alloc.ports = {}
    // The others were told the former ports.
    for (const other of alloc.body.tasks.values()) stopToStartAgain(step, other)
    return drive(step, alloc)
  }
  if (code === 'E_CONFIG' || code === 'E_PORT_IN_USE') {
    task.phase = 'dead'
    return fail(step, alloc, code === 'E_PORT_IN_USE' ? `port-in-use: ${message}` : message)
  }
  task.phase = 'dead'
  restartOrFail(step, alloc, task)
}

export function exited(step: Step, alloc: Alloc, task: TaskRun, exit: TaskExit): void {
  if (isWinding(alloc, task)) {
    exitedLast(step, alloc, task, exit)
    return drive(step, alloc)
  }
  if (endsByItself(alloc.body, task) && hasSucceeded(exit) && canFinish(task)) return finished(step, alloc, task, exit)
  // An exit is never told before the start that it ends: what comes while a task starts is how its former run ended, told late.
  if (task.phase === 'running') taskFailed(step, alloc, task, wordsFor(exit))
}

function taskFailed(step: Step, alloc: Alloc, task: TaskRun, event: string): void {
  task.event = event
  task.failed = true
  task.phase = 'dead'
  restartOrFail(step, alloc, task)
}

/** Of its work nothing is left: never run again for this claim, and once the copy is complete, nowhere. */
function finished(step: Step, alloc: Alloc, task: TaskRun, exit: TaskExit): void {
  if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
  Object.assign(task, { event: doneWords(task, exit), failed: false, phase: 'dead', retryAt: null } satisfies Partial<TaskRun>)
  step.state.ownStale = true
  if (isComplete(alloc.body)) return end(step, alloc, 'complete', '')
  // On disk before what has waited for it is started.
  if (task.spec.lifecycle !== undefined) persistBody(step, alloc)
  if (isUp(alloc.body) && alloc.runningSince === null) nowRunning(step, alloc, Math.trunc(step.now + step.state.wallOffset))
  drive(step, alloc)
}

function restartOrFail(step: Step, alloc: Alloc, task: TaskRun): void {
  if (alloc.ending !== null) return windUp(step, alloc)
  const { restart } = alloc.body.group
  const { attempts, intervalMs } = restart
  alloc.runningSince = null
  alloc.healthy = false
  step.state.ownStale = true
  const at = nextRestart(restart, alloc.restartTimes, step.now, step.state.random)
  if (at === null)
    return fail(step, alloc, `task ${task.spec.name}: ${task.event}; ${attempts} restarts within ${intervalMs} ms did not help`)
  alloc.restartTimes = [...alloc.restartTimes.filter((time) => step.now - time < intervalMs), step.now]
  alloc.restarts += 1
  task.restarts += 1
  task.phase = 'waiting'
  task.retryAt = at
  // Until it runs again: no copy that runs may be stopped for this one meanwhile.
  if (alloc.state === 'running' && !isUp(alloc.body)) alloc.state = 'starting'
}

export function stopped(step: Step, alloc: Alloc, task: TaskRun): void {
  if (leaves(step, alloc, task)) return drive(step, alloc)
  if (task.phase !== 'stopping') return
  const { unfit } = task
  task.unfit = null
  if (unfit !== null && isPoststop(task)) {
    giveUpLast(step, alloc, task, unfit)
    return drive(step, alloc)
  }
  if (unfit !== null) return taskFailed(step, alloc, task, unfit)
  task.phase = task.again ? 'ready' : 'dead'
  task.again = false
  task.event = 'stopped'
  drive(step, alloc)
}

// ---------------------------------------------------------------- ends

/** Stops what runs; the claim ends when nothing of it is left. */
export function end(step: Step, alloc: Alloc, state: Ending['state'], reason: string): void {
  if (hasEnded(alloc) || alloc.ending !== null) return
  alloc.ending = { state, reason }
  alloc.reason = reason
  alloc.healthy = false
  alloc.runningSince = null
  alloc.checks.runs.clear()
  dropUpdate(step, alloc)
  const left = beginWinding(step, alloc, alloc.body)
  if (left.length > 0 || alloc.leaving.size > 0) alloc.state = 'stopping'
  step.state.ownStale = true
  if (isOrdered(alloc.body.group)) persistBody(step, alloc)
  windUp(step, alloc)
}

export function fail(step: Step, alloc: Alloc, reason: string): void {
  noteVerdict(step.state, alloc, alloc.body.form, 'failed', reason)
  note(step, `${alloc.slot} failed here (generation ${alloc.generation}): ${reason}`)
  end(step, alloc, 'failed', reason)
}

function windUp(step: Step, alloc: Alloc): void {
  const tasks = [...alloc.body.tasks.values()]
  windDown(step, alloc, alloc.body, tasks)
  if (alloc.ending === null || alloc.leaving.size > 0 || tasks.some(isLeft)) return
  const { state } = step
  alloc.state = alloc.ending.state
  alloc.reason = alloc.ending.reason
  alloc.endedAt = Math.trunc(step.now + state.wallOffset)
  state.allocs.delete(alloc.slot)
  state.ended.set(alloc.slot, endedClaim(claimOf(alloc, state.boot.config.self)))
  step.out.push({ kind: 'persist', writes: [{ key: allocKey(alloc.slot), value: null }, keepRemains(state, alloc)], sync: false })
  removeOldest(step)
  state.ownStale = true
}

// ---------------------------------------------------------------- updates in place and wishes

/** Prepares the next form beside the running one. */
export function beginUpdate(step: Step, alloc: Alloc, body: Body): void {
  if (alloc.next?.form === body.form || alloc.ending !== null) return
  dropUpdate(step, alloc)
  // Taken back: its tasks have the very names of those that are on their way out, poststop tasks among them. They go first.
  if (alloc.former?.form === body.form) return
  alloc.next = body
  drive(step, alloc)
}

export function dropUpdate(step: Step, alloc: Alloc): void {
  for (const task of alloc.next?.tasks.values() ?? []) {
    // Also what is fetched already may make room.
    if (task.phase === 'preparing' || task.spec.artifacts !== undefined) step.out.push({ kind: 'cancel-prepare', task: task.id })
  }
  alloc.next = null
}

/** Everything is fetched and it is this slot's turn: the old form makes way for the new one, at the same generation. */
export function switchOver(step: Step, alloc: Alloc): void {
  const { next } = alloc
  if (next === null || !allTasks(next, 'ready')) return
  const { body: former } = alloc
  const devices = grantsFor(step.state, alloc, next)
  if (devices === null) return failUpdate(step, alloc, `device-lacking: ${lackWords(next)}`)
  const left = beginWinding(step, alloc, former)
  for (const task of former.tasks.values()) {
    if (left.includes(task)) alloc.leaving.set(task.id, task)
    else step.out.push({ kind: 'remove', task: task.id, driver: task.spec.driver })
  }
  if (left.length > 0 && isOrdered(former.group)) alloc.former = former
  // Where poststop tasks follow, the record comes first.
  if (alloc.former === null) windDown(step, alloc, former, left)
  if (alloc.leaving.size > 0) alloc.heldBefore = heldBy(alloc)
  if (alloc.leaving.size > 0) alloc.devicesBefore = [...alloc.devicesBefore, ...alloc.devices]
  alloc.devices = devices
  alloc.devicesAwaitedSince = null
  alloc.body = next
  alloc.ports = portsToCome(next.group, alloc.ports)
  alloc.next = null
  // Who waits for room goes on to.
  alloc.state = alloc.displaces.size > 0 && hasNeverBegun(alloc) ? 'preparing' : 'starting'
  alloc.healthy = false
  alloc.runningSince = null
  alloc.formStartedAt = null
  alloc.restartTimes = []
  alloc.checks = createChecks()
  persistBody(step, alloc)
  drive(step, alloc)
}

/** The new form cannot be had here: what runs goes on, and the plan hears of it. */
function failUpdate(step: Step, alloc: Alloc, reason: string): void {
  if (alloc.next === null) return
  noteVerdict(step.state, alloc, alloc.next.form, 'failed', reason)
  step.state.ownStale = true
  note(step, `${alloc.slot} keeps its former version: the new one cannot be prepared here: ${reason}`)
  dropUpdate(step, alloc)
}
