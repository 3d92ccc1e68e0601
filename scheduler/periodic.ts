// Periodic jobs (docs/adr/0027). A run is named by its job and its due time, so that every node means the same one, also when it is cut off. Which
// runs there are follows from the claims and from what a node knows of time; the job is then given groups for each of them, and all
// other rules are those of work that ends. Time decides when a run begins here, never who holds a slot or whether work is done.

import type { CivilSeconds } from '../crdt/civil-time.ts'
import { readCron } from '../crdt/cron.ts'
import { type JobId, slotParts } from '../crdt/ids.ts'
import { withChanges } from '../crdt/layered-map.ts'
import { isRun, runForm, runGroup, runOf } from '../crdt/run-name.ts'
import type { JobSpec, PeriodicSpec } from '../crdt/spec.ts'
import type { Claim, HeldRun, JobView, Runs, TimeFault, View } from '../crdt/view.ts'
import { type BegunRuns, type RunsOfJob, begunRuns, dueTimes, runsOf } from './begun-runs.ts'
import { schedulerLimits as limits } from './limits.ts'

/** What a node knows of time. */
export interface RunClock {
  readonly civil: (zone: string) => CivilSeconds | TimeFault
  /** Since its agent started; only differences matter. */
  readonly upSeconds: number
}

/** What a view was given its runs from; a later one starts from it. */
export interface RunBasis {
  readonly from: View
  readonly view: View
  readonly begun: BegunRuns
  readonly made: ReadonlyMap<JobId, Made>
}

interface Made {
  readonly from: JobView
  readonly times: Times
  /** Of a job whose runs are counted on without a known time: where from. */
  readonly guess: Guess | null
  readonly job: JobView
}

interface Guess {
  readonly at: CivilSeconds
  readonly upSeconds: number
}

/** The due times around a moment: they stand until the next one. */
interface Times {
  readonly of: PeriodicSpec
  readonly from: CivilSeconds
  readonly newest: CivilSeconds | null
  readonly next: CivilSeconds | null
}

interface WithRuns {
  readonly view: View
  /** null: no job has times. */
  readonly basis: RunBasis | null
  /** After so many seconds time alone changes the answer; null: never. */
  readonly wakeInSeconds: number | null
}

export function withRuns(view: View, clock: RunClock, before: RunBasis | null): WithRuns {
  const jobs = periodicJobs(view.jobs)
  if (jobs.length === 0) return { view, basis: null, wakeInSeconds: null }
  const begun = begunRuns(view.claims, before?.begun ?? null)
  const made = new Map<JobId, Made>()
  let wakeInSeconds: number | null = null
  for (const job of jobs) {
    const { wakeIn, ...one } = makeRuns(job, { view, clock, begun: runsOf(begun, job.id), before: before?.made.get(job.id) ?? null })
    made.set(job.id, one)
    if (wakeIn !== null) wakeInSeconds = Math.min(wakeIn, wakeInSeconds ?? wakeIn)
  }
  const shown = viewWith(view, made, before)
  return { view: shown, basis: { from: view, view: shown, begun, made }, wakeInSeconds }
}

/** Whatever did not change is the same object as before: nobody need look at it again. */
function viewWith(view: View, made: RunBasis['made'], before: RunBasis | null): View {
  const isSame = view.jobs === before?.from.jobs && [...made].every(([id, { job }]) => before.made.get(id)?.job === job)
  if (isSame && view === before.from) return before.view
  return { ...view, jobs: isSame ? before.view.jobs : withChanges(view.jobs, new Map([...made].map(([id, { job }]) => [id, job]))) }
}

const periodic = new WeakMap<View['jobs'], readonly JobView[]>()

/** In most pools there are none, and a view whose jobs did not change need not look again. */
function periodicJobs(jobs: View['jobs']): readonly JobView[] {
  const known = periodic.get(jobs)
  if (known !== undefined) return known
  const found = [...jobs.values()].filter(({ desired, spec }) => desired === 'run' && spec?.periodic !== undefined)
  periodic.set(jobs, found)
  return found
}

interface Sources {
  readonly view: View
  readonly clock: RunClock
  readonly begun: RunsOfJob
  readonly before: Made | null
}

function makeRuns(job: JobView, sources: Sources): Made & { readonly wakeIn: number | null } {
  const base = job.spec!
  const spec = base.periodic!
  const { begun, before } = sources
  const { now, guess } = timeOf(spec, sources)
  const dues = dueTimes(begun)
  const times = typeof now === 'number' ? timesAt(spec, now, before?.times ?? null) : { of: spec, from: 0, newest: null, next: null }
  const { open, held } =
    typeof now === 'number' ? choose(spec, now, times, dues, sources) : { open: null, held: { due: null, reason: now } }
  const last = dues[0] ?? null
  const shown = [...begun].filter(([due, { going }]) => going.size > 0 || due === last).map(([due]) => due)
  if (open !== null) shown.push(open)
  const runs: Runs = { base, shown: [...new Set(shown)].sort((a, b) => b - a), open, held, last, next: times.next }
  const isSame = before?.from === job && isSameRuns(before.job.runs, runs)
  const wakeIn = typeof now === 'number' ? wakeAfter(spec, now, runs) : null
  return { from: job, times, guess, job: isSame ? before.job : derived(job, base, runs), wakeIn }
}

function derived(job: JobView, base: JobSpec, runs: Runs): JobView {
  const groups = runs.shown.flatMap((due) => base.groups.map((group) => ({ ...group, name: runGroup(group.name, due) })))
  const forms = new Map(runs.shown.flatMap((due) => base.groups.map((group) => [runGroup(group.name, due), runForm(due)] as const)))
  return { ...job, spec: { ...base, groups }, forms, runs }
}

