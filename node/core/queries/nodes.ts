// Nodes as rows for people.

import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { compareText } from '../../../crdt/ids.ts'
import type { NodeDetail, NodeRow } from '../../../crdt/api-types.ts'
import { type Claim, type NodeView, hasEnded } from '../../../crdt/view.ts'
import { neighboursOf, silentSince } from '../liveness/liveness.ts'
import type { State } from '../state.ts'
import { slotParts } from '../../../crdt/ids.ts'
import { allocRow, byPlace } from './allocs.ts'

function claimsOf(state: State, node: NodeView): Claim[] {
  return [...state.view.claims.values()].flat().filter((claim) => claim.node === node.id)
}

export function nodeRow(state: State, node: NodeView, now: number): NodeRow {
  const live = claimsOf(state, node).filter((claim) => !hasEnded(claim))
  const used = { cpuMhz: 0, memoryMib: 0 }
  for (const claim of live) {
    if (claim.resources !== undefined) {
      used.cpuMhz += claim.resources.cpuMhz
      used.memoryMib += claim.resources.memoryMib
      continue
    }
    const { job, group } = slotParts(claim.slot)
    const spec = state.view.jobs.get(job)?.spec?.groups.find((entry) => entry.name === group)
    for (const task of spec?.tasks ?? []) {
      used.cpuMhz += task.resources.cpuMhz
      used.memoryMib += task.resources.memoryMib
    }
  }
  const since = silentSince(state.liveness).get(node.id)
  return {
    id: node.id,
    name: node.name,
    pool: node.pool,
    liveness: node.liveness,
    eligible: node.eligible,
    draining: node.draining,
    evicted: node.evicted,
    allocs: live.length,
    cpuMhz: node.capacity.cpuMhz,
    cpuUsedMhz: used.cpuMhz,
    memoryMib: node.capacity.memoryMib,
    memoryUsedMib: used.memoryMib,
    silentMs: node.liveness === 'alive' || since === undefined ? 0 : Math.trunc(now - since),
    agentVersion: node.agentVersion,
  }
}

export function nodeRows(state: State, now: number): NodeRow[] {
  return [...state.view.nodes.values()]
    .map((node) => nodeRow(state, node, now))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id))
}

/** By name, or by unique prefix of the id (the part after `12D3KooW` suffices). */
export function resolveNode(state: State, text: string): Result<NodeView, 'E_NODE_UNKNOWN' | 'E_AMBIGUOUS'> {
  const nodes = [...state.view.nodes.values()]
  const named = nodes.filter((node) => node.name === text)
  const found =
    named.length > 0 || text === '' ? named : nodes.filter((node) => node.id.startsWith(text) || node.id.slice(8).startsWith(text))
  const [first, second] = found
  if (first === undefined) return refuse('E_NODE_UNKNOWN', `no node is called '${text.slice(0, 64)}' and no id begins with it`)
  if (second !== undefined)
    return refuse(
      'E_AMBIGUOUS',
      `'${text}' fits ${found.length} nodes: ${found
        .slice(0, 5)
        .map((node) => `${node.name} (${node.id})`)
        .join(', ')}`,
    )
  return ok(first)
}

export function nodeDetail(state: State, node: NodeView, now: number): NodeDetail {
  return {
    ...nodeRow(state, node, now),
    labels: node.labels,
    attributes: node.attributes,
    drivers: node.drivers,
    addresses: node.addresses,
    neighbours: [...neighboursOf(state.liveness, node.id)],
    claims: claimsOf(state, node)
      .map((claim) => allocRow(state, claim))
      .sort(byPlace),
  }
}
