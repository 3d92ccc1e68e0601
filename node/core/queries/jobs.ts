// Jobs as rows and details for people: what is wanted, what runs, what is waited for and why.

import { civilText } from '../../../crdt/civil-time.ts'
import { compareText, jobDocId, type JobId } from '../../../crdt/ids.ts'
import type { AllocRow, CanaryRow, ChangeRow, JobDetail, JobRow, RunsRow, SlotRow } from '../../../crdt/api-jobs.ts'
import type { Reply } from '../../../crdt/api-types.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { type JobSpec, isPerNode, isRunOnce } from '../../../crdt/spec.ts'
import { type HistoryEntry, historyOf } from '../../../crdt/replica.ts'
import { type ClaimState, type JobView, hasEnded } from '../../../crdt/view.ts'
import { explainJob, reasonOf } from '../../../scheduler/explain.ts'
import type { Reason, SlotPlan } from '../../../scheduler/types.ts'
import { judgedHere } from '../documents.ts'
import { localOf } from '../placement.ts'
import type { State, Step } from '../state.ts'
import { allocRow, byPlace, versionText } from './allocs.ts'
import { coverageOf } from './coverage.ts'

/** `name` means `default/name`. */
export function findJob(state: State, name: string): JobId | undefined {
  const full = jobNamed(name)
  return state.view.jobs.has(full) ? full : undefined
}

export function jobNamed(name: string): JobId {
  return (name.includes('/') ? name : `default/${name}`) as JobId
}

function slotsOf(state: State, job: JobId): SlotPlan[] {
  return [...(state.plan?.bySlot.ofJob(job) ?? [])].sort(
    (a, b) => compareText(a.group, b.group) || a.index - b.index || Number(a.canary === true) - Number(b.canary === true),
  )
}

/** Of a system job: a copy on each node that suits and is here or runs one. */
function wantedOf({ desired, spec, runs }: JobView, slots: readonly SlotPlan[]): number {
  if (desired !== 'run' || spec === null || spec.parameterized !== undefined) return 0
  if (runs !== undefined) return slots.filter(({ reason }) => reason !== 'run-over' && reason !== 'node-closed').length
  if (isPerNode(spec))
    return slots.filter(({ standing, reason }) => standing.holder !== null || standing.complete !== null || reason !== 'node-closed').length
  return spec.groups.reduce((sum, group) => sum + group.count, 0)
}

function jobRow(state: State, job: JobView): JobRow {
  const all = slotsOf(state, job.id)
  const slots = all.filter(({ canary }) => canary === undefined)
  // Of work that is done, some other copy may still be on its way out.
  const held = slots.flatMap(({ standing: { complete, holder } }) => (holder === null || complete !== null ? [] : [holder]))
  return {
    id: job.id,
    pool: state.boot.config.pool,
    desired: job.desired,
    priority: job.spec?.priority ?? 0,
    version: versionText(job.version),
    type: job.spec?.type ?? '',
    wanted: wantedOf(job, slots),
    running: held.filter((claim) => claim.state === 'running').length,
    healthy: held.filter((claim) => claim.healthy).length,
    complete: slots.filter(({ standing }) => standing.complete !== null).length,
    conflicts: judgedHere(state, jobDocId(job.id))?.conflicts.size ?? 0,
    problems: job.problems,
    ...(job.paused === true ? { paused: true } : {}),
    ...(job.spec?.parameterized === undefined ? {} : { parameterized: true }),
    ...(job.spec?.dispatched === undefined ? {} : { dispatchedFrom: job.spec.dispatched.parent }),
    ...(job.wentBackTo === undefined ? {} : { wentBackTo: versionText(job.wentBackTo) }),
    ...(job.desired !== 'run' || job.canaries === undefined ? {} : { canaries: canaryRows(job.canaries, all) }),
    ...runsOf(job),
  }
}

function canaryRows(canaries: NonNullable<JobView['canaries']>, slots: readonly SlotPlan[]): CanaryRow[] {
  return [...canaries].map(([group, { form, count, auto }]) => {
    const holders = slots.flatMap(({ group: name, canary, standing }) => (canary === true && name === group ? [standing.holder] : []))
    const running = holders.filter((claim) => claim?.state === 'running')
    return { group, form, wanted: count, running: running.length, healthy: running.filter((claim) => claim?.healthy).length, auto }
  })
}

function runsOf({ runs }: Pick<JobView, 'runs'>): { readonly runs?: RunsRow } {
  const periodic = runs?.base.periodic
  if (runs === undefined || periodic === undefined) return {}
  const text = (due: number | null): string | null => (due === null ? null : civilText(due))
  const held = runs.held === null ? null : { due: text(runs.held.due), reason: runs.held.reason }
  const { enabled, timeZone } = periodic
  return { runs: { timeZone, enabled, last: text(runs.last), next: text(runs.next), open: text(runs.open), held } }
}

export function jobRows(state: State): JobRow[] {
  return rowsOf(state, () => true)
}

