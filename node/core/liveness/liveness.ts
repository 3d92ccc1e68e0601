// Who is alive, by link states (DESIGN 4): the entry of this folder. The core owns the state, brings every event with its time,
// and carries out the effects in order; after each call it asks `nextDeadline` when to tick again. Everything is deterministic:
// the only randomness is a generator seeded at creation.

import type { Crypto, Signer } from '../../../crdt/crypto.ts'
import { assert } from '../../../crdt/errors.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Liveness } from '../../../crdt/view.ts'
import { nextBelow } from '../random.ts'
import { bridge, choose, choosingDueAt, review } from './choosing.ts'
import { noteLag } from './doubt.ts'
import { type LivenessLimits, livenessLimits } from './limits.ts'
import { closeLink, nameIfProved, openLink, unwatch } from './links.ts'
import { judgeMembers, newMember, waitAnew } from './members.ts'
import { noteEdges, standingNeighbours } from './paths.ts'
import { askAnew, hearEcho, hearProbe, linkDueAt, lookAgain, startRound, watchLink } from './probing.ts'
import { continueFrom, pathsChanged, publishDueAt, publishIfDue, publishSoon, signOwn } from './publish.ts'
import type { LinkState } from './link-state.ts'
import { type LinkStateReader, createLinkStateReader } from './reader.ts'
import type { LivenessEffect, LivenessState, RefusalReason } from './state.ts'
import { digestOfTable, newerThan, put, remove, sequences, takeBytes } from './table.ts'

export type { LivenessEffect, LivenessState } from './state.ts'

export interface LivenessInput {
  readonly self: NodeId
  readonly crypto: Crypto
  readonly signer: Signer
  readonly now: number
  /** Fresh at every boot: it also tells this boot's link states from earlier ones. */
  readonly seed: number
  /** For a process with many nodes. */
  readonly reader?: LinkStateReader | undefined
  /** For the simulator, which shrinks times at random. */
  readonly limits?: Partial<LivenessLimits>
}

export function createLiveness(input: LivenessInput): LivenessState {
  const limits: LivenessLimits = { ...livenessLimits, ...input.limits }
  assert(
    limits.giveUpMsMin > 3 * limits.reprobeMs && limits.hangUpMs > limits.giveUpMsMax,
    'an edge falls after several probes, before its connection',
  )
  const random = { state: input.seed >>> 0 || 1 }
  return {
    self: input.self,
    crypto: input.crypto,
    signer: input.signer,
    reader: input.reader ?? createLinkStateReader(input.crypto),
    limits,
    random,
    bootNumber: input.seed >>> 0,
    now: input.now,
    promisedAt: Infinity,
    wokeAt: -Infinity,
    stirred: true,
    quietUntil: 0,
    links: new Map(),
    reviewAt: input.now + (limits.reviewMs >> 1) + nextBelow(random, limits.reviewMs),
    members: new Map(),
    unsettled: new Set(),
    table: new Map(),
    tableMark: [0, 0],
    waiting: new Map(),
    keys: new Map(),
    falls: new Map(),
    holds: () => true,
    own: { heads: null, left: false, sequence: 0, publishAt: null, publishedAt: null, headsChanged: null },
    reached: new Map([[input.self, null]]),
    grown: new Set(),
    fallen: new Set(),
    pathsAt: null,
    memberAt: Infinity,
    changes: 0,
    fellAt: null,
    doubt: { lagMs: 0, halvesAt: input.now },
    news: { since: input.now, count: 0 },
    refused: { malformed: 0, forged: 0, stranger: 0, stale: 0 },
    out: [],
  }
}

/** A connection to the peer stands and its stream is open. */
export function peerUp(s: LivenessState, peer: NodeId, now: number): readonly LivenessEffect[] {
  stir(s, now)
  if (peer !== s.self) openLink(s, peer)
  choose(s)
  bridge(s)
  return leave(s)
}

/** The last connection to the peer is gone: its edge falls at once. */
export function peerDown(s: LivenessState, peer: NodeId, now: number): readonly LivenessEffect[] {
  stir(s, now)
  closeLink(s, peer)
  choose(s)
  return leave(s)
}

export function onProbe(s: LivenessState, from: NodeId, n: number, now: number): readonly LivenessEffect[] {
  stir(s, now)
  hearProbe(s, from, n)
  return leave(s)
}

export function onProbeAck(s: LivenessState, from: NodeId, n: number, now: number): readonly LivenessEffect[] {
  stir(s, now)
  hearEcho(s, from, n)
  return leave(s)
}

