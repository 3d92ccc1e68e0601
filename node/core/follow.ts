// Callers that wait: for a roll-out to settle (`job.status` with follow) or for other boards to confirm a change (`doc.put` with
// confirm). They hear again only when what they would read has changed, and at most so often.

import type { Reply } from '../../crdt/api-types.ts'
import type { DocId } from '../../crdt/ids.ts'
import type { CoreEvent } from './event.ts'
import { coreLimits } from './limits.ts'
import { findJob, jobDetail } from './queries/jobs.ts'
import { receiptReply } from './queries/receipt.ts'
import { type Follower, type State, type Step, refuseRequest, reply } from './state.ts'

/** `documents`: what a `doc.put` changed; empty for `job.status`. */
export function follow(step: Step, event: CoreEvent & { kind: 'command' }, documents: readonly DocId[]): void {
  const { state } = step
  const { request } = event
  if (!hasRoom(step, event.id)) return
  const timeoutMs =
    request.method === 'doc.put' ? Math.min(request.timeoutMs ?? coreLimits.confirmMsDefault, coreLimits.confirmMsMax) : null
  state.followers.set(event.id, {
    id: event.id,
    request,
    documents,
    seen: null,
    lastSent: '',
    lastAt: step.now - coreLimits.followMsMin,
    heldBack: false,
    until: timeoutMs === null ? null : step.now + timeoutMs,
  })
}

/** Whether another caller may wait here; if not, this one is told. Asked before anything is done that cannot be taken back. */
export function hasRoom(step: Step, id: number): boolean {
  const { followersMax } = coreLimits
  if (step.state.followers.size < followersMax) return true
  refuseRequest(step, id, 'E_BUSY', `this node already serves ${followersMax} callers that wait`, 'try another peer')
  return false
}

export function unfollow(step: Step, id: number): void {
  step.state.followers.delete(id)
}

export function tellFollowers(step: Step): void {
  for (const follower of [...step.state.followers.values()]) tell(step, follower)
}

function tell(step: Step, follower: Follower): void {
  const { state } = step
  const isOver = follower.until !== null && step.now >= follower.until
  if (!isOver && follower.seen?.view === state.view && follower.seen.plan === state.plan) return
  follower.heldBack = !isOver && step.now - follower.lastAt < coreLimits.followMsMin
  if (follower.heldBack) return
  follower.seen = { view: state.view, plan: state.plan }
  const answer = answerFor(step, follower, isOver)
  const isLast = answer.kind === 'error' || (answer.kind === 'job' && answer.settled) || (answer.kind === 'receipt' && answer.final)
  // The coverage changes with every tick; it alone is no news.
  const news = JSON.stringify({ ...answer, coverage: null })
  if (!isLast && news === follower.lastSent) return
  follower.lastSent = news
  follower.lastAt = step.now
  reply(step, follower.id, answer, isLast)
  if (isLast) state.followers.delete(follower.id)
}

function answerFor(step: Step, follower: Follower, isOver: boolean): Reply {
  const { documents, request } = follower
  if (request.method === 'job.status') {
    const job = findJob(step.state, request.job)
    return job === undefined
      ? { kind: 'error', code: 'E_JOB_UNKNOWN', message: `there is no job '${request.job.slice(0, 140)}'` }
      : jobDetail(step, job)
  }
  if (request.method !== 'doc.put') return { kind: 'done' }
  const answer = receiptReply(step, documents, request.confirm ?? 1)
  return answer.kind === 'receipt' && isOver ? { ...answer, final: true } : answer
}

/** Followers with news held back, or whose time runs out. */
export function followDeadline(state: State): number {
  let at = Number.MAX_SAFE_INTEGER
  for (const follower of state.followers.values()) {
    if (follower.until !== null) at = Math.min(at, follower.until)
    if (follower.heldBack) at = Math.min(at, follower.lastAt + coreLimits.followMsMin)
  }
  return at
}
