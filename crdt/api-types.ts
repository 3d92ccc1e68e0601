// Wire types of the API: JSON, one request, a list of replies (most requests have one). The CLI and the node share them.
// Every read states how old it is and how much of the fleet it covers; every write answers with a receipt.

import type { JobType } from './spec.ts'
import type { SchedulerAlgorithm } from './view.ts'
import type { Diagnosis, Examination } from './api-doctor.ts'
import type { BanRow, NodeDetail, NodeRow, PendingRow, RecordedRow, WaitsRow } from './api-nodes.ts'
import type { AllocDetail, AllocRow, ChangeRow, CheckRow, JobDetail, JobRow, PlannedSlot, RunsRow, SlotExplanation } from './api-jobs.ts'

export type Request = { readonly pool?: string } & RequestBody

export type RequestBody =
  /** Everything at a glance: nodes, jobs, counts. */
  | { readonly method: 'status' }
  /** What is wrong, between whom, since when. `alone`: what the board that is asked sees itself, for one that asks several. */
  | { readonly method: 'doctor'; readonly alone?: boolean }
  | { readonly method: 'fleet.status' }
  | { readonly method: 'job.list' }
  | {
      readonly method: 'job.status'
      readonly job: string
      /** Reply again on every change until all copies are healthy or placement fails. */ readonly follow?: boolean
    }
  | { readonly method: 'job.explain'; readonly job: string }
  | { readonly method: 'job.history'; readonly job: string }
  /** A document's envelopes (base64), for the author of a change to build on. */
  | { readonly method: 'doc.get'; readonly doc: string }
  /** The operators' documents of the pool; with a key, those that hold changes of it. */
  | { readonly method: 'doc.list'; readonly author?: string }
  /** What each node has recorded of a document: a compaction asks that first. */
  | { readonly method: 'doc.receipts'; readonly doc: string }
  /** Signed envelopes (base64), in order. `confirm`: reply `receipt` again until so many nodes have them (or timeoutMs passes). */
  | { readonly method: 'doc.put'; readonly envelopes: readonly string[]; readonly confirm?: number; readonly timeoutMs?: number }
  /** What the placement would be if the document had these envelopes too. Nothing is kept. */
  | { readonly method: 'job.plan'; readonly envelopes: readonly string[]; readonly job: string }
  | { readonly method: 'node.list' }
  /** Boards that wait to be admitted, at whatever board of the fleet, and those of this pool that are beyond their token's count. */
  | { readonly method: 'node.pending' }
  | { readonly method: 'node.status'; readonly node: string }
  /** Ends what the board that is asked holds against another: an operator's word, on that board alone. */
  | { readonly method: 'node.forgive'; readonly node: string }
  | { readonly method: 'alloc.list' }
  | { readonly method: 'alloc.status'; readonly alloc: string }
  /** What the checks of a copy said last: only its board knows. */
  | { readonly method: 'alloc.checks'; readonly alloc: string }
  | {
      readonly method: 'alloc.logs'
      readonly alloc: string
      readonly task?: string
      readonly stream: 'stdout' | 'stderr'
      readonly follow: boolean
      readonly tailBytes: number | null
    }
  /** A new pre-shared key (base64) whose digest an admin has signed; boards pass it on. */
  | { readonly method: 'psk.offer'; readonly key: string }
  /** The valid pre-shared keys: for keys that have a right in the fleet. */
  | { readonly method: 'psk.get' }
  /** Demo and tests only (`--dev`): cut this node off from these peers (null: all; []: heal). */
  | { readonly method: 'fault.cut'; readonly peers: readonly string[] | null }

/** How far a read can be trusted. */
export interface Coverage {
  readonly fleet: string
  readonly pool: string
  /** The node that answered. */
  readonly node: string
  readonly nodeName: string
  /** Hash of the view that was read. */
  readonly view: string
  readonly nodesAlive: number
  readonly nodesTotal: number
  /** ms since anything was last heard from the nodes that are not alive (0: all are). */
  readonly oldestMs: number
}