/** A link state from anybody: by gossip (`from` is then whoever handed it on) or on a peer's stream. */
export function onLinkState(
  s: LivenessState,
  bytes: Uint8Array,
  from: NodeId,
  now: number,
  via: 'stream' | 'gossip' = 'gossip',
): readonly LivenessEffect[] {
  enter(s, now)
  const verdict = takeBytes(s, bytes)
  s.stirred ||= verdict.kind === 'own' || verdict.kind === 'new'
  if (verdict.kind === 'own') continueFrom(s, verdict.state)
  // The author itself does not know its newest statement: it was restarted and must go on from there.
  if (verdict.kind === 'stale' && verdict.state.author === from && s.links.has(from))
    s.out.push({ kind: 'relay', to: from, states: [verdict.newer.bytes] })
  if (verdict.kind === 'new') {
    learn(s, verdict.state, verdict.before)
    if (via === 'stream' && isNewsToOthers(s, from)) s.out.push({ kind: 'publish', state: bytes })
  }
  return leave(s)
}

/** Time passed. `lagMs`: by how much this tick is late; a deadline that was overslept says the same, whoever brings the news. */
export function tick(s: LivenessState, now: number, lagMs: number): readonly LivenessEffect[] {
  enter(s, now)
  // Asked after every event of the core, and mostly for nothing.
  if (lagMs === 0 && isQuiet(s)) return nothing
  s.stirred = false
  s.quietUntil = 0
  noteLag(s, s.now, Math.max(lagMs, s.now - s.promisedAt))
  for (const link of s.links.values()) watchLink(s, link)
  judgeMembers(s)
  choose(s)
  bridge(s)
  review(s)
  const effects = leave(s)
  s.quietUntil = quietUntil(s)
  return effects
}

/** The nodes that may count, each once: known and not evicted. Whatever is known of others is forgotten. */
export function setMembers(s: LivenessState, members: Iterable<NodeId>): void {
  const fresh = new Set<NodeId>()
  let known = 0
  for (const node of members) {
    if (s.members.has(node)) known++
    else if (node !== s.self) fresh.add(node)
  }
  if (known < s.members.size) forgetOthers(s, new Set(members))
  for (const node of fresh) {
    s.members.set(node, newMember(s.now))
    s.unsettled.add(node)
    s.changes++
    s.stirred = true
    const state = s.waiting.get(node)
    s.waiting.delete(node)
    if (state === undefined) continue
    put(s, state)
    learn(s, state, undefined)
  }
  choose(s)
  bridge(s)
}

/** `holds`: whether this view has the heads that a node's link state names (them or later ones). */
export function setHolds(s: LivenessState, holds: (node: NodeId, heads: string) => boolean): void {
  s.holds = holds
}

/** The heads of the own node document (`crdt/authored.ts`). Until the first call this node names nobody and signs nothing. */
export function setOwnHeads(s: LivenessState, heads: string, now: number): readonly LivenessEffect[] {
  stir(s, now)
  if (s.own.heads === null) {
    s.own.heads = heads
    signOwn(s)
    bridge(s)
    for (const link of s.links.values()) if (link.wants || link.taken) startRound(s, link, false)
  } else if (heads !== s.own.heads) {
    s.own.heads = heads
    s.own.headsChanged = { first: s.own.headsChanged?.first ?? s.now, last: s.now }
  }
  return leave(s)
}

/** This node goes for good, and says so. */
export function markLeft(s: LivenessState, now: number): readonly LivenessEffect[] {
  stir(s, now)
  s.own.left = true
  s.own.publishAt = s.now
  return leave(s)
}

export function livenessOf(s: LivenessState, node: NodeId): Liveness {
  return node === s.self ? 'alive' : (s.members.get(node)?.status ?? 'unheard')
}

/** For every member that is not alive: when it last was (when this node first knew of it, if it never was). */
export function silentSince(s: LivenessState): ReadonlyMap<NodeId, number> {
  const since = new Map<NodeId, number>()
  for (const [node, member] of s.members) if (member.status !== 'alive') since.set(node, member.lostAt)
  return since
}

/** When to tick at the latest. */
export function nextDeadline(s: LivenessState): number {
  if (s.out.length > 0) return s.now
  if (isQuiet(s)) return s.promisedAt
  let dueAt = Math.min(s.memberAt, s.pathsAt ?? Infinity, publishDueAt(s) ?? Infinity, choosingDueAt(s))
  for (const link of s.links.values()) dueAt = Math.min(dueAt, linkDueAt(s, link))
  return Math.max(dueAt, s.now)
}

export function linksDigest(s: LivenessState): string {
  return digestOfTable(s)
}

