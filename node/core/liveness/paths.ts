// Edges and paths over the table of link states. An edge stands while both ends name each other, and neither's statement is
// older than the one that the other had seen: what a node said before its last boot holds up no edge of today. The cost is
// that of one walk over nodes and edges, and it is paid only after something changed.

import { type NodeId, compareText } from '../../../crdt/ids.ts'
import type { LinkState } from './link-state.ts'
import type { LivenessState } from './state.ts'

/** Every node that a path of standing edges leads to from this one. */
export function reachable(s: LivenessState): Set<NodeId> {
  const reached = new Set<NodeId>([s.self])
  const open: NodeId[] = []
  for (const link of s.links.values()) {
    if (!standsFromSelf(s, link.peer)) continue
    reached.add(link.peer)
    open.push(link.peer)
  }
  for (let node = open.pop(); node !== undefined; node = open.pop()) walkOn(s, node, reached, open)
  return reached
}

function walkOn(s: LivenessState, node: NodeId, reached: Set<NodeId>, open: NodeId[]): void {
  const from = s.table.get(node)
  if (from === undefined) return
  for (const { node: next, sequence } of from.state.neighbours) {
    if (reached.has(next)) continue
    const to = s.table.get(next)
    if (to === undefined || to.state.sequence < sequence || !names(to.state, from.state)) continue
    reached.add(next)
    open.push(next)
  }
}

/** The own end of an edge is what this node knows now, signed or not. */
export function standsFromSelf(s: LivenessState, peer: NodeId): boolean {
  const named = s.links.get(peer)?.named ?? null
  const theirs = s.table.get(peer)?.state
  if (named === null || theirs === undefined || theirs.sequence < named) return false
  return theirs.neighbours.some((neighbour) => neighbour.node === s.self && neighbour.sequence <= s.own.sequence)
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
  return from.neighbours.filter((neighbour) => stands(s, from, neighbour.node, neighbour.sequence)).map((neighbour) => neighbour.node)
}

function stands(s: LivenessState, from: LinkState, to: NodeId, sequence: number): boolean {
  if (to === s.self) return standsFromSelf(s, from.author)
  const theirs = s.table.get(to)?.state
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
