// Which runs of periodic jobs have begun: those of which any claim is known, whatever became of it. Kept from view to view, so that a
// changed claim costs itself and not the pool.

import type { CivilSeconds } from '../crdt/civil-time.ts'
import { type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import { changedKeys } from '../crdt/layered-map.ts'
import { runOf } from '../crdt/run-name.ts'
import { type Claim, type View, hasEnded } from '../crdt/view.ts'

interface BegunRun {
  readonly slots: ReadonlySet<SlotId>
  /** Claims that have not ended. */
  readonly going: ReadonlyMap<SlotId, readonly Claim[]>
}

export type RunsOfJob = ReadonlyMap<CivilSeconds, BegunRun>

export interface BegunRuns {
  readonly claims: View['claims']
  readonly byJob: ReadonlyMap<JobId, RunsOfJob>
}

const none: RunsOfJob = new Map()

interface OpenRun extends BegunRun {
  readonly slots: Set<SlotId>
  readonly going: Map<SlotId, readonly Claim[]>
}

/** A run is copied once, however many of its slots have changed: of a sysbatch job each board has one. */
export function begunRuns(claims: View['claims'], before: BegunRuns | null): BegunRuns {
  const byJob = new Map(before?.byJob)
  const open = new Map<JobId, Map<CivilSeconds, OpenRun>>()
  for (const slot of before === null ? claims.keys() : changedKeys(before.claims, claims)) {
    const { job, group } = slotParts(slot)
    const run = runOf(group)
    if (run === null) continue
    const runs = open.get(job) ?? new Map<CivilSeconds, OpenRun>()
    open.set(job, runs)
    const changed = runs.get(run.due) ?? copied(byJob.get(job)?.get(run.due))
    runs.set(run.due, changed)
    setSlot(changed, slot, claims.get(slot))
  }
  for (const [job, runs] of open) {
    const all = new Map<CivilSeconds, BegunRun>([...(byJob.get(job) ?? none), ...runs])
    byJob.set(job, new Map([...all].filter(([, { slots }]) => slots.size > 0)))
  }
  return { claims, byJob }
}

function copied(run: BegunRun | undefined): OpenRun {
  return { slots: new Set(run?.slots), going: new Map(run?.going) }
}

function setSlot({ slots, going }: OpenRun, slot: SlotId, claims: readonly Claim[] | undefined): void {
  const left = claims?.filter((claim) => !hasEnded(claim)) ?? []
  if (claims === undefined) slots.delete(slot)
  else slots.add(slot)
  if (left.length === 0) going.delete(slot)
  else going.set(slot, left)
}

/** Newest first. */
export function dueTimes(runs: RunsOfJob): readonly CivilSeconds[] {
  return [...runs.keys()].sort((a, b) => b - a)
}

export function runsOf({ byJob }: BegunRuns, job: JobId): RunsOfJob {
  return byJob.get(job) ?? none
}