export function linkSeqs(s: LivenessState): readonly (readonly [NodeId, number])[] {
  return sequences(s)
}

export function linkStatesNewerThan(s: LivenessState, seqs: readonly (readonly [NodeId, number])[]): readonly Uint8Array[] {
  return newerThan(s, seqs)
}

/** Nodes that share a standing edge with this one, as far as is known here. */
export function neighboursOf(s: LivenessState, node: NodeId): readonly NodeId[] {
  return standingNeighbours(s, node)
}

/** Times from a probe to its echo, without queues and losses, over this node's edges; ascending. */
export function roundTripsMs(s: LivenessState): readonly number[] {
  const times: number[] = []
  // What was measured on a connection that is no edge any more says nothing about now.
  for (const { named, echo } of s.links.values()) if (named !== null && echo !== null) times.push(echo.least)
  return times.sort((a, b) => a - b)
}

/** Rises whenever some member's liveness changed or a member was added or dropped. */
export function changeCount(s: LivenessState): number {
  return s.changes
}

export function refusedLinkStates(s: LivenessState): Readonly<Record<RefusalReason, number>> {
  return s.refused
}

const nothing: readonly LivenessEffect[] = []

function enter(s: LivenessState, now: number): void {
  s.now = Math.max(s.now, now)
  // Late again so soon, it is slow rather than frozen: what it has asked must come to an end.
  if (s.now - s.promisedAt < s.limits.frozenMs || s.now - s.wokeAt < s.limits.frozenAgainMs) return
  s.wokeAt = s.now
  // Nothing of what it knew was looked at meanwhile, and what lies in its buffers tells of a time that is over.
  s.stirred = true
  askAnew(s)
  waitAnew(s)
}

function stir(s: LivenessState, now: number): void {
  enter(s, now)
  s.stirred = true
}

function isQuiet(s: LivenessState): boolean {
  return !s.stirred && s.now < s.quietUntil
}

/** Until then nothing that a tick looks at changes by time alone: deadlines, and what deadlines are made of. */
function quietUntil(s: LivenessState): number {
  let until = s.promisedAt
  const look = (at: number): void => {
    if (at > s.now) until = Math.min(until, at)
  }
  for (const { refusedUntil } of s.links.values()) look(refusedUntil)
  if (s.doubt.lagMs > 0) until = Math.min(until, s.doubt.halvesAt)
  if (s.own.headsChanged !== null && s.fellAt !== null) look(s.fellAt + s.limits.awayMs)
  return until
}

function leave(s: LivenessState): readonly LivenessEffect[] {
  publishIfDue(s)
  const { out } = s
  s.out = []
  s.promisedAt = nextDeadline(s)
  return out
}

/** What follows from a newer link state of somebody. */
function learn(s: LivenessState, state: LinkState, before: LinkState | undefined): void {
  pathsChanged(s)
  noteEdges(s, state, before)
  if (state.left || s.members.get(state.author)?.status === 'left') s.unsettled.add(state.author)
  for (const { node } of before?.neighbours ?? []) {
    if (!state.neighbours.some((neighbour) => neighbour.node === node)) lookAgain(s, node)
  }
  const link = s.links.get(state.author)
  if (link === undefined || link.named !== null) return
  nameIfProved(s, link)
  if (link.named === null && (link.wants || link.taken)) startRound(s, link, false)
}

/**
 * What came on a stream reached this node by anti-entropy, so gossip may have missed its whole side: a bridge between two sides
 * must pass it on. A node that has just joined passes nothing on: its neighbours know it all.
 */
function isNewsToOthers(s: LivenessState, from: NodeId): boolean {
  const { newsAfterMs, newsCountMax } = s.limits
  let hasSide = false
  for (const link of s.links.values()) hasSide ||= link.peer !== from && link.named !== null && s.now - link.namedAt >= newsAfterMs
  if (!hasSide) return false
  if (s.now - s.news.since >= newsAfterMs) s.news = { since: s.now, count: 0 }
  return ++s.news.count <= newsCountMax
}

function forgetOthers(s: LivenessState, members: ReadonlySet<NodeId>): void {
  for (const node of s.members.keys()) if (!members.has(node)) forget(s, node)
}

function forget(s: LivenessState, node: NodeId): void {
  s.stirred = true
  s.members.delete(node)
  s.unsettled.delete(node)
  s.fallen.add(node)
  s.keys.delete(node)
  s.falls.delete(node)
  remove(s, node)
  s.changes++
  const link = s.links.get(node)
  if (link !== undefined) unwatch(s, link)
  pathsChanged(s)
  publishSoon(s)
}
