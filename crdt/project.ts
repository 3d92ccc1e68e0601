// Documents and liveness → view. Each document is read once for each state that it has (documents are immutable, so identity tells),
// and whatever did not change is the same object as in the view before: the plan and the hash can skip it. Decides nothing.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import { isSame } from './documents/canonical.ts'
import { fleetFromRegisters, planVersionOf } from './documents/fleet.ts'
import { jobView } from './documents/job.ts'
import { type NodeRecord, nodeFromRegisters } from './documents/node.ts'
import { type OpsRecord, opsDefaults, opsFromRegisters } from './documents/ops.ts'
import { type DocId, type JobId, type NodeId, type PoolName, type SlotId, compareText, fleetDocId } from './ids.ts'
import type { Claim, FleetView, JobView, Liveness, NodeView, View } from './view.ts'
import { allocId } from './view-hash.ts'

export interface ProjectInput {
  readonly pool: PoolName
  readonly docs: ReadonlyMap<DocId, Doc>
  readonly livenessOf: (node: NodeId) => Liveness
}

interface NodeDocs {
  node?: Doc
  ops?: Doc
}

/** What a node's view was made from. */
interface NodeEntry {
  readonly node: Doc | undefined
  readonly ops: Doc | undefined
  readonly liveness: Liveness
  readonly view: NodeView
}

interface Memory {
  readonly records: WeakMap<Doc, NodeRecord>
  readonly wishes: WeakMap<Doc, OpsRecord>
  readonly jobs: WeakMap<Doc, JobView>
  readonly fleets: WeakMap<Doc, FleetView>
  /** By node: the record whose claims `last.claims` holds. */
  claimants: ReadonlyMap<NodeId, NodeRecord>
  entries: ReadonlyMap<NodeId, NodeEntry>
  last: View | null
}

const noFleet: FleetView = Object.freeze({ name: '', planVersion: 1, operators: new Map() })

export function createProjector(crypto: Crypto): (input: ProjectInput) => View {
  const memory: Memory = {
    records: new WeakMap(), wishes: new WeakMap(), jobs: new WeakMap(), fleets: new WeakMap(),
    claimants: new Map(), entries: new Map(), last: null,
  }
  return (input) => {
    const nodeDocs = docsOfNodes(input)
    const view: View = {
      fleet: fleetOf(memory, input.docs.get(fleetDocId)),
      pool: input.pool,
      nodes: nodesOf(crypto, memory, nodeDocs, input),
      jobs: jobsOf(crypto, memory, input),
      claims: claimsOf(crypto, memory, nodeDocs),
    }
    const { last } = memory
    const unchanged = last !== null && (Object.keys(view) as (keyof View)[]).every((key) => view[key] === last[key])
    return unchanged ? last : (memory.last = view)
  }
}

function recall<T>(memory: WeakMap<Doc, T>, doc: Doc, make: () => T): T {
  let value = memory.get(doc)
  if (value === undefined) memory.set(doc, (value = make()))
  return value
}

/** Node and ops documents of this pool, in order of node id. */
function docsOfNodes({ docs, pool }: ProjectInput): ReadonlyMap<NodeId, NodeDocs> {
  const found = new Map<NodeId, NodeDocs>()
  for (const doc of docs.values()) {
    if (doc.pool !== pool || (doc.kind !== 'node' && doc.kind !== 'ops')) continue
    const id = doc.id.slice(doc.kind.length + 1) as NodeId
    const both = found.get(id) ?? {}
    both[doc.kind] = doc
    found.set(id, both)
  }
  return new Map([...found].sort(([a], [b]) => compareText(a, b)))
}

function fleetOf(memory: Memory, doc: Doc | undefined): FleetView {
  if (doc === undefined) return noFleet
  return recall(memory.fleets, doc, () => {
    const { name, operators, planVersion } = fleetFromRegisters(doc.registers)
    // It only rises: of two that were set at the same time the higher one counts, whichever the merge picked.
    const rivals = (doc.conflicts.get('plan_version') ?? []).map(planVersionOf)
    return { name, operators, planVersion: Math.max(planVersion, ...rivals) }
  })
}

function jobsOf(crypto: Crypto, memory: Memory, { docs, pool }: ProjectInput): ReadonlyMap<JobId, JobView> {
  const jobs = new Map<JobId, JobView>()
  for (const doc of docs.values()) {
    if (doc.kind !== 'job' || doc.pool !== pool) continue
    const job = recall(memory.jobs, doc, () => {
      const id = doc.id.slice('job/'.length) as JobId
      return keep(memory.last?.jobs.get(id), jobView(crypto, doc), ['spec', 'forms', 'wishes', 'problems'])
    })
    jobs.set(job.id, job)
  }
  return sameMap(memory.last?.jobs, jobs)
}

function recordOf(crypto: Crypto, memory: Memory, node: NodeId, doc: Doc): NodeRecord {
  return recall(memory.records, doc, () => {
    const read = nodeFromRegisters(node, doc.registers)
    const before = memory.claimants.get(node)
    const claims = new Map<SlotId, Claim>()
    for (const [slot, claim] of read.claims) {
      // Named here and not as the node says: an id that it made up must not point at another's copy.
      const named = { ...claim, alloc: allocId(crypto, slot, node, claim.generation) }
      const old = before?.claims.get(slot)
      claims.set(slot, isSame(old, named) && old !== undefined ? old : named)
    }
    return { ...read, claims }
  })
}