function isSameRuns(a: Runs | undefined, b: Runs): boolean {
  const words = ({ shown, open, held, last, next }: Runs): string => JSON.stringify([shown, open, held, last, next])
  return a !== undefined && a.base === b.base && words(a) === words(b)
}

/** The one run of which copies may begin: the newest that is due, unless something speaks against it; else the newest that has begun. */
function choose(
  spec: PeriodicSpec,
  now: CivilSeconds,
  times: Times,
  dues: readonly CivilSeconds[],
  sources: Sources,
): { readonly open: CivilSeconds | null; readonly held: HeldRun | null } {
  const last = dues.find((due) => due <= now + limits.runOrderSeconds) ?? null
  const wanted = newestWanted(spec, now, times)
  // What is older than a run that has begun never begins, so that no clock that was set back runs anything again.
  const isNew = wanted !== null && (last === null || wanted > last)
  const reason = isNew ? obstacle(spec, now, wanted, sources) : null
  if (isNew && reason === null) return { open: wanted, held: null }
  const isOpen = last !== null && last >= spec.since && now - last <= Math.trunc(spec.horizonMs / 1000)
  return { open: isOpen ? last : null, held: reason === null ? null : { due: wanted, reason } }
}

function newestWanted({ enabled, forced, since }: PeriodicSpec, now: CivilSeconds, { newest }: Times): CivilSeconds | null {
  const regular = enabled && newest !== null && newest > since ? newest : null
  const ordered = forced > 0 && forced <= now && forced >= since ? forced : null
  return ordered === null ? regular : Math.max(ordered, regular ?? ordered)
}

/** An operator's order is neither late nor in the way of anything, within the horizon. */
function obstacle(spec: PeriodicSpec, now: CivilSeconds, due: CivilSeconds, { begun, view }: Sources): HeldRun['reason'] | null {
  const isOrdered = due === spec.forced
  const lateMax = spec.missed === 'skip' && !isOrdered ? limits.runLateSecondsMax : Math.trunc(spec.horizonMs / 1000)
  if (now - due > lateMax) return 'run-missed'
  return spec.prohibitOverlap && !isOrdered && isGoing(begun, view) ? 'run-overlaps' : null
}

/** On a board that is here: what runs on the other side of a cut is not waited for. */
function isGoing(begun: RunsOfJob, { nodes }: View): boolean {
  for (const { going } of begun.values())
    for (const claims of going.values()) if (claims.some(({ node }) => nodes.get(node)?.liveness === 'alive')) return true
  return false
}

/** `without_time: run`: counts on from the newest time that the documents tell of, which is never later than it really is. */
function timeOf(
  { timeZone, withoutTime, since }: PeriodicSpec,
  { begun, before, clock }: Sources,
): { readonly now: CivilSeconds | TimeFault; readonly guess: Guess | null } {
  const now = clock.civil(timeZone)
  if (now !== 'no-trusted-time' || withoutTime === 'hold') return { now, guess: null }
  const known = Math.max(since, ...begun.keys())
  const guess = before?.guess ?? null
  const counted = guess === null ? known : guess.at + clock.upSeconds - guess.upSeconds
  if (guess !== null && counted >= known) return { now: counted, guess }
  return { now: known, guess: { at: known, upSeconds: clock.upSeconds } }
}

function timesAt(spec: PeriodicSpec, now: CivilSeconds, before: Times | null): Times {
  if (before !== null && before.of === spec && before.from <= now && (before.next === null || now < before.next)) return before
  const schedules = spec.crons.map(readCron).flatMap((reading) => (reading.ok ? [reading.schedule] : []))
  const newest = schedules.flatMap((schedule) => schedule.newest(now) ?? [])
  const next = schedules.flatMap((schedule) => schedule.next(Math.max(now, spec.since)) ?? [])
  return {
    of: spec,
    from: now,
    newest: newest.length === 0 ? null : Math.max(...newest),
    next: next.length === 0 || !spec.enabled ? null : Math.min(...next),
  }
}

function wakeAfter({ forced, horizonMs }: PeriodicSpec, now: CivilSeconds, { next, open }: Runs): number | null {
  const moments = [next, forced, open === null ? null : open + Math.trunc(horizonMs / 1000) + 1]
  const later = moments.filter((moment): moment is number => moment !== null && moment > now)
  return later.length === 0 ? null : Math.min(...later) - now
}

/** Of a periodic job only the open run's copies begin; none at all in a view that was not given its runs. */
export function mayBegin({ spec, runs }: JobView, group: string): boolean {
  return spec?.periodic === undefined || (runs !== undefined && runOf(group)?.due === runs.open)
}

/** Nobody asks any more what became of it: so many later runs are known that it can never begin again on any side. */
export function isRunForgotten({ jobs }: View, basis: RunBasis | null, { slot, form }: Claim): boolean {
  const { job, group } = slotParts(slot)
  const run = runOf(group)
  const view = jobs.get(job)
  if (run === null || !isRun(group, form) || view?.spec == null) return false
  // What is in force meanwhile is nobody's last word: the job may have its times again, with all that was due.
  if (view.problems.length > 0 && view.spec.periodic === undefined) return false
  if (view.spec.periodic === undefined) return !view.spec.groups.some(({ name }) => name === group)
  const dues = basis === null ? [] : dueTimes(runsOf(basis.begun, job))
  return dues.indexOf(run.due) >= limits.runsRemembered
}
