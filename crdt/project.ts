// Documents and liveness → view. Each document is read once for each state that it has (documents are immutable, so identity tells),
// and whatever did not change is the same object as in the view before: the plan and the hash can skip it. One changed document in a
// settled pool costs that document, not the pool. Decides nothing.

import type { Doc } from './doc.ts'
import { isSame } from './documents/canonical.ts'
import type { DocumentReader } from './engine.ts'
import { admissionMode, algorithmsFromRegisters, fleetFromRegisters, planVersionOf, preemptionFromRegisters } from './documents/fleet.ts'
import { type DocId, type JobId, type NodeId, type OperatorId, type PoolName, type SlotId, fleetDocId, nodeDocId, opsDocId } from './ids.ts'
import { type AdmissionMemory, dropCandidate, emptyAdmissions, judgeStandings, takeCandidate, withStanding } from './project-admission.ts'
import { type Claimants, updateClaims } from './project-claims.ts'
import { type FleetRights, fleetRights } from './rights/fleet-rights.ts'
import { judgeDoc } from './rights/judge-doc.ts'
import type { Claim, FleetView, Liveness, NodeView, View } from './view.ts'

export interface ProjectInput {
  readonly pool: PoolName
  readonly docs: ReadonlyMap<DocId, Doc>
  readonly livenessOf: (node: NodeId) => Liveness
}

/** A node as its documents tell, with the liveness that it had last. */
interface KnownNode {
  readonly view: NodeView
  /** It said itself that it left. */
  readonly left: boolean
  /** As operators wish; who is no full member is not, whatever they wish. */
  readonly eligible: boolean
}

/** What a view was made from, and the view. */
export interface Memory {
  readonly docs: Map<DocId, Doc>
  /** Of the fleet document as it was read last. */
  rights: FleetRights | undefined
  readonly nodes: Map<NodeId, KnownNode>
  readonly claimants: Claimants
  readonly admissions: AdmissionMemory
  view: View
}

export type Projector = (input: ProjectInput) => View

/** What a node's documents say of it that is more than a word or a number. */
export const nodeParts = [
  'capacity',
  'attributes',
  'labels',
  'drivers',
  'devices',
  'images',
  'dynamicPorts',
  'addresses',
  'receipts',
  'verdicts',
  'leaving',
  'clones',
  'replacedBy',
] as const

const noFleet: FleetView = Object.freeze({ name: '', planVersion: 1, operators: new Map() })

export function emptyMemory(pool: PoolName): Memory {
  const view: View = { fleet: noFleet, pool, nodes: new Map(), jobs: new Map(), claims: new Map() }
  return { docs: new Map(), rights: undefined, nodes: new Map(), claimants: new Map(), admissions: emptyAdmissions(), view }
}

export function createProjector(reader: DocumentReader): Projector {
  let memory: Memory | null = null
  return (input) => {
    const known = memory?.view.pool === input.pool ? memory : emptyMemory(input.pool)
    // Forgotten while it is being changed: should anything throw, the next view is made from the beginning.
    memory = null
    known.view = nextView(reader, known, input)
    memory = known
    return known.view
  }
}

/** Changes `memory` to what `input` tells, but for its view, which is returned. */
export function nextView(reader: DocumentReader, memory: Memory, input: ProjectInput): View {
  const changed = changedDocs(memory.docs, input)
  if (changed.has(fleetDocId)) for (const id of judgedOtherwise(memory)) changed.add(id)
  const ids = [...changed].filter((id) => id.startsWith('node/') || id.startsWith('ops/'))
  const nodes = new Set(ids.map((id) => id.slice(id.indexOf('/') + 1) as NodeId))
  const read: Claimants = new Map([...nodes].map((node) => [node, takeNode(reader, memory, node)]))
  const view: View = {
    pool: input.pool,
    fleet: changed.has(fleetDocId) ? fleetOf(memory.rights) : memory.view.fleet,
    nodes: nodesOf(reader, memory, input.livenessOf),
    jobs: jobsOf(
      reader,
      memory,
      [...changed].filter((id) => id.startsWith('job/')),
    ),
    claims: updateClaims(memory.view.claims, memory.claimants, read),
  }
  return isShallowSame(view, memory.view) ? memory.view : view
}

/** Brings `known` up to date and says which documents came, changed or went. Only the pool's own count, and the fleet's. */
function changedDocs(known: Map<DocId, Doc>, { docs, pool }: ProjectInput): Set<DocId> {
  const changed = new Set<DocId>()
  let here = 0
  for (const [id, doc] of docs) {
    if (doc.pool !== pool && doc.kind !== 'fleet') continue
    here++
    if (known.get(id) === doc) continue
    known.set(id, doc)
    changed.add(id)
  }
  if (known.size === here) return changed
  for (const id of known.keys()) {
    const doc = docs.get(id)
    if (doc !== undefined && (doc.pool === pool || doc.kind === 'fleet')) continue
    known.delete(id)
    changed.add(id)
  }
  return changed
}

