// Jobs for people: the list, one job, its conflicts, its history.

import type { ChangeRow, JobDetail, JobRow, RunsRow, SlotRow } from '../../crdt/api-jobs.ts'
import { type JobType, isRunOnce, jobTypes } from '../../crdt/spec.ts'
import { shortJob } from '../job/job-ref.ts'
import { allocTable, placeText } from './allocs.ts'
import { changeText } from './change.ts'
import { fields } from './fields.ts'
import type { Paint } from './paint.ts'
import { reasonText } from './reasons.ts'
import { table } from './table.ts'
import { openVoided } from './voided.ts'
import { plural } from './words.ts'

/** All copies that anybody wants are done, whatever else there is to say of the job. */
export function isComplete({ desired, wanted, complete }: JobRow): boolean {
  return desired === 'run' && wanted > 0 && complete >= wanted
}

export function jobState(job: JobRow): string {
  if (job.desired !== 'run') return job.desired
  if (job.problems.length > 0) return 'not valid'
  if (job.paused === true) return 'paused'
  if (job.parameterized === true) return 'parameterized'
  if (job.runs !== undefined) return periodicState(job, job.runs)
  if (isRunOnceRow(job))
    return job.complete >= job.wanted ? 'complete' : job.complete + job.running >= job.wanted ? 'running' : 'incomplete'
  if (job.healthy < job.wanted) return 'incomplete'
  return job.canaries === undefined ? 'running' : 'canary'
}

function periodicState({ complete, running, wanted }: JobRow, { held, enabled }: RunsRow): string {
  if (complete + running < wanted) return 'incomplete'
  if (running > 0) return 'running'
  return held?.due === null ? 'held' : enabled ? 'scheduled' : 'disabled'
}

/** Of a periodic job: what has come and what is to come. */
export function runsFields({ enabled, held, last, next, timeZone }: RunsRow): (readonly [string, string])[] {
  const at = (due: string | null): string => (due === null ? '-' : `${due} ${timeZone}`)
  return [
    ['Last run', at(last)],
    ['Next run', enabled ? at(next) : 'none (periodic.enabled: false)'],
    ...(held === null ? [] : ([['Held', `${held.due === null ? '' : `${at(held.due)}: `}${reasonText(held.reason)}`]] as const)),
  ]
}

function paintState(text: string, paint: Paint): string {
  if (['running', 'complete', 'scheduled', 'parameterized'].includes(text)) return paint.good(text)
  return text === 'not valid' ? paint.bad(text) : paint.warn(text)
}

/** How many copies are as they should be: healthy, or of work that ends by itself running or done. */
export function arrived(job: JobRow): number {
  return isRunOnceRow(job) ? job.running + job.complete : job.healthy
}

export function arrivedWords(job: JobRow, verb = ''): string {
  if (job.parameterized === true) return 'runs nothing until it is dispatched'
  return isRunOnceRow(job)
    ? `${job.complete} of ${job.wanted} copies ${verb}complete, ${job.running} running`
    : `${job.healthy} of ${job.wanted} copies ${verb}healthy`
}

/** A type that this version does not know runs as long as nobody ends it. */
function isRunOnceRow({ type }: JobRow): boolean {
  return (jobTypes as readonly string[]).includes(type) && isRunOnce({ type: type as JobType })
}

export function wentBackWords({ id, version }: JobRow, to: string): string {
  return `version ${to}, since ${version} failed (auto_revert); to try it again: shoal job revert ${shortJob(id)} ${to}, and then job run`
}

/** Of each group whose newest version waits: how far its canaries are, and what they wait for. */
export function canaryWords({ id, canaries = [] }: Pick<JobRow, 'id' | 'canaries'>): readonly string[] {
  return canaries.map(({ group, healthy, wanted, auto }) => {
    const then = auto ? 'then promoted (auto_promote)' : `waiting for a promotion: shoal job promote ${shortJob(id)}`
    return `${healthy} of ${wanted} canaries of group ${group} healthy, ${then}`
  })
}

export function jobTable(jobs: readonly JobRow[], paint: Paint): string {
  if (jobs.length === 0) return 'no jobs\n'
  return table<JobRow>(
    [
      { head: 'JOB', text: (job) => shortJob(job.id), paint: paint.bold },
      { head: 'TYPE', text: (job) => job.type || '-' },
      { head: 'POOL', text: (job) => job.pool },
      {
        head: 'STATE',
        text: jobState,
        paint: (text) => paintState(text, paint),
      },
      { head: 'WANTED', text: (job) => String(job.wanted), right: true },
      { head: 'RUNNING', text: (job) => String(job.running), right: true },
      { head: 'HEALTHY', text: (job) => String(job.healthy), right: true },
      { head: 'COMPLETE', text: (job) => String(job.complete), right: true },
      { head: 'PRIORITY', text: (job) => String(job.priority), right: true },
      { head: 'VERSION', text: (job) => job.version },
      { head: 'CONFLICTS', text: (job) => String(job.conflicts), right: true },
    ],
    jobs,
    paint,
  )
}