function nodesOf(crypto: Crypto, memory: Memory, nodeDocs: ReadonlyMap<NodeId, NodeDocs>, input: ProjectInput): ReadonlyMap<NodeId, NodeView> {
  const entries = new Map<NodeId, NodeEntry>()
  for (const [id, { node, ops }] of nodeDocs) {
    const record = node === undefined ? undefined : recordOf(crypto, memory, id, node)
    const liveness = record?.left === true ? 'left' : input.livenessOf(id)
    const before = memory.entries.get(id)
    const isOld = before !== undefined && before.node === node && before.ops === ops && before.liveness === liveness
    entries.set(id, isOld ? before : nodeEntry(memory, id, { node, ops, liveness }, record, input.pool))
  }
  memory.entries = entries
  return sameMap(memory.last?.nodes, new Map([...entries].map(([id, entry]) => [id, entry.view])))
}

function nodeEntry(memory: Memory, id: NodeId, from: Omit<NodeEntry, 'view'>, record: NodeRecord | undefined, pool: PoolName): NodeEntry {
  const { ops } = from
  const wishes = ops === undefined ? opsDefaults : recall(memory.wishes, ops, () => opsFromRegisters(ops.registers))
  const view = nodeView(id, record ?? nodeFromRegisters(id, new Map()), wishes, from.liveness, pool)
  const kept = keep(memory.entries.get(id)?.view, view, [
    'capacity', 'attributes', 'labels', 'drivers', 'images', 'dynamicPorts', 'addresses', 'receipts', 'verdicts',
  ])
  return { ...from, view: kept }
}

function nodeView(id: NodeId, record: NodeRecord, wishes: OpsRecord, liveness: Liveness, pool: PoolName): NodeView {
  const { addresses, agentVersion, attributes, capacity, drivers, dynamicPorts, name, planVersion, receipts, verdicts } = record
  return {
    id, name, pool, liveness, capacity, attributes, drivers, dynamicPorts, addresses, agentVersion, planVersion, receipts, verdicts,
    labels: { ...record.labels, ...wishes.labels },
    images: new Set(record.images),
    eligible: wishes.eligible,
    draining: wishes.draining,
    evicted: wishes.evicted,
    weight: wishes.weight,
  }
}

/** A node's claims come only from its own document. Only the slots of nodes whose document changed are put together again. */
function claimsOf(crypto: Crypto, memory: Memory, nodeDocs: ReadonlyMap<NodeId, NodeDocs>): View['claims'] {
  const claimants = new Map<NodeId, NodeRecord>()
  for (const [id, { node }] of nodeDocs) if (node !== undefined) claimants.set(id, recordOf(crypto, memory, id, node))
  const changed = changedClaims(memory.claimants, claimants)
  memory.claimants = claimants
  const before = memory.last?.claims
  if (before !== undefined && changed.size === 0) return before
  const claims = new Map(before)
  for (const [slot, nodes] of changed) {
    const others = (before?.get(slot) ?? []).filter((claim) => !nodes.has(claim.node))
    const fresh = [...nodes].flatMap((node) => claimants.get(node)?.claims.get(slot) ?? [])
    const all = [...others, ...fresh].sort((a, b) => compareText(a.node, b.node))
    if (all.length > 0) claims.set(slot, all)
    else claims.delete(slot)
  }
  return claims
}

function changedClaims(before: ReadonlyMap<NodeId, NodeRecord>, after: ReadonlyMap<NodeId, NodeRecord>): ReadonlyMap<SlotId, ReadonlySet<NodeId>> {
  const changed = new Map<SlotId, Set<NodeId>>()
  for (const node of new Set([...before.keys(), ...after.keys()])) {
    const [old, fresh] = [before.get(node), after.get(node)]
    if (old === fresh) continue
    for (const slot of new Set([...(old?.claims.keys() ?? []), ...(fresh?.claims.keys() ?? [])])) {
      if (old?.claims.get(slot) === fresh?.claims.get(slot)) continue
      const nodes = changed.get(slot)
      if (nodes === undefined) changed.set(slot, new Set([node]))
      else nodes.add(node)
    }
  }
  return changed
}

/** `fresh`, with those parts that did not change taken from `old`; `old` itself if nothing did. */
function keep<T extends object>(old: T | undefined, fresh: T, parts: readonly (keyof T)[]): T {
  if (old === undefined) return fresh
  if (isSame(old, fresh)) return old
  const kept = { ...fresh }
  for (const part of parts) if (isSame(old[part], fresh[part])) kept[part] = old[part]
  return kept
}

function sameMap<K, V>(old: ReadonlyMap<K, V> | undefined, fresh: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  const unchanged = old !== undefined && old.size === fresh.size && [...fresh].every(([key, value]) => old.get(key) === value)
  return unchanged ? old : fresh
}
