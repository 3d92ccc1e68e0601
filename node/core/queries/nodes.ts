// Nodes as rows for people.

import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { type NodeId, compareText, slotParts } from '../../../crdt/ids.ts'
import type { NodeDetail, NodeRow } from '../../../crdt/api-nodes.ts'
import { resourcesAtOnce } from '../../../crdt/spec.ts'
import { type Claim, type NodeView, hasEnded, isAwaited } from '../../../crdt/view.ts'
import { neighboursOf, silentSince } from '../liveness/liveness.ts'
import type { State } from '../state.ts'
import { allocRow, byPlace } from './allocs.ts'
import { banRows } from './bans.ts'
import { drainDetail } from './drains.ts'

/** Once a question, however many nodes it is about: claims and nodes both grow with the pool. */
export function claimsByNode(state: State): ReadonlyMap<NodeId, readonly Claim[]> {
  const byNode = new Map<NodeId, Claim[]>()
  for (const claim of [...state.view.claims.values()].flat()) {
    const list = byNode.get(claim.node)
    if (list === undefined) byNode.set(claim.node, [claim])
    else list.push(claim)
  }
  return byNode
}

interface RowInput {
  readonly now: number
  readonly claims: readonly Claim[]
  /** When it was last alive; undefined: it is. */
  readonly since: number | undefined
}

function nodeRow(state: State, node: NodeView, { now, claims, since }: RowInput): NodeRow {
  const live = claims.filter((claim) => !hasEnded(claim))
  const used = { cpuMhz: 0, memoryMib: 0 }
  for (const claim of live) {
    if (claim.resources !== undefined) {
      used.cpuMhz += claim.resources.cpuMhz
      used.memoryMib += claim.resources.memoryMib
      continue
    }
    const { job, group } = slotParts(claim.slot)
    const spec = state.view.jobs.get(job)?.spec?.groups.find((entry) => entry.name === group)
    const { cpuMhz, memoryMib } = resourcesAtOnce(spec?.tasks ?? [])
    used.cpuMhz += cpuMhz
    used.memoryMib += memoryMib
  }
  return {
    id: node.id,
    name: node.name,
    pool: node.pool,
    liveness: node.liveness,
    eligible: node.eligible,
    draining: node.draining,
    ...(node.leaving === undefined ? {} : { leaving: true }),
    evicted: node.evicted,
    ...(node.replacedBy === undefined ? {} : { replacedBy: node.replacedBy }),
    ...(node.admission === undefined ? {} : { admission: node.admission }),
    ...(node.clones === undefined ? {} : { clones: node.clones }),
    ...(node.token === undefined ? {} : { token: node.token }),
    allocs: live.length,
    cpuMhz: node.capacity.cpuMhz,
    cpuUsedMhz: used.cpuMhz,
    memoryMib: node.capacity.memoryMib,
    memoryUsedMib: used.memoryMib,
    silentMs: node.liveness === 'alive' || since === undefined ? 0 : Math.trunc(now - since),
    agentVersion: node.agentVersion,
    ...(node.psk === undefined ? {} : { psk: node.psk }),
    ...pathTo(state, node.id),
  }
}

function pathTo({ peers, view }: State, node: NodeId): Pick<NodeRow, 'path'> {
  const path = peers.get(node)?.path
  if (path === undefined) return {}
  return { path: { ...path, via: path.via === null ? null : (view.nodes.get(path.via as NodeId)?.name ?? path.via) } }
}

export function nodeRows(state: State, now: number): NodeRow[] {
  const claims = claimsByNode(state)
  const silent = silentSince(state.liveness)
  return [...state.view.nodes.values()]
    .map((node) => nodeRow(state, node, { now, claims: claims.get(node.id) ?? [], since: silent.get(node.id) }))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id))
}

/** By name, or by unique prefix of the id (the part after `12D3KooW` suffices). */
export function resolveNode(state: State, text: string): Result<NodeView, 'E_NODE_UNKNOWN' | 'E_AMBIGUOUS'> {
  const nodes = [...state.view.nodes.values()]
  const called = nodes.filter((node) => node.name === text)
  // A board that is gone for good may have left its name to another.
  const here = called.filter(isAwaited)
  const named = here.length > 0 ? here : called
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
  const claims = claimsByNode(state).get(node.id) ?? []
  const ban = banRows(state, now).find(({ id }) => id === node.id)
  return {
    ...nodeRow(state, node, { now, claims, since: silentSince(state.liveness).get(node.id) }),
    ...(node.allocsMax === undefined ? {} : { allocsMax: node.allocsMax }),
    diskMib: node.capacity.diskMib,
    labels: node.labels,
    weight: node.weight,
    attributes: node.attributes,
    drivers: node.drivers,
    ...(node.devices === undefined ? {} : { devices: node.devices.map((one) => ({ ...one, heldBy: holderOf(claims, one.key) })) }),
    addresses: node.addresses,
    neighbours: [...neighboursOf(state.liveness, node.id)],
    ...(ban === undefined ? {} : { ban }),
    ...(node.draining && node.liveness !== 'left' ? { drain: drainDetail(state, node, claims, now) } : {}),
    claims: claims.map((claim) => allocRow(state, claim)).sort(byPlace),
  }
}

function holderOf(claims: readonly Claim[], key: string): string | null {
  return claims.find((claim) => !hasEnded(claim) && claim.devices?.includes(key) === true)?.slot ?? null
}
