// The checks of an allocation: when each is due, what its results make of it, and since when nothing speaks against the copy's health.
// A check lives as long as its task runs: a task that starts again, or an agent that does, begins with checks that nothing is known of.
// Nothing here is written anywhere; `checked.ts` says what of it becomes news.

import { compareText } from '../../../crdt/ids.ts'
import { type CheckSpec, type HealthRule, migrateOf } from '../../../crdt/spec.ts'
import { coreLimits } from '../limits.ts'
import type { CheckOutcome } from '../ports.ts'
import { nextBelow } from '../random.ts'
import type { State, Step } from '../state.ts'
import type { Alloc, Body, TaskRun } from './alloc.ts'
import { checkRequestFor } from './request.ts'

export interface CheckRun {
  /** `task/check`. */
  readonly name: string
  readonly task: TaskRun
  spec: CheckSpec
  /** pending: it has neither passed nor failed often enough since the task runs. */
  state: 'pending' | 'passing' | 'failing'
  /** Equal results in a row: successes above 0, failures below. */
  streak: number
  /** Failures in a row that count for `check_restart`. */
  strikes: number
  readonly taskSince: number
  /** Its place in the interval. */
  readonly phase: number
  dueAt: number
  /** Names the question that waits for its answer; null: none does. */
  asked: string | null
  /** What it said last, for those who ask this board; never in a document. */
  output: string
  /** When that was; null: not yet. */
  answeredAt: number | null
}

export interface Checks {
  /** By name. */
  readonly runs: Map<string, CheckRun>
  /** Since when all that the copy's health asks for pass; null: not all do. */
  passingSince: number | null
  /** Names of those that failed since the copy was last healthy. */
  failed: readonly string[]
  /** When the copy was found unhealthy, within the window that they count in. */
  lapses: readonly number[]
}

export function createChecks(): Checks {
  return { runs: new Map(), passingSince: null, failed: [], lapses: [] }
}

export function isRequired({ spec }: CheckRun): boolean {
  return spec.onUpdate === 'require_healthy'
}

/** Each check of each task that runs. One that was changed in place begins anew. */
export function syncChecks({ state, now }: Step, alloc: Alloc): void {
  const { body, checks } = alloc
  const { runs } = checks
  if (runs.size === 0 && body.group.tasks.every((task) => task.checks === undefined)) return
  const wanted = new Set<string>()
  for (const { name: task, checks: specs = [] } of body.group.tasks) {
    const running = body.tasks.get(task)
    if (running?.phase !== 'running') continue
    for (const spec of specs) {
      const name = `${task}/${spec.name}`
      wanted.add(name)
      const known = runs.get(name)
      if (known !== undefined && isSame(known.spec, spec)) known.spec = spec
      else runs.set(name, createRun({ state, now, name, task: running, spec, isUrgent: !alloc.healthy }))
    }
  }
  for (const name of runs.keys()) if (!wanted.has(name)) runs.delete(name)
  notePassing(checks, now)
}

function isSame(a: CheckSpec, b: CheckSpec): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

/** At once where a roll-out may wait for it; else whenever its turn comes: an agent that starts finds the checks of all its copies. */
function createRun(input: {
  readonly state: State
  readonly now: number
  readonly name: string
  readonly task: TaskRun
  readonly spec: CheckSpec
  readonly isUrgent: boolean
}): CheckRun {
  const { state, now, name, task, spec, isUrgent } = input
  const phase = nextBelow(state.random, spec.intervalMs)
  const dueAt = isUrgent ? now + 1 + (phase % coreLimits.checkFirstMsMax) : nextTurn(spec, phase, now)
  return {
    name,
    task,
    spec,
    state: 'pending',
    streak: 0,
    strikes: 0,
    taskSince: now,
    phase,
    dueAt,
    asked: null,
    output: '',
    answeredAt: null,
  }
}

/** The first moment after `time` at which the check has its turn. */
function nextTurn({ intervalMs }: CheckSpec, phase: number, time: number): number {
  const past = (((time - phase) % intervalMs) + intervalMs) % intervalMs
  return time + intervalMs - past
}

