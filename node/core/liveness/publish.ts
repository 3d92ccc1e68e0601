// This node's own link state: when a new one is due, and its signature. Neighbours that change are said at once (but not more
// often than the gap allows), new heads of the own document once they are quiet. Nothing is said when nothing changed.

import { assert } from '../../../crdt/errors.ts'
import { compareText } from '../../../crdt/ids.ts'
import { type LinkState, type Neighbour, signLinkState } from './link-state.ts'
import type { LivenessState } from './state.ts'
import { put } from './table.ts'

export function neighboursChanged(s: LivenessState): void {
  pathsChanged(s)
  publishSoon(s)
}

export function pathsChanged(s: LivenessState): void {
  const { pathsDelayMs, pathsDelayMsMax, pathsDelayMsPerMember } = s.limits
  s.pathsAt ??= s.now + Math.min(pathsDelayMsMax, Math.max(pathsDelayMs, Math.trunc(s.members.size * pathsDelayMsPerMember)))
}

export function publishSoon(s: LivenessState): void {
  s.own.publishAt ??= Math.max(s.now, (s.own.publishedAt ?? s.now) + (s.own.publishedAt === null ? 0 : s.limits.publishGapMs))
}

/** When the next own link state is due; null: nothing is to be said. */
export function publishDueAt(s: LivenessState): number | null {
  if (s.own.heads === null) return null
  const { headsChanged, publishAt } = s.own
  if (headsChanged === null) return publishAt
  const headsAt = isSomebodyAway(s)
    ? Math.min(headsChanged.last + s.limits.headsQuietMs, headsChanged.first + s.limits.headsLateMsMax)
    : headsChanged.first + s.limits.headsRestMs
  return publishAt === null ? headsAt : Math.min(publishAt, headsAt)
}

/** Signs and broadcasts if it is time and something differs. */
export function publishIfDue(s: LivenessState): void {
  const dueAt = publishDueAt(s)
  if (dueAt === null || dueAt > s.now) return
  s.stirred = true
  s.own.publishAt = null
  s.own.headsChanged = null
  if (!isNews(s)) return
  signOwn(s)
  s.own.publishedAt = s.now
  s.out.push({ kind: 'publish', state: ownState(s)!.bytes })
}

/** Makes the next link state of this node and puts it into the table. */
export function signOwn(s: LivenessState): void {
  const { heads, left, sequence } = s.own
  assert(heads !== null, 'nothing is signed before the own heads are known')
  // After eight years of one change a second this node can say nothing new; everything known of it stays true.
  if (sequence >= s.limits.sequenceMax) return
  s.own.sequence = sequence + 1
  const statement = { author: s.self, sequence: s.own.sequence, boot: s.bootNumber, left, heads, neighbours: namedPeers(s) }
  put(s, signLinkState(s.signer, statement))
}

export function ownState(s: LivenessState): LinkState | undefined {
  return s.table.get(s.self)?.state
}

/**
 * Says something newer than what an earlier boot of its own said. Also when this boot has come just as far: of two statements of one
 * sequence the others may keep the old one, and would for ever.
 */
export function continueFrom(s: LivenessState, state: LinkState): void {
  if (state.sequence < s.own.sequence) return
  s.own.sequence = Math.min(state.sequence + 1, s.limits.sequenceMax)
  s.own.publishAt = s.now
}

/** Heads are read when somebody returns. While nobody can, saying them after every change would double what a change costs. */
function isSomebodyAway(s: LivenessState): boolean {
  return s.fellAt !== null && s.now - s.fellAt < s.limits.awayMs
}

function isNews(s: LivenessState): boolean {
  const said = ownState(s)
  if (said === undefined || said.sequence !== s.own.sequence) return true
  if (said.heads !== s.own.heads || said.left !== s.own.left) return true
  const peers = namedPeers(s)
  return peers.length !== said.neighbours.length || peers.some((peer, i) => differs(peer, said.neighbours[i]))
}

function differs(a: Neighbour, b: Neighbour | undefined): boolean {
  return a.node !== b?.node || a.sequence !== b.sequence
}

function namedPeers(s: LivenessState): Neighbour[] {
  const peers: Neighbour[] = []
  for (const link of s.links.values()) if (link.named !== null) peers.push({ node: link.peer, sequence: link.named })
  return peers.sort((a, b) => compareText(a.node, b.node))
}