function rowsOf(state: State, which: (job: JobView) => boolean): JobRow[] {
  return [...state.view.jobs.values()]
    .filter((job) => job.desired !== 'removed' && which(job))
    .map((job) => jobRow(state, job))
    .sort((a, b) => compareText(a.id, b.id))
}

function dispatchedFrom(state: State, { namespace, name }: JobSpec): JobRow[] {
  return rowsOf(state, ({ spec }) => spec?.dispatched?.parent === name && spec.namespace === namespace)
}

export function jobDetail(step: Step, id: JobId): Reply {
  const { state } = step
  const job = state.view.jobs.get(id)!
  const slots = slotsOf(state, id)
  const allocs = [...state.view.claims].filter(([slot]) => slot.startsWith(`${id}/`)).flatMap(([, claims]) => claims)
  const detail: JobDetail = {
    ...jobRow(state, job),
    spec: job.runs?.base ?? job.spec,
    allocs: allocs.map((claim) => allocRow(state, claim)).sort(byPlace),
    slots: slots.map(slotRow),
    ...(job.spec?.parameterized === undefined ? {} : { dispatched: dispatchedFrom(state, job.spec) }),
    voided: voidedOf(state, id),
    conflictsList: conflictsOf(state, id),
  }
  return { kind: 'job', coverage: coverageOf(step), job: detail, settled: isSettled(state, job, slots, detail.allocs) }
}

function slotRow(slot: SlotPlan): SlotRow {
  return {
    slot: slot.slot,
    holder: slot.standing.holder?.node ?? null,
    complete: slot.standing.complete?.node ?? null,
    candidate: slot.candidate,
    reason: reasonOf(slot),
    ...(slot.canary === true ? { canary: true } : {}),
  }
}

/** Without a change of the view these last: waiting does not help. */
const lasting: ReadonlySet<Reason | null> = new Set<Reason>([
  'no-node-feasible',
  'preempted',
  'node-closed',
  'reschedule-exhausted',
  'replace-disabled',
  'partition-half',
  'plan-version-unknown',
  'held-back',
  'rollout-paused',
])

/** Nothing more will happen by itself soon: all healthy at the form in force, or what is missing has no candidate. */
function isSettled(state: State, job: JobView, slots: readonly SlotPlan[], allocs: readonly AllocRow[]): boolean {
  if (job.desired !== 'run' || job.spec === null || job.spec.parameterized !== undefined)
    return !allocs.some((alloc) => !isRowOver(alloc) && alloc.nodeLiveness === 'alive')
  if (slots.length === 0) return isPerNode(job.spec) || job.spec.groups.every((group) => group.count === 0)
  const runsOnce = isRunOnce(job.spec)
  return slots.every((slot) => {
    const { complete, holder } = slot.standing
    if (complete !== null || slot.reason === 'run-over') return true
    if (holder?.state === 'running' && holder.form === slot.form) return holder.healthy || runsOnce
    if (holder !== null && holder.form === slot.form) return state.view.nodes.get(holder.node)?.liveness !== 'alive'
    return slot.candidate === null && lasting.has(slot.reason) && !slot.update
  })
}

function isRowOver(alloc: AllocRow): boolean {
  return hasEnded({ state: alloc.state as ClaimState })
}

function voidedOf(state: State, id: JobId): JobDetail['voided'] {
  const judged = judgedHere(state, jobDocId(id))?.judged
  if (judged === undefined) return []
  const { of: doc } = judged
  const voided = historyOf(doc).filter(({ hash }) => judged.voided.has(hash))
  return voided.map((change) => ({ ...changeRow(doc, change), released: judged.released.has(change.hash) }))
}

function conflictsOf(state: State, id: JobId): JobDetail['conflictsList'] {
  const doc = judgedHere(state, jobDocId(id))
  return [...(doc?.conflicts ?? [])]
    .sort(([a], [b]) => compareText(a, b))
    .map(([path, losers]) => ({ path, winner: doc?.registers.get(path) ?? null, losers }))
}

export function explainJobReply(step: Step, id: JobId): Reply {
  const { state } = step
  const explained = state.plan === null ? { slots: [], slotsLeftOut: 0 } : explainJob(state.view, localOf(state, step.now), state.plan, id)
  return { kind: 'explain', coverage: coverageOf(step), ...explained, ...runsOf(state.view.jobs.get(id)!) }
}

/** Newest first. */
export function historyReply(step: Step, id: JobId): Reply {
  const doc = step.state.docs.get(jobDocId(id))
  const changes = doc === undefined ? [] : historyOf(doc).map((change) => changeRow(doc, change))
  return { kind: 'history', coverage: coverageOf(step), changes: changes.reverse() }
}

function changeRow({ epoch, base }: Doc, { hash, author, past, time, writes }: HistoryEntry): ChangeRow {
  const changes = [...writes].sort(([a], [b]) => compareText(a, b)).map(([path, value]) => `${path} = ${JSON.stringify(value)}`)
  return { hash, author, version: `${epoch}.${base + past}.${hash.slice(0, 8)}`, time, changes }
}