export function jobDetail(job: JobDetail, paint: Paint): string {
  const head = fields([
    ['Job', job.id],
    ['Type', job.type || '-'],
    ['Pool', job.pool],
    ['State', jobState(job)],
    ...(job.wentBackTo === undefined ? [] : ([['In force', wentBackWords(job, job.wentBackTo)]] as const)),
    ...canaryWords(job).map((words) => ['Canaries', words] as const),
    ...(job.dispatchedFrom === undefined ? [] : ([['Dispatched', `from ${job.dispatchedFrom}`]] as const)),
    ...(job.paused === true ? ([['Roll-outs', `paused: shoal job resume ${shortJob(job.id)}`]] as const) : []),
    ...(job.runs === undefined ? [] : runsFields(job.runs)),
    ['Priority', String(job.priority)],
    ['Version', job.version],
    [
      'Copies',
      `${job.wanted} wanted, ${job.running} running, ${isRunOnceRow(job) ? `${job.complete} complete` : `${job.healthy} healthy`}`,
    ],
  ])
  const problems = job.problems.map((problem) => `${paint.bad('not in force:')} ${problem}\n`).join('')
  const conflicts =
    job.conflicts > 0 ? `${paint.warn(`${plural(job.conflicts, 'field')} in conflict: shoal job conflicts ${shortJob(job.id)}`)}\n` : ''
  const voided = openVoided(job)
  const without = voided > 0 ? `${paint.warn(`${plural(voided, 'edit')} without effect: shoal job voided ${shortJob(job.id)}`)}\n` : ''
  const open = job.slots.filter((slot) => slot.holder === null && slot.reason !== null)
  const waiting = open.length === 0 ? '' : `\n${openSlots(open, paint)}`
  const own = job.dispatched === undefined ? allocTable(job.allocs, paint) : dispatchedTable(job, job.dispatched, paint)
  return `${head}${problems}${conflicts}${without}\n${own}${waiting}`
}

function dispatchedTable({ id }: JobDetail, jobs: readonly JobRow[], paint: Paint): string {
  if (jobs.length === 0) return `nothing is dispatched: shoal job dispatch ${shortJob(id)}\n`
  return table<JobRow>(
    [
      { head: 'DISPATCHED', text: (job) => shortJob(job.id), paint: paint.bold },
      { head: 'STATE', text: jobState, paint: (text) => paintState(text, paint) },
      { head: 'COPIES', text: (job) => arrivedWords(job) },
    ],
    jobs,
    paint,
  )
}

function openSlots(slots: readonly SlotRow[], paint: Paint): string {
  return table<SlotRow>(
    [
      { head: 'NOT PLACED', text: placeText, paint: paint.bold },
      { head: 'WHY', text: (slot) => reasonText(slot.reason ?? ''), paint: paint.warn },
    ],
    slots,
    paint,
  )
}

const conflictHelp = `Two sides changed these fields at the same time. To settle them, write the value that you want into the job file and run
it again: shoal job run FILE (what stands in the file then holds everywhere, and the conflict is gone). Of x/paused: job pause or job resume.
`

type Conflict = JobDetail['conflictsList'][number]

export function conflictTable(job: JobDetail, paint: Paint): string {
  const short = shortJob(job.id)
  if (job.conflictsList.length === 0) return `no field of ${short} is in conflict\n`
  const rows = table<Conflict>(
    [
      { head: 'FIELD', text: (one) => one.path.replace(/^spec\//, ''), paint: paint.bold },
      { head: 'IN FORCE', text: (one) => JSON.stringify(one.winner), paint: paint.good },
      { head: 'LOST', text: (one) => one.losers.map((loser) => JSON.stringify(loser)).join(', '), paint: paint.warn },
    ],
    job.conflictsList,
    paint,
  )
  return `${rows}\n${conflictHelp}`
}

export function historyText(changes: readonly ChangeRow[], names: ReadonlyMap<string, string>, paint: Paint): string {
  if (changes.length === 0) return 'no changes\n'
  const told = changes.map((change) => changeText(change, names, paint))
  return [...told, ...droppedLine(changes)].join('\n')
}

/** Versions count on over a compaction, so the oldest change that is left says how many were dropped before it. */
function droppedLine(changes: readonly ChangeRow[]): string[] {
  const [epoch = 1, count = 1] = (changes.at(-1)?.version ?? '').split('.').map(Number)
  return epoch > 1 ? [`compacted at ${epoch}.${count}: the job as it was then; ${plural(count - 1, 'earlier change')} dropped\n`] : []
}
