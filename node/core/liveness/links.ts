// What a connection is to this node: idle, or an edge that is watched because one of its ends wants it; and named, once both
// directions are proved and the peer's newest link state is here. Small questions and changes only; `probing.ts` and
// `choosing.ts` decide when.

import { utf8 } from '../../../crdt/codec.ts'
import { type NodeId, compareText } from '../../../crdt/ids.ts'
import { fallOver, noteFall } from './falls.ts'
import { edgeFell } from './paths.ts'
import { packProbe } from './probe-number.ts'
import { neighboursChanged } from './publish.ts'
import type { Link, LivenessState } from './state.ts'

export function openLink(s: LivenessState, peer: NodeId): void {
  closeLink(s, peer)
  fallOver(s, peer)
  const hash = s.crypto.sha256(utf8(`${s.self} ${peer}`))
  s.links.set(peer, {
    peer,
    rank: ((hash[0]! << 24) | (hash[1]! << 16) | (hash[2]! << 8) | hash[3]!) >>> 0,
    wants: false,
    taken: false,
    named: null,
    namedAt: s.now,
    heard: null,
    told: null,
    proofAt: null,
    dueAt: s.now,
    round: null,
    sent: [],
    counter: 0,
    echo: null,
    refusedUntil: s.now,
    bridgeAt: null,
    hungUp: false,
    differsSince: null,
    comparedAt: s.now - s.limits.compareGapMs,
    relayed: null,
  })
}

export function closeLink(s: LivenessState, peer: NodeId): void {
  const link = s.links.get(peer)
  if (link === undefined) return
  noteFall(s, link)
  unname(s, link)
  s.links.delete(peer)
}

export function isWatched(link: Link): boolean {
  return link.wants || link.taken
}

export function watchedCount(s: LivenessState): number {
  let count = 0
  for (const link of s.links.values()) if (isWatched(link)) count++
  return count
}

/** Whether an edge that the peer wants is accepted. */
export function roomFor(s: LivenessState, link: Link): boolean {
  if (!s.members.has(link.peer)) return false
  if (link.wants) return true
  const watched = watchedCount(s)
  return watched < s.limits.watchedCountMax || (watched < s.limits.namedCountMax && !s.reached.has(link.peer))
}

/** Connected members of which that holds, best choice first. */
export function linksInOrder(s: LivenessState, holds: (link: Link) => boolean = () => true): Link[] {
  const links = [...s.links.values()].filter((link) => s.members.has(link.peer) && holds(link))
  return links.sort((a, b) => a.rank - b.rank || compareText(a.peer, b.peer))
}

/** The peer is known to have signed something that is not here. */
export function lacksState(s: LivenessState, link: Link): boolean {
  const known = s.table.get(link.peer)?.state
  if (link.heard === null) return known === undefined
  if (known === undefined) return link.heard.sequence > 0
  if (known.sequence !== link.heard.sequence) return known.sequence < link.heard.sequence
  return known.boot % 256 !== link.heard.bootMark
}

/** The newest link state here is one of the peer's present boot: nothing that it said before a restart may hold up an edge. */
export function isCurrent(s: LivenessState, link: Link): boolean {
  const known = s.table.get(link.peer)?.state
  if (known === undefined || link.heard === null || link.heard.sequence === 0) return false
  return known.sequence >= link.heard.sequence && known.boot % 256 === link.heard.bootMark
}

/** Names the peer if everything is there for it. The proof must be fresh: an old echo says nothing about now. */
export function nameIfProved(s: LivenessState, link: Link): void {
  if (link.named !== null || !isWatched(link) || s.own.heads === null) return
  if (link.proofAt === null || s.now - link.proofAt > s.limits.giveUpMsMin || !isCurrent(s, link)) return
  link.named = s.table.get(link.peer)!.state.sequence
  link.namedAt = s.now
  neighboursChanged(s)
}

export function unname(s: LivenessState, link: Link): void {
  if (link.named === null) return
  s.stirred = true
  link.named = null
  edgeFell(s, s.self, link.peer)
  neighboursChanged(s)
}

/** No end wants the edge any more, or the peer is no member: it ends at once, and the peer is told. */
export function unwatch(s: LivenessState, link: Link): void {
  s.stirred = true
  link.wants = false
  link.taken = false
  link.bridgeAt = null
  unname(s, link)
}

/** What this end has to say to the peer, as a probe number without counter and table mark. */
export function ownWords(s: LivenessState, link: Link): number {
  return packProbe({
    sequence: s.own.heads === null ? 0 : s.own.sequence,
    bootMark: s.bootNumber % 256,
    tableMark: 0,
    counter: 0,
    lacks: lacksState(s, link),
    names: link.named !== null,
    wants: link.wants,
    full: link.heard?.wants === true && !isWatched(link) && s.members.has(link.peer),
  })
}

/**
 * Whether the peer should hear something at once that it has not confirmed hearing. A new sequence is not worth a probe (the next
 * routine one brings it), and neither is that a link state has arrived.
 */
export function hasNews(s: LivenessState, link: Link): boolean {
  if (link.hungUp) return false
  if (link.told === null) return isWatched(link) || link.heard?.wants === true
  const words = urgent(ownWords(s, link))
  const told = urgent(link.told)
  return words !== told && (words % 2 === 1 || words !== told - (told % 2))
}

/** Words without the sequence: boot and flags; the lowest is `lacks`. */
export function urgent(words: number): number {
  return words % 2 ** 24
}