export type Reply =
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly hint?: string }
  | {
      readonly kind: 'status'
      readonly coverage: Coverage
      readonly pools: readonly PoolSummary[]
      readonly nodes: readonly NodeRow[]
      readonly jobs: readonly JobRow[]
      readonly events: readonly EventRow[]
      /** The board that answers is not admitted. */
      readonly waits?: WaitsRow
      /** Boards that it has banned, if any. */
      readonly bans?: readonly BanRow[]
    }
  | {
      readonly kind: 'fleet'
      readonly coverage: Coverage
      readonly name: string
      readonly planVersion: number
      readonly operators: readonly OperatorRow[]
      readonly pools: readonly PoolSummary[]
      /** By pool, where it is not binpack. */
      readonly algorithms?: Readonly<Record<string, SchedulerAlgorithm>>
      /** By pool and kind of job, where it is not as by itself: whose copies may take the room of less important ones. */
      readonly preemption?: Readonly<Record<string, Readonly<Partial<Record<JobType, boolean>>>>>
    }
  | { readonly kind: 'doctor'; readonly coverage: Coverage; readonly diagnosis: Diagnosis }
  | { readonly kind: 'examination'; readonly examination: Examination }
  | { readonly kind: 'jobs'; readonly coverage: Coverage; readonly jobs: readonly JobRow[] }
  | {
      readonly kind: 'job'
      readonly coverage: Coverage
      readonly job: JobDetail
      /** With follow: settled = nothing more to wait for. */ readonly settled: boolean
    }
  | {
      readonly kind: 'explain'
      readonly coverage: Coverage
      readonly slots: readonly SlotExplanation[]
      /** An answer is bounded: so many more slots, and in each slot nodes, were not listed. */
      readonly slotsLeftOut: number
      readonly runs?: RunsRow
    }
  | { readonly kind: 'history'; readonly coverage: Coverage; readonly changes: readonly ChangeRow[] }
  | { readonly kind: 'doc'; readonly doc: string; readonly pool: string; readonly epoch: number; readonly envelopes: readonly string[] }
  | { readonly kind: 'docs'; readonly coverage: Coverage; readonly docs: readonly string[] }
  | {
      readonly kind: 'receipt'
      readonly coverage: Coverage
      readonly accepted: readonly string[]
      /** Names of the nodes that have recorded it. */ readonly confirmedBy: readonly string[]
      readonly final: boolean
    }
  | {
      readonly kind: 'receipts'
      readonly coverage: Coverage
      readonly doc: string
      /** Of every node of the pool that is not evicted, in order of name. */
      readonly nodes: readonly RecordedRow[]
    }
  | {
      readonly kind: 'plan'
      readonly coverage: Coverage
      readonly changes: readonly string[]
      readonly slots: readonly PlannedSlot[]
      /** Why not: of the first slots that nobody would take, what speaks against each node. */
      readonly unplaced: readonly SlotExplanation[]
    }
  | { readonly kind: 'nodes'; readonly coverage: Coverage; readonly nodes: readonly NodeRow[] }
  | { readonly kind: 'node'; readonly coverage: Coverage; readonly node: NodeDetail }
  | { readonly kind: 'forgiven'; readonly coverage: Coverage; readonly ban: BanRow }
  | { readonly kind: 'pending'; readonly coverage: Coverage; readonly boards: readonly PendingRow[] }
  | { readonly kind: 'allocs'; readonly coverage: Coverage; readonly allocs: readonly AllocRow[] }
  | { readonly kind: 'alloc'; readonly coverage: Coverage; readonly alloc: AllocDetail }
  | { readonly kind: 'checks'; readonly coverage: Coverage; readonly checks: readonly CheckRow[] }
  | { readonly kind: 'psk'; readonly keys: readonly string[] /* base64, newest first */ }
  | { readonly kind: 'bytes'; readonly data: string /* base64 */ }
  | { readonly kind: 'done' }

export interface PoolSummary {
  readonly pool: string
  readonly nodesAlive: number
  readonly nodesTotal: number
  readonly jobs: number
  /** true: from this node's own documents; false: gossiped, `ageMs` old. */
  readonly own: boolean
  readonly ageMs: number
}

export interface OperatorRow {
  readonly id: string
  readonly role: string
  readonly name: string
  /** Patterns of what an operator may write. */
  readonly pools: readonly string[]
  readonly jobs: readonly string[]
  /** Wall-clock ms until which boards take changes from it; absent: there is no such time. */
  readonly untilMs?: number
  readonly revoked: boolean
}

/** A short history of what this node saw: moves, heals, refusals. Newest last; bounded. */
export interface EventRow {
  readonly at: number
  readonly what: string
}
