// Who may take whose room on a board (docs/adr/0037). A copy may be told to end for one of another job whose priority is higher by at least
// `preemptionDelta`, where an admin has not said otherwise for the kind of that job. Asked by the plan, and by the board once more before it
// stops anything.

import { type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import { type Claim, type JobView, type View, compareVersions, hasEnded, mayPreempt } from '../crdt/view.ts'
import { schedulerLimits as limits } from './limits.ts'

/** The reason of a copy that made room names the slot that it made room for. */
const madeRoomFor = 'preempted: '

export function preemptedReason(by: SlotId): string {
  return `${madeRoomFor}${by}`
}

/** For whom the slot's newest copy made room; null: it ended for another reason, or has not. */
export function preemptorOf(claims: readonly Claim[]): string | null {
  const newest = claims.reduce<Claim | null>((found, one) => (found === null || one.generation > found.generation ? one : found), null)
  return newest?.reason.startsWith(madeRoomFor) === true && hasEnded(newest) ? newest.reason.slice(madeRoomFor.length) : null
}

/** Whether copies of the job ask for the room of others at all. */
export function preempts({ spec }: Pick<JobView, 'spec'>, { fleet, pool }: View): boolean {
  return spec !== null && mayPreempt(fleet, pool, spec.type)
}

/** A copy whose job, or whose newest version, is not known here is left alone, and so is one that waits for an admin's word. */
export function mayDisplace(victim: Pick<Claim, 'slot' | 'version'>, by: JobId, view: View): boolean {
  const [job, other] = [view.jobs.get(by), view.jobs.get(slotParts(victim.slot).job)]
  if (job?.spec == null || other?.spec == null || job.id === other.id || !preempts(job, view)) return false
  if (other.held !== null || compareVersions(victim.version, other.version) > 0) return false
  return job.spec.priority - other.spec.priority >= limits.preemptionDelta
}

/** It gives its room back whatever anybody plans. `displaced`: what others there wait for. */
export function isLeaving(claim: Claim, displaced: Claim['displaces'], view: View): boolean {
  if (claim.state === 'stopping' || displaced?.get(claim.slot) === claim.generation) return true
  const job = view.jobs.get(slotParts(claim.slot).job)
  return job !== undefined && job.desired !== 'run' && job.held === null && compareVersions(claim.version, job.version) <= 0
}

/**
 * A claim that this one waits for, and that neither goes nor may be told to: priorities or settings are other than when it was made. So it
 * gives up. `own`: all claims of the node.
 */
export function refusesRoom(claim: Claim, own: ReadonlyMap<SlotId, Claim>, view: View): Claim | undefined {
  const { job } = slotParts(claim.slot)
  for (const [slot, generation] of awaitedBy(claim) ?? []) {
    const other = own.get(slot)
    if (other === undefined || other.generation !== generation || hasEnded(other)) continue
    if (isLeaving(other, undefined, view) || mayDisplace(other, job, view)) continue
    if (!isTakenBy([...own.values()], other, view)) return other
  }
  return undefined
}

/** Another claim there ends it. */
function isTakenBy(own: readonly Claim[], { slot, generation, version }: Claim, view: View): boolean {
  return own.some((one) => awaitedBy(one)?.get(slot) === generation && mayDisplace({ slot, version }, slotParts(one.slot).job, view))
}

/** Whose room it waits for. Once it has begun that is a memory: a job that was removed and is run again counts its generations anew. */
export function awaitedBy({ state, startedAt, displaces }: Claim): Claim['displaces'] {
  return (state === 'claimed' || state === 'preparing') && startedAt === 0 ? displaces : undefined
}