/** Takes in what the fleet document says now of keys; which other documents read otherwise because of that. */
function judgedOtherwise(memory: Memory): readonly DocId[] {
  const fleet = memory.docs.get(fleetDocId)
  const before = memory.rights
  memory.rights = fleet === undefined ? undefined : fleetRights(fleet)
  const judge = (doc: Doc, rights: FleetRights | undefined): Doc => (rights === undefined ? doc : judgeDoc(doc, rights))
  return [...memory.docs.values()].filter((doc) => judge(doc, before) !== judge(doc, memory.rights)).map(({ id }) => id)
}

/** Without what is void in it. */
function docOf({ docs, rights }: Memory, id: DocId): Doc | undefined {
  const doc = docs.get(id)
  return doc === undefined || rights === undefined ? doc : judgeDoc(doc, rights)
}

function fleetOf(rights: FleetRights | undefined): FleetView {
  if (rights === undefined) return noFleet
  const { doc, now } = rights
  const { name, planVersion } = fleetFromRegisters(doc.registers)
  const admission = admissionMode(doc.registers)
  const operators = new Map([...now].map(([id, { role }]) => [id as OperatorId, role]))
  // It only rises: of two that were set at the same time the higher one counts, whichever the merge picked.
  const rivals = (doc.conflicts.get('plan_version') ?? []).map(planVersionOf)
  const algorithms = algorithmsFromRegisters(doc.registers)
  const preemption = preemptionFromRegisters(doc.registers)
  return {
    ...{ name, operators, planVersion: Math.max(planVersion, ...rivals) },
    ...(admission === 'open' ? {} : { admission }),
    ...(algorithms.size === 0 ? {} : { algorithms }),
    ...(preemption.size === 0 ? {} : { preemption }),
  }
}

function jobsOf(reader: DocumentReader, memory: Memory, changed: readonly DocId[]): View['jobs'] {
  const before = memory.view.jobs
  if (changed.length === 0) return before
  const jobs = new Map(before)
  for (const docId of changed) {
    const id = docId.slice('job/'.length) as JobId
    const doc = docOf(memory, docId)
    if (doc === undefined) jobs.delete(id)
    else
      jobs.set(
        id,
        keep(before.get(id), reader.readJob(doc), ['spec', 'forms', 'wishes', 'problems', 'held', 'versions', 'ordering', 'promoted']),
      )
  }
  return jobs
}

/** Takes in what the node's documents say now; returns its claims, from its own document only. */
function takeNode(reader: DocumentReader, memory: Memory, id: NodeId): ReadonlyMap<SlotId, Claim> {
  const doc = memory.docs.get(nodeDocId(id))
  const ops = docOf(memory, opsDocId(id))
  if (doc === undefined && ops === undefined) {
    memory.nodes.delete(id)
    dropCandidate(memory.admissions, id)
    return new Map()
  }
  const { node: fresh, left, certificate, admitted, claims } = reader.readNode(id, memory.view.pool, doc, ops)
  const before = memory.nodes.get(id)
  const view = reader.viewOf(fresh, before?.view.liveness ?? 'unheard')
  const { eligible, evicted } = view
  memory.nodes.set(id, { view: keep(before?.view, view, nodeParts), left, eligible })
  takeCandidate(reader, memory.admissions, memory.rights, { node: id, pool: memory.view.pool, certificate, admitted, evicted, left })
  return claims
}

/** Liveness is asked of every node: it changes without any document. */
function nodesOf(reader: DocumentReader, memory: Memory, livenessOf: (node: NodeId) => Liveness): View['nodes'] {
  const before = memory.view.nodes
  judgeStandings(reader, memory.admissions, memory.rights)
  let nodes: Map<NodeId, NodeView> | null = null
  for (const [id, known] of memory.nodes) {
    const liveness = known.left ? 'left' : livenessOf(id)
    const lively = liveness === known.view.liveness ? known.view : reader.viewOf(known.view, liveness)
    const view = withStanding(lively, known.eligible, memory.admissions)
    if (view !== known.view) memory.nodes.set(id, { ...known, view })
    if (before.get(id) === view) continue
    nodes ??= new Map(before)
    nodes.set(id, view)
  }
  if (memory.nodes.size === (nodes ?? before).size) return nodes ?? before
  return new Map([...(nodes ?? before)].filter(([id]) => memory.nodes.has(id)))
}

/** `fresh`, with those parts that did not change taken from `old`; `old` itself if nothing did. */
export function keep<T extends object>(old: T | undefined, fresh: T, parts: readonly (keyof T)[]): T {
  if (old === undefined || old === fresh) return fresh
  let kept = fresh
  for (const part of parts) {
    if (old[part] === fresh[part] || !isSame(old[part], fresh[part])) continue
    if (kept === fresh) kept = { ...fresh }
    kept[part] = old[part]
  }
  return isShallowSame(kept, old) || isSame(kept, old) ? old : kept
}

/** What one of them does not say is a difference, too. */
function isShallowSame<T extends object>(a: T, b: T): boolean {
  const keys = Object.keys(a) as (keyof T)[]
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
