// Which of the connections are watched. Every node chooses a few by its own rendezvous order and accepts the choices of others
// while it has room; since it knows the whole graph, it also bridges: a connected member that no path leads to becomes an edge,
// after a short random wait so that one bridge can do for many. Choices stay while their connections do,
// whatever better ones come; a slow review gives up bridges that carry nothing.

import { nextBelow } from '../random.ts'
import { isWatched, linksInOrder, unwatch, watchedCount } from './links.ts'
import { isSpare } from './paths.ts'
import { startRound, tell } from './probing.ts'
import type { Link, LivenessState } from './state.ts'

/** Fills up the own choices; called whenever one may have gone. */
export function choose(s: LivenessState): void {
  let wanted = 0
  for (const link of s.links.values()) if (link.wants && !link.hungUp) wanted++
  if (wanted >= s.limits.choicesCount) return
  let watched = watchedCount(s)
  for (const link of linksInOrder(s)) {
    if (wanted >= s.limits.choicesCount) return
    if (link.wants || !isEligible(s, link) || (watched >= s.limits.watchedCountMax && !link.taken)) continue
    if (!link.taken) watched++
    wanted++
    want(s, link)
  }
}

/** Makes edges of connections to members that no path leads to. */
export function bridge(s: LivenessState): void {
  if (s.own.heads === null) return
  let isAnyApart = false
  for (const link of s.links.values()) {
    if (!s.reached.has(link.peer)) isAnyApart = true
    else if (link.bridgeAt !== null) {
      s.stirred = true
      link.bridgeAt = null
    }
  }
  // This is asked after every event, and mostly nobody is.
  if (!isAnyApart) return
  const apart = linksInOrder(s, (link) => !s.reached.has(link.peer))
  let trying = apart.filter((link) => link.wants && !link.hungUp).length
  let watched = watchedCount(s)
  for (const link of apart) {
    if (link.wants || !isEligible(s, link)) continue
    if (link.bridgeAt === null) {
      s.stirred = true
      link.bridgeAt = s.now + s.limits.bridgeMsMin + nextBelow(s.random, 1 + s.limits.bridgeMsSpread)
    }
    if (s.now < link.bridgeAt || trying >= s.limits.watchedCountMax || watched >= s.limits.namedCountMax) continue
    trying++
    if (!isWatched(link)) watched++
    want(s, link)
  }
}

/** Gives up one edge that this node wanted beyond its choices and that carries nothing: bridges that others made superfluous. */
export function review(s: LivenessState): void {
  if (s.now < s.reviewAt) return
  s.stirred = true
  s.reviewAt = s.now + (s.limits.reviewMs >> 1) + nextBelow(s.random, s.limits.reviewMs)
  const wanted = linksInOrder(s, (link) => link.wants && !link.hungUp)
  const spare = wanted
    .slice(s.limits.choicesCount)
    .reverse()
    .find((link) => link.named !== null && (link.taken || isSpare(s, link.peer)))
  if (spare === undefined) return
  spare.wants = false
  if (!spare.taken) unwatch(s, spare)
  tell(s, spare)
}

/** When choosing next has something to do because of time alone. */
export function choosingDueAt(s: LivenessState): number {
  let dueAt = s.reviewAt
  for (const link of s.links.values())
    if (link.bridgeAt !== null && !link.wants && link.bridgeAt > s.now) dueAt = Math.min(dueAt, link.bridgeAt)
  return dueAt
}

function want(s: LivenessState, link: Link): void {
  s.stirred = true
  link.wants = true
  link.bridgeAt = null
  startRound(s, link, false)
}

function isEligible(s: LivenessState, link: Link): boolean {
  return !link.hungUp && s.now >= link.refusedUntil
}