/** Asks what is due, the longest overdue first, as long as there is room for it. */
export function askChecks(step: Step): void {
  const { state, now } = step
  const due: { readonly alloc: Alloc; readonly run: CheckRun }[] = []
  for (const alloc of state.allocs.values())
    for (const run of alloc.checks.runs.values()) if (run.asked === null && run.dueAt <= now) due.push({ alloc, run })
  if (due.length === 0) return
  due.sort((a, b) => a.run.dueAt - b.run.dueAt || compareText(a.run.task.id, b.run.task.id) || compareText(a.run.name, b.run.name))
  const room = Math.max(0, coreLimits.checksAtOnceMax - state.checksAsked.size)
  for (const { alloc, run } of due.slice(0, room)) {
    const id = `${run.task.id}/${run.spec.name}@${now}`
    // Half an interval leaves room for one that began late, and for the first, which has no turn.
    run.dueAt = nextTurn(run.spec, run.phase, now + Math.trunc(run.spec.intervalMs / 2))
    const { request, lacks } = checkRequestFor(step, id, alloc, run.task, run.spec)
    // A label that is gone says nothing of the task, which was started with it.
    if (lacks !== null) {
      judgeCheck(run, { result: 'unknown', output: lacks }, now)
      continue
    }
    run.asked = id
    state.checksAsked.add(id)
    step.out.push({ kind: 'check', request })
  }
}

/** When `askChecks` has something to do. While there is no room for another question, the next answer wakes. */
export function checksDeadline({ allocs, checksAsked }: State): number {
  let at = Number.MAX_SAFE_INTEGER
  if (checksAsked.size >= coreLimits.checksAtOnceMax) return at
  for (const { checks } of allocs.values())
    for (const { asked, dueAt } of checks.runs.values()) if (asked === null) at = Math.min(at, dueAt)
  return at
}

/** What a result makes of the check. */
export function judgeCheck(run: CheckRun, { result, output }: CheckOutcome, now: number): void {
  const { successBeforePassing, failuresBeforeCritical, checkRestart } = run.spec
  run.asked = null
  run.output = output
  run.answeredAt = now
  if (result === 'unknown') return
  if (result === 'passed') {
    run.streak = Math.max(0, run.streak) + 1
    run.strikes = 0
    if (run.streak >= successBeforePassing) run.state = 'passing'
    return
  }
  run.streak = Math.min(0, run.streak) - 1
  if (-run.streak >= failuresBeforeCritical) run.state = 'failing'
  // What can never be asked here does not get better by another start of the task.
  if (result === 'failed' && now - run.taskSince >= checkRestart.graceMs) run.strikes += 1
}

export function notePassing(checks: Checks, now: number): void {
  const isPassing = [...checks.runs.values()].every((run) => run.state === 'passing' || !isRequired(run))
  checks.passingSince = isPassing ? (checks.passingSince ?? now) : null
}

/** What a copy must show, and by when: one that takes the place of a copy on a node that drains may be asked for something else at first. */
export function healthRuleOf({ group, moves }: Body): Pick<HealthRule, 'minHealthyMs' | 'healthyDeadlineMs'> {
  return moves ? migrateOf(group) : group.update
}

/** Whether what checks say counts for the copy's health. */
export function asksChecks({ group, moves }: Body): boolean {
  return !moves || migrateOf(group).healthCheck === 'checks'
}

/** When the copy counts as healthy if nothing happens before; null: something has to. */
export function healthyAt({ body, checks, runningSince }: Alloc): number | null {
  if (runningSince === null) return null
  const { minHealthyMs } = healthRuleOf(body)
  if (checks.runs.size === 0 || !asksChecks(body)) return runningSince + minHealthyMs
  if (checks.passingSince === null) return null
  return Math.max(runningSince, checks.passingSince) + Math.max(minHealthyMs, probationMs(checks))
}

/** The n-th time that it was found unhealthy it has to pass for 2^n × 1 s: each turn is a change of the board's document. */
function probationMs({ lapses }: Checks): number {
  const { lapseBaseMs, lapseWaitMsMax } = coreLimits
  return lapses.length === 0 ? 0 : Math.min(lapseBaseMs * 2 ** Math.min(lapses.length, 30), lapseWaitMsMax)
}

/** For the reason of a copy that was not healthy in time. */
export function failedWords({ checks: { failed } }: Alloc): string {
  return failed.length === 0 ? '' : `: ${failed.length === 1 ? 'check' : 'checks'} ${failed.join(', ')} failed`
}
