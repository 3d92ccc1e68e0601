// The life of an allocation: claimed → preparing → starting → running, updates in place, restarts, and its ends. Every function
// moves one allocation by one reason and leaves effects; `drive` is called after each event and at each due time and is a fixed
// point (calling it again changes nothing). Upholds invariants 9, 13 and 25.

import { hasEnded } from '../../../crdt/view.ts'
import { coreLimits } from '../limits.ts'
import type { TaskExit } from '../ports.ts'
import { type Step, note, writeOwnSoon } from '../state.ts'
import { type Alloc, type Body, type TaskPhase, type TaskRun, allTasks, isActive, isDone, isUp } from './alloc.ts'
import { createChecks, failedWords, healthRuleOf, healthyAt, syncChecks } from './checks.ts'
import { allocKey, claimOf, encodeBody, endedClaim, heldBy } from './claim.ts'
import { hasSucceeded, wordsFor } from './exit.ts'
import { keepRemains, removeOldest } from './finished.ts'
import { choosePorts, portsToCome } from './ports.ts'
import { requestFor } from './request.ts'
import { nextRestart } from './restart.ts'
import { stopEffect, stopToStartAgain } from './stopping.ts'
import { noteVerdict, wasHealthy } from './verdicts.ts'

/** Remembers the body beside the claim; persisted before anything that follows from it. */
export function persistBody(step: Step, alloc: Alloc): void {
  step.out.push({ kind: 'persist', writes: [{ key: allocKey(alloc.slot), value: encodeBody(alloc.body) }], sync: true })
  step.state.ownStale = true
}

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
  if (alloc.ending !== null) return finishIfGone(step, alloc)
  if (alloc.next !== null) prepareDue(step, alloc, alloc.next)
  if (alloc.state === 'claimed') return
  // Asked after every event, and mostly all of it runs.
  if (!allTasks(alloc.body, 'running')) {
    prepareDue(step, alloc, alloc.body)
    if (alloc.ending !== null) return
    restartDue(step, alloc)
    startReady(step, alloc)
  }
  syncChecks(step, alloc)
  judgeHealth(step, alloc)
}

function prepareDue(step: Step, alloc: Alloc, body: Body): void {
  for (const task of body.tasks.values()) {
    if (task.phase !== 'pending' || (task.retryAt !== null && task.retryAt > step.now)) continue
    task.phase = 'preparing'
    task.retryAt = null
    step.out.push({ kind: 'prepare', task: request(step, alloc, body, task) })
  }
}

function restartDue(step: Step, alloc: Alloc): void {
  for (const task of alloc.body.tasks.values()) {
    if (task.phase !== 'waiting' || task.retryAt === null || task.retryAt > step.now) continue
    task.phase = 'ready'
    task.retryAt = null
  }
}

const unready: ReadonlySet<TaskPhase> = new Set<TaskPhase>(['pending', 'preparing', 'stopping'])

