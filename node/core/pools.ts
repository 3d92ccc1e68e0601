// Other pools: a few of their nodes, learnt from small gossiped summaries, so that a question put to any node reaches the pool
// that it is about. Also which addresses the network should try: members of the own pool first, contacts of others after.

import { type NodeId, type PoolName, compareText } from '../../crdt/ids.ts'
import type { PoolSummary } from '../../crdt/api-types.ts'
import { isAwaited } from '../../crdt/view.ts'
import { coreLimits } from './limits.ts'
import type { Contact, State, Step } from './state.ts'
import { type SummaryFrame, encodeFrame } from './wire.ts'

export function summarise(step: Step): SummaryFrame {
  const { state } = step
  const { alive, total } = countNodes(state)
  return {
    kind: 'summary',
    pool: state.boot.config.pool,
    node: state.boot.config.self,
    addresses: state.addresses.slice(0, 8),
    nodesAlive: alive,
    nodesTotal: total,
    jobs: [...state.view.jobs.values()].filter((job) => job.desired !== 'removed').length,
    seq: Math.trunc(step.now + state.wallOffset),
    wallMs: Math.trunc(step.now + state.wallOffset),
  }
}

/** Every pool's summaries reach every board: the more pools, the rarer, so that a board hears about as many however large the fleet. */
function summaryInterval(state: State): number {
  const pools = state.contacts.size + 1
  return Math.trunc(coreLimits.summaryEveryMs * Math.max(1, pools / coreLimits.summaryPoolsUnhurried))
}

/** The nodes with the lowest ids speak for the pool; when they are gone the next ones do. */
export function summariseDue(step: Step): void {
  const { state } = step
  if (step.now < state.summaryAt) return
  dropSilentContacts(step)
  state.summaryAt = step.now + summaryInterval(state)
  const alive = [...state.view.nodes.values()]
    .filter((node) => node.liveness === 'alive')
    .map((node) => node.id)
    .sort(compareText)
  if (!alive.slice(0, coreLimits.summarySpeakers).includes(state.boot.config.self)) return
  step.out.push({ kind: 'broadcast', topic: 'fleet', frame: encodeFrame(summarise(step)) })
}

export function hearSummary(step: Step, frame: SummaryFrame): void {
  const { state } = step
  // A summary is a hint that nobody signed: it may not move those whom this node knows better.
  if (frame.pool === state.boot.config.pool || frame.node === state.boot.config.self || state.view.nodes.has(frame.node)) return
  const last = state.contacts.get(frame.pool)?.get(frame.node)
  // Gossip may be late, but not by so much: then it is the other's clock that was set back.
  if (last !== undefined && last.seq >= frame.seq && step.now - last.heardAt < summaryInterval(state)) return
  const pool = state.contacts.get(frame.pool) ?? new Map<NodeId, Contact>()
  if (!state.contacts.has(frame.pool) && state.contacts.size >= coreLimits.poolsMax) return
  state.contacts.set(frame.pool, pool)
  pool.set(frame.node, {
    node: frame.node,
    addresses: frame.addresses,
    nodesAlive: frame.nodesAlive,
    nodesTotal: frame.nodesTotal,
    jobs: frame.jobs,
    heardAt: step.now,
    seq: frame.seq,
  })
  if (pool.size > coreLimits.contactsPerPoolMax) {
    const oldest = [...pool.values()].sort((a, b) => a.heardAt - b.heardAt || compareText(a.node, b.node))[0]
    if (oldest !== undefined) dropContact(step, pool, oldest.node)
  }
  step.out.push({ kind: 'remember', peer: frame.node, addresses: frame.addresses, wanted: false })
}

function dropContact(step: Step, pool: Map<NodeId, Contact>, node: NodeId): void {
  pool.delete(node)
  if (!step.state.peers.has(node)) step.out.push({ kind: 'forget', peer: node })
}

/** Boards that were taken away or got other keys, and pools that are no more. */
function dropSilentContacts(step: Step): void {
  const { state } = step
  const since = step.now - coreLimits.contactIntervalsMax * summaryInterval(state)
  for (const [name, pool] of state.contacts) {
    for (const contact of [...pool.values()]) if (contact.heardAt < since) dropContact(step, pool, contact.node)
    if (pool.size === 0) state.contacts.delete(name)
  }
}

/** Whom to ask about a pool: connected nodes first, then the contacts heard of last. */
export function contactsOf(state: State, pool: PoolName): NodeId[] {
  const connected = [...state.peers]
    .filter(([, peer]) => peer.pool === pool)
    .map(([id]) => id)
    .sort(compareText)
  const known = [...(state.contacts.get(pool)?.values() ?? [])]
    .sort((a, b) => b.heardAt - a.heardAt || compareText(a.node, b.node))
    .map((contact) => contact.node)
  return [...new Set([...connected, ...known])]
}

export function poolSummaries(state: State, now: number): PoolSummary[] {
  const { alive, total } = countNodes(state)
  const jobs = [...state.view.jobs.values()].filter((job) => job.desired !== 'removed').length
  const own: PoolSummary = { pool: state.boot.config.pool, nodesAlive: alive, nodesTotal: total, jobs, own: true, ageMs: 0 }
  const others = [...state.contacts].map(([pool, contacts]): PoolSummary => {
    const latest = [...contacts.values()].sort((a, b) => b.heardAt - a.heardAt || compareText(a.node, b.node))[0]
    return {
      pool,
      nodesAlive: latest?.nodesAlive ?? 0,
      nodesTotal: latest?.nodesTotal ?? 0,
      jobs: latest?.jobs ?? 0,
      own: false,
      ageMs: latest === undefined ? 0 : now - latest.heardAt,
    }
  })
  return [own, ...others].sort((a, b) => compareText(a.pool, b.pool))
}

function countNodes(state: State): { alive: number; total: number } {
  let alive = 0
  let total = 0
  for (const node of state.view.nodes.values()) {
    if (!isAwaited(node)) continue
    total += 1
    if (node.liveness === 'alive') alive += 1
  }
  return { alive, total }
}

/** Tells the network where the pool's nodes are; only what changed since the last call. */
export function rememberAddresses(step: Step): void {
  const { state } = step
  const before = state.rememberedNodes
  if (before === state.view.nodes) return
  state.rememberedNodes = state.view.nodes
  for (const [id, node] of state.view.nodes) {
    const known = before?.get(id)
    if (id === state.boot.config.self || (known?.addresses === node.addresses && isAwaited(known) === isAwaited(node))) continue
    const key = isAwaited(node) ? node.addresses.join(' ') : 'not awaited'
    if (state.remembered.get(id) === key) continue
    state.remembered.set(id, key)
    step.out.push(isAwaited(node) ? { kind: 'remember', peer: id, addresses: node.addresses, wanted: true } : { kind: 'forget', peer: id })
  }
}
