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

export function begunRuns(claims: View['claims'], before: BegunRuns | null): BegunRuns {
  const byJob = new Map(before?.byJob)
  const changed = new Set<RunsOfJob>()
  for (const slot of before === null ? claims.keys() : changedKeys(before.claims, claims)) {
    const { job, group } = slotParts(slot)
    const run = runOf(group)
    if (run === null) continue
    let runs = byJob.get(job) ?? none
    if (!changed.has(runs)) changed.add((runs = new Map(runs)))
    const next = withSlot(runs.get(run.due), slot, claims.get(slot))
    if (next.slots.size > 0) (runs as Map<CivilSeconds, BegunRun>).set(run.due, next)
    else (runs as Map<CivilSeconds, BegunRun>).delete(run.due)
    byJob.set(job, runs)
  }
  return { claims, byJob }
}

function withSlot(run: BegunRun | undefined, slot: SlotId, claims: readonly Claim[] | undefined): BegunRun {
  const slots = new Set(run?.slots)
  const going = new Map(run?.going)
  const left = claims?.filter((claim) => !hasEnded(claim)) ?? []
  if (claims === undefined) slots.delete(slot)
  else slots.add(slot)
  if (left.length === 0) going.delete(slot)
  else going.set(slot, left)
  return { slots, going }
}

/** Newest first. */
export function dueTimes(runs: RunsOfJob): readonly CivilSeconds[] {
  return [...runs.keys()].sort((a, b) => b - a)
}

export function runsOf({ byJob }: BegunRuns, job: JobId): RunsOfJob {
  return byJob.get(job) ?? none
}
