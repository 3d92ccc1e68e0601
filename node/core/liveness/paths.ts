// Edges and paths over the table of link states. An edge stands while both ends name each other, and neither's statement is
// older than the one that the other had seen: what a node said before its last boot holds up no edge of today. The paths are a tree:
// where edges came, the walk goes on from them, and where one fell, only who was reached over it is looked for anew.

import { type NodeId, compareText } from '../../../crdt/ids.ts'
import type { LinkState, Neighbour } from './link-state.ts'
import type { LivenessState } from './state.ts'

/** Brings `reached` up to date: every node that a path of standing edges leads to from this one. Whose path came or went is unsettled. */
export function findPaths(s: LivenessState): void {
  const { reached } = s
  const lost = takeLost(s)
  const open: NodeId[] = []
  const reach = (node: NodeId, over: NodeId): void => {
    reached.set(node, over)
    open.push(node)
    if (s.members.has(node)) s.unsettled.add(node)
  }
  for (const { peer } of s.links.values()) if (!reached.has(peer) && standsFromSelf(s, peer)) reach(peer, s.self)
  for (const node of [...lost, ...s.grown]) {
    const over = reached.has(node) ? null : standingNeighbours(s, node).find((next) => reached.has(next))
    if (over === null) open.push(node)
    else if (over !== undefined) reach(node, over)
  }
  s.grown.clear()
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const from = s.table.get(node)?.state
    for (const next of from?.neighbours ?? []) if (!reached.has(next.node) && stands(s, from!, next)) reach(next.node, node)
  }
  for (const node of lost) if (!reached.has(node) && s.members.has(node)) s.unsettled.add(node)
}

/** Takes those out of `reached` whose path led over an edge that fell. */
function takeLost({ reached, fallen }: LivenessState): ReadonlySet<NodeId> {
  const lost = new Set<NodeId>()
  if (fallen.size === 0) return lost
  // Whoever is reached over another comes after it.
  for (const [node, over] of reached) if (fallen.has(node) || (over !== null && lost.has(over))) lost.add(node)
  for (const node of lost) reached.delete(node)
  fallen.clear()
  return lost
}

/** What a newer link state does to edges. */
export function noteEdges(s: LivenessState, state: LinkState, before: LinkState | undefined): void {
  for (const edge of before?.neighbours ?? []) {
    if (!hasLed(s, state.author, edge.node) || !stands(s, before!, edge)) continue
    const now = state.neighbours.find(({ node }) => node === edge.node)
    if (now === undefined || !stands(s, state, now)) edgeFell(s, state.author, edge.node)
  }
  s.grown.add(state.author)
}

/** Whoever was reached over it has to be looked for: there may be another way. */
export function edgeFell({ reached, fallen }: LivenessState, a: NodeId, b: NodeId): void {
  if (reached.get(a) === b) fallen.add(a)
  if (reached.get(b) === a) fallen.add(b)
}

/** Whether the path to one of them was found over the other. */
function hasLed({ reached }: LivenessState, a: NodeId, b: NodeId): boolean {
  return reached.get(a) === b || reached.get(b) === a
}

export function standsFromSelf(s: LivenessState, peer: NodeId): boolean {
  const theirs = s.table.get(peer)?.state
  const named = theirs?.neighbours.find(({ node }) => node === s.self)
  return named !== undefined && stands(s, theirs!, named)
}

function names(a: LinkState, b: LinkState): boolean {
  for (const neighbour of a.neighbours) if (neighbour.node === b.author) return neighbour.sequence <= b.sequence
  return false
}

/** Nodes that share a standing edge with this one, sorted. */
export function standingNeighbours(s: LivenessState, node: NodeId): readonly NodeId[] {
  if (node === s.self) return [...s.links.keys()].filter((peer) => standsFromSelf(s, peer)).sort(compareText)
  const from = s.table.get(node)?.state
  if (from === undefined) return []
  return from.neighbours.filter((neighbour) => stands(s, from, neighbour)).map((neighbour) => neighbour.node)
}

/** The own end of an edge is what this node knows now, signed or not. */
function stands(s: LivenessState, from: LinkState, { node, sequence }: Neighbour): boolean {
  if (node === s.self) {
    const named = s.links.get(from.author)?.named ?? null
    return named !== null && from.sequence >= named && sequence <= s.own.sequence
  }
  const theirs = s.table.get(node)?.state
  return theirs !== undefined && theirs.sequence >= sequence && names(theirs, from)
}

/**
 * Whether two ways without a common edge lead to the peer when the direct edge is left out: then the edge carries nobody's
 * life, and may be given up.
 */
export function isSpare(s: LivenessState, peer: NodeId): boolean {
  const used = new Set([edgeName(s.self, peer)])
  for (let ways = 0; ways < 2; ways++) {
    const way = findWay(s, peer, used)
    if (way === null) return false
    for (let i = 1; i < way.length; i++) used.add(edgeName(way[i - 1]!, way[i]!))
  }
  return true
}

function findWay(s: LivenessState, to: NodeId, used: ReadonlySet<string>): readonly NodeId[] | null {
  const cameFrom = new Map<NodeId, NodeId | null>([[s.self, null]])
  const open: NodeId[] = [s.self]
  for (let i = 0; i < open.length; i++) {
    const node = open[i]!
    if (node === to) return trace(cameFrom, to)
    for (const next of standingNeighbours(s, node)) {
      if (cameFrom.has(next) || used.has(edgeName(node, next))) continue
      cameFrom.set(next, node)
      open.push(next)
    }
  }
  return null
}

function trace(cameFrom: ReadonlyMap<NodeId, NodeId | null>, to: NodeId): readonly NodeId[] {
  const way: NodeId[] = []
  for (let node: NodeId | null = to; node !== null; node = cameFrom.get(node) ?? null) way.push(node)
  return way
}

function edgeName(a: NodeId, b: NodeId): string {
  return compareText(a, b) < 0 ? `${a} ${b}` : `${b} ${a}`
}
