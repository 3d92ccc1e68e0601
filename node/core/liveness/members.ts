// From paths to verdicts: who is alive, disconnected, unheard or left. A node falls when no path has led to it for the suspicion
// time; it returns when a path leads to it and the heads that it names are here, and each further return within the window
// needs twice as long an unbroken contact. All of it is this node's own conclusion from a shared table.

import type { NodeId } from '../../../crdt/ids.ts'
import { fallOver } from './falls.ts'
import { findPaths } from './paths.ts'
import { publishSoon } from './publish.ts'
import type { LivenessState, Member } from './state.ts'
import { suspicionMs } from './suspicion.ts'

export function newMember(now: number): Member {
  return { status: 'unheard', pathAt: null, lostAt: now, returns: [], orderly: false }
}

/** Brings paths up to date if something changed, and judges every member whose verdict that or time may have changed. */
export function judgeMembers(s: LivenessState): void {
  const moved = s.pathsAt !== null && s.now >= s.pathsAt
  if (!moved && s.now < s.memberAt) return
  if (moved) findPaths(s)
  if (moved) s.pathsAt = null
  s.stirred = true
  s.memberAt = Infinity
  const patience = suspicionMs(s)
  for (const node of s.unsettled) {
    const member = s.members.get(node)!
    const before = member.status
    judge(s, node, member, patience)
    if (member.status !== before) s.changes++
    // It was away for everybody: what fell between the two says nothing any more.
    if (member.status === 'alive' && before !== 'alive') fallOver(s, node)
    if ((member.status === 'alive') === (member.pathAt !== null)) s.unsettled.delete(node)
    else s.unsettled.add(node)
  }
}

function judge(s: LivenessState, node: NodeId, member: Member, patience: number): void {
  notePath(s, node, member)
  const state = s.table.get(node)?.state
  if (state?.left === true) {
    if (member.status !== 'left') member.lostAt = s.now
    member.status = 'left'
    member.orderly = true
    return
  }
  if (member.status === 'left') member.status = 'disconnected'
  if (member.status === 'alive') {
    if (member.pathAt !== null) return
    if (s.now >= member.lostAt + patience) fall(s, member)
    else wakeAt(s, member.lostAt + patience)
    return
  }
  if (member.pathAt === null || state === undefined) return
  const countsAt = member.pathAt + returnWaitMs(s, member)
  if (s.now < countsAt) wakeAt(s, countsAt)
  else if (isWaking(s)) wakeAt(s, s.now + s.limits.heldPollMs)
  else if (!s.holds(node, state.heads)) wakeAt(s, s.now + s.limits.heldPollMs)
  else comeBack(s, member)
}

function notePath(s: LivenessState, node: NodeId, member: Member): void {
  const has = s.reached.has(node)
  if (has && member.pathAt === null) {
    member.pathAt = s.now
    // Somebody may be waiting for our heads just as we wait for theirs.
    if (member.status !== 'alive' && s.own.headsChanged !== null) publishSoon(s)
  }
  if (!has && member.pathAt !== null) {
    member.pathAt = null
    if (member.status === 'alive') member.lostAt = s.now
  }
}

function fall(s: LivenessState, member: Member): void {
  member.status = 'disconnected'
  s.fellAt = s.now
}

function comeBack(s: LivenessState, member: Member): void {
  if (member.status === 'disconnected' && !member.orderly) member.returns.push(s.now)
  member.status = 'alive'
  member.orderly = false
}

/**
 * Somebody is coming back whose claims may not be here yet: a path leads there and the heads that it names are not held, or a connection
 * has just been made of which nothing is known.
 */
export function isAnyoneReturning(s: LivenessState): boolean {
  for (const node of s.unsettled) {
    const { pathAt } = s.members.get(node)!
    const heads = s.table.get(node)?.state.heads
    if (pathAt === null || !isAway(s, node)) continue
    if (s.now - pathAt < s.limits.returnSettleMs || heads === undefined || !s.holds(node, heads)) return true
  }
  for (const { peer, proofAt, namedAt } of s.links.values())
    if (proofAt === null && s.now - namedAt < s.limits.reprobeMs && isAway(s, peer)) return true
  return false
}

function isAway(s: LivenessState, node: NodeId): boolean {
  const status = s.members.get(node)?.status
  return status === 'disconnected' || status === 'unheard'
}

/** After a freeze, until each edge has been proved again or has fallen: what came over it may be as old as the freeze was long. */
function isWaking(s: LivenessState): boolean {
  if (s.now - s.wokeAt > s.limits.giveUpMsMax + s.limits.doubtMsMax) return false
  for (const { named, proofAt } of s.links.values()) if (named !== null && (proofAt ?? -Infinity) < s.wokeAt) return true
  return false
}

/** After a freeze: no contact was unbroken while nobody looked. */
export function waitAnew(s: LivenessState): void {
  for (const member of s.members.values()) if (member.status !== 'alive' && member.pathAt !== null) member.pathAt = s.now
}

/** How long the path must have been unbroken before the member counts again. */
function returnWaitMs(s: LivenessState, member: Member): number {
  if (member.status === 'unheard') return 0
  const { returnWindowMs, returnBaseMs, returnWaitMsMax, returnSettleMs } = s.limits
  while (member.returns.length > 0 && s.now - member.returns[0]! > returnWindowMs) member.returns.shift()
  if (member.orderly || member.returns.length === 0) return returnSettleMs
  return Math.min(returnBaseMs * 2 ** Math.min(member.returns.length + 1, 30), returnWaitMsMax)
}

function wakeAt(s: LivenessState, at: number): void {
  s.memberAt = Math.min(s.memberAt, at)
}