/** Starts what is ready once everything is: a group's tasks run together. */
function startReady(step: Step, alloc: Alloc): void {
  const tasks = [...alloc.body.tasks.values()]
  if (alloc.leaving.size > 0 || tasks.some((task) => unready.has(task.phase))) return
  if (!tasks.some((task) => task.phase === 'ready')) return
  if (!reservePorts(step, alloc)) return
  alloc.formStartedAt ??= step.now
  if (alloc.state === 'preparing') alloc.state = 'starting'
  for (const task of tasks) {
    if (task.phase !== 'ready') continue
    // The group's ports may be bound by then: by a task of its own, which is no reason to refuse.
    const portsHeld = tasks.some((other) => other !== task && isActive(other))
    task.phase = 'starting'
    step.out.push({ kind: 'start', task: { ...request(step, alloc, alloc.body, task), portsHeld } })
  }
  writeOwnSoon(step, coreLimits.ownProgressDelayMs)
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

export function prepared(
  step: Step,
  alloc: Alloc,
  body: Body,
  task: TaskRun,
  outcome: { ok: boolean; code?: string; message?: string },
): void {
  if (task.phase !== 'preparing') return
  task.progress = ''
  if (outcome.ok) {
    task.phase = 'ready'
    task.pullTries = 0
    // The plan says whether its turn to switch over has come.
    if (body === alloc.next && allTasks(body, 'ready')) step.state.planStale = true
    return drive(step, alloc)
  }
  task.event = outcome.message ?? 'cannot be prepared'
  if (outcome.code === 'E_DRIVER_DOWN' && waitsForDriver(step, task)) return
  task.pullTries += 1
  const { attempts, mode } = body.group.restart
  const isFinal = outcome.code === 'E_CONFIG' || outcome.code === 'E_IMAGE_MISSING' || (mode === 'fail' && task.pullTries > attempts)
  if (isFinal)
    return body === alloc.next ? failUpdate(step, alloc, task.event) : fail(step, alloc, `${outcome.code ?? 'E_START'}: ${task.event}`)
  const wait = Math.min(coreLimits.pullBackoffMsMax, coreLimits.pullBackoffMsMin * 2 ** (task.pullTries - 1))
  task.phase = 'pending'
  task.retryAt = step.now + wait
  writeOwnSoon(step)
}

export function started(
  step: Step,
  alloc: Alloc,
  task: TaskRun,
  outcome: { ok: boolean; code?: string; message?: string },
  wallMs: number,
): void {
  if (task.phase === 'stopping') return
  if (!outcome.ok) return startFailed(step, alloc, task, outcome.code ?? 'E_START', outcome.message ?? 'cannot be started')
  if (task.phase !== 'starting') return
  task.phase = 'running'
  task.driverDownSince = null
  task.event = task.restarts > 0 ? 'restarted' : 'started'
  task.failed = false
  if (isUp(alloc.body)) nowRunning(step, alloc, wallMs)
  writeOwnSoon(step, coreLimits.ownRunningDelayMs)
}

export function nowRunning(step: Step, alloc: Alloc, wallMs: number): void {
  alloc.state = 'running'
  alloc.reason = ''
  alloc.runningSince = step.now
  alloc.formStartedAt ??= step.now
  if (alloc.startedAt === 0) alloc.startedAt = wallMs
}

/**
 * The engine is down: at boot it often comes after the agent. For a while that is waited for and counts as no failure of the task;
 * the wait goes through `prepare` again, which is harmless.
 */
function waitsForDriver(step: Step, task: TaskRun): boolean {
  task.driverDownSince ??= step.now
  if (step.now - task.driverDownSince >= coreLimits.driverDownMsMax) return false
  task.phase = 'pending'
  task.retryAt = step.now + coreLimits.driverRetryMs
  writeOwnSoon(step)
  return true
}

function startFailed(step: Step, alloc: Alloc, task: TaskRun, code: string, message: string): void {
  task.event = message
  if (code === 'E_DRIVER_DOWN' && waitsForDriver(step, task)) return
  const hasDynamic = alloc.body.group.network.ports.some((port) => port.static === null)
  if (code === 'E_PORT_IN_USE' && hasDynamic && task.portTries < coreLimits.portTriesMax) {
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
  if (alloc.body.runsOnce && hasSucceeded(exit) && canFinish(alloc, task)) return finished(step, alloc, task, exit)
  // An exit is never told before the start that it ends: what comes while a task starts is how its former run ended, told late.
  if (task.phase === 'running') taskFailed(step, alloc, task, wordsFor(exit))
}

function taskFailed(step: Step, alloc: Alloc, task: TaskRun, event: string): void {
  task.event = event
  task.failed = true
  task.phase = 'dead'
  restartOrFail(step, alloc, task)
}

/** It ran, or ended while no agent did and has not been started again since. One that was told to stop may end as well as it likes. */
function canFinish({ ending }: Alloc, { phase, again }: TaskRun): boolean {
  return ending === null && !again && (phase === 'running' || phase === 'pending' || phase === 'preparing' || phase === 'ready')
}

/** Of its work nothing is left: never run again here, and once all tasks of the copy are done, nowhere. */
function finished(step: Step, alloc: Alloc, task: TaskRun, exit: TaskExit): void {
  if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
  Object.assign(task, { event: wordsFor(exit), failed: false, phase: 'dead', retryAt: null } satisfies Partial<TaskRun>)
  step.state.ownStale = true
  if ([...alloc.body.tasks.values()].every(isDone)) return end(step, alloc, 'complete', '')
  if (isUp(alloc.body) && alloc.runningSince === null) nowRunning(step, alloc, Math.trunc(step.now + step.state.wallOffset))
  drive(step, alloc)
}

function restartOrFail(step: Step, alloc: Alloc, task: TaskRun): void {
  if (alloc.ending !== null) return finishIfGone(step, alloc)
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
  if (alloc.state === 'running') alloc.state = 'starting'
}

export function stopped(step: Step, alloc: Alloc, task: TaskRun): void {
  if (alloc.leaving.delete(task.id)) {
    step.out.push({ kind: 'remove', task: task.id, driver: task.spec.driver })
    if (alloc.leaving.size === 0) alloc.heldBefore = null
    return drive(step, alloc)
  }
  if (task.phase !== 'stopping') return
  const { unfit } = task
  task.unfit = null
  if (unfit !== null) return taskFailed(step, alloc, task, unfit)
  task.phase = task.again ? 'ready' : 'dead'
  task.again = false
  task.event = 'stopped'
  drive(step, alloc)
}

// ---------------------------------------------------------------- ends

/** Stops what runs; the claim ends when nothing of it is left. */
export function end(step: Step, alloc: Alloc, state: 'stopped' | 'failed' | 'withdrawn' | 'complete', reason: string): void {
  if (hasEnded(alloc) || alloc.ending !== null) return
  alloc.ending = { state, reason }
  alloc.reason = reason
  alloc.healthy = false
  alloc.runningSince = null
  alloc.checks.runs.clear()
  dropUpdate(step, alloc)
  for (const task of alloc.body.tasks.values()) {
    if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
    if (task.phase === 'starting' || task.phase === 'running') {
      task.phase = 'stopping'
      task.again = false
      step.out.push(stopEffect(task))
    } else if (task.phase !== 'stopping') task.phase = 'dead'
  }
  step.state.ownStale = true
  if ([...alloc.body.tasks.values()].some(isActive) || alloc.leaving.size > 0) alloc.state = 'stopping'
  finishIfGone(step, alloc)
}

export function fail(step: Step, alloc: Alloc, reason: string): void {
  noteVerdict(step.state, alloc, alloc.body.form, 'failed', reason)
  note(step, `${alloc.slot} failed here (generation ${alloc.generation}): ${reason}`)
  end(step, alloc, 'failed', reason)
}

function finishIfGone(step: Step, alloc: Alloc): void {
  if (alloc.ending === null || alloc.leaving.size > 0 || [...alloc.body.tasks.values()].some(isActive)) return
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
  alloc.next = body
  drive(step, alloc)
}

export function dropUpdate(step: Step, alloc: Alloc): void {
  for (const task of alloc.next?.tasks.values() ?? []) {
    if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
  }
  alloc.next = null
}

/** Everything is fetched and it is this slot's turn: the old form makes way for the new one, at the same generation. */
export function switchOver(step: Step, alloc: Alloc): void {
  const { next } = alloc
  if (next === null || !allTasks(next, 'ready')) return
  for (const task of alloc.body.tasks.values()) {
    if (task.phase === 'running' || task.phase === 'starting') {
      task.phase = 'stopping'
      step.out.push(stopEffect(task))
    }
    if (task.phase === 'preparing') step.out.push({ kind: 'cancel-prepare', task: task.id })
    if (task.phase === 'stopping') alloc.leaving.set(task.id, task)
    else step.out.push({ kind: 'remove', task: task.id, driver: task.spec.driver })
  }
  if (alloc.leaving.size > 0) alloc.heldBefore = heldBy(alloc)
  alloc.body = next
  alloc.ports = portsToCome(next.group, alloc.ports)
  alloc.next = null
  alloc.state = 'starting'
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

function request(step: Step, alloc: Alloc, body: Body, task: TaskRun) {
  const { self } = step.state.boot.config
  return requestFor(alloc, body, task, self, step.state.view.nodes.get(self))
}
