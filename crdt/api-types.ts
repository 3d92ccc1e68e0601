// Wire types of the API: JSON, one request, a list of replies (most requests have one). The CLI and the node share them.
// Every read states how old it is and how much of the fleet it covers; every write answers with a receipt.

import type { Claim, JobView, Liveness, NodeView, SchedulerAlgorithm, WaitingReason } from './view.ts'

export type Request = { readonly pool?: string } & RequestBody

export type RequestBody =
  /** Everything at a glance: nodes, jobs, counts. */
  | { readonly method: 'status' }
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
    }
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

export interface NodeRow {
  readonly id: string
  readonly name: string
  readonly pool: string
  readonly liveness: Liveness
  readonly eligible: boolean
  readonly draining: boolean
  /** It leaves the fleet once it is drained. */
  readonly leaving?: true
  readonly evicted: boolean
  /** Ids of the boards that have taken its place. */
  readonly replacedBy?: readonly string[]
  /** Said only of who is no full member. */
  readonly admission?: 'surplus' | WaitingReason
  /** Machines that run with its key, if there are several. */
  readonly clones?: NodeView['clones']
  /** Id of the token with which it made its certificate. */
  readonly token?: string
  readonly allocs: number
  readonly cpuMhz: number
  readonly cpuUsedMhz: number
  readonly memoryMib: number
  readonly memoryUsedMib: number
  /** ms since it was last alive here. */
  readonly silentMs: number
  readonly agentVersion: string
  /** The newest open pre-shared key that it has, by short digest. */
  readonly psk?: string
}

/** What the board's people compare with `node pending`, and why it waits. */
export interface WaitsRow {
  readonly reason: WaitingReason
  readonly id: string
  /** `k7qd-m2xw-9zpt`: of its key and the fleet. */
  readonly code: string
}

/** What one board, the one that answers, holds against another. */
export interface BanRow {
  readonly id: string
  /** Empty: it knows none. */
  readonly name: string
  /** What it did last. */
  readonly code: string
  readonly leftMs: number
  /** false: the board hears too few others to keep any out. */
  readonly isHeld: boolean
}

export interface PendingRow {
  readonly id: string
  readonly code: string
  readonly pool: string
  /** What it says of itself. */
  readonly name: string
  readonly about: string
  readonly reason: 'surplus' | WaitingReason
  /** Boards that it is connected to, by name where that is known. */
  readonly at: readonly string[]
}

export interface NodeDetail extends NodeRow {
  /** Its owner's bound on copies there. */
  readonly allocsMax?: number
  readonly diskMib: number
  readonly labels: NodeView['labels']
  /** What operators gave it, -100 to 100; 0 if nothing. */
  readonly weight: number
  readonly attributes: NodeView['attributes']
  readonly drivers: NodeView['drivers']
  readonly addresses: readonly string[]
  readonly neighbours: readonly string[]
  /** By the board that answers. */
  readonly ban?: BanRow
  /** Said only of a node that drains. */
  readonly drain?: DrainDetail
  readonly claims: readonly AllocRow[]
}

export interface DrainDetail {
  /** Wall ms by the clock of the operator who said it; absent in wishes of before. */
  readonly saidAtMs?: number
  readonly message?: string
  /** By the node's own clock, from when it heard of the wish; null: it waits for as long as it takes. */
  readonly deadlineMs: number | null
  /** How much of that is left: said by the node itself. */
  readonly leftMs?: number
  readonly ignoresSystem: boolean
  readonly left: readonly MoveRow[]
}

/** A copy on a node that drains. */
export interface MoveRow {
  readonly slot: string
  /** It is about the slot's canary. */
  readonly canary?: boolean
  /** Name of the node that takes it over; null: none does yet. */
  readonly to: string | null
  /** What is waited for, by code. */
  readonly reason: string
}

export interface RecordedRow {
  readonly node: string
  readonly name: string
  readonly liveness: Liveness
  /** The document's digest as the node last recorded it, null when it recorded none. A silent node may hold other heads by now. */
  readonly digest: string | null
}

export interface JobRow {
  readonly id: string
  readonly pool: string
  readonly desired: JobView['desired']
  /** `service`, `batch` …; empty while no version of it validates. */
  readonly type: string
  readonly priority: number
  readonly version: string
  readonly wanted: number
  readonly running: number
  readonly healthy: number
  /** Slots whose work is done. */
  readonly complete: number
  readonly conflicts: number
  readonly problems: readonly string[]
  /** An operator has paused its roll-outs. */
  readonly paused?: boolean
  /** It runs nothing itself, and is dispatched. */
  readonly parameterized?: true
  /** Name of the job that it was dispatched from. */
  readonly dispatchedFrom?: string
  /** The newest version failed, and this older one is in force (`update.auto_revert`). */
  readonly wentBackTo?: string
  /** Groups whose newest version waits for its promotion. */
  readonly canaries?: readonly CanaryRow[]
  /** Of a periodic job: its copies are then those of its runs. */
  readonly runs?: RunsRow
}

/** Of one group: so many canaries of the newest version run beside the copies that the rows of its slots tell of. */
export interface CanaryRow {
  readonly group: string
  /** What a promotion names. */
  readonly form: string
  readonly wanted: number
  readonly running: number
  readonly healthy: number
  /** It is promoted without a word once all are healthy (`update.auto_promote`). */
  readonly auto: boolean
}

/** Due times as clocks show them in the job's zone: `2026-11-23T03:00:00`. */
export interface RunsRow {
  readonly timeZone: string
  readonly enabled: boolean
  /** The newest that has begun. */
  readonly last: string | null
  readonly next: string | null
  /** The one of which copies may begin. */
  readonly open: string | null
  /** Why none begins, or the one that is due does not. */
  readonly held: { readonly due: string | null; readonly reason: string } | null
}

export interface JobDetail extends JobRow {
  /** The specification in force (JSON of `JobSpec`), null when none validates. */
  readonly spec: unknown
  readonly allocs: readonly AllocRow[]
  readonly slots: readonly SlotRow[]
  /** Of a parameterized job: what was dispatched from it and is not removed, by name. */
  readonly dispatched?: readonly JobRow[]
  /** Edits without effect: of revoked keys, and nobody vouched for them. Oldest first. */
  readonly voided: readonly VoidedRow[]
  readonly conflictsList: readonly { readonly path: string; readonly winner: unknown; readonly losers: readonly unknown[] }[]
}

export interface VoidedRow extends ChangeRow {
  /** An admin has given it up: nothing is held for it. */
  readonly released: boolean
}

export interface SlotRow {
  readonly slot: string
  readonly holder: string | null
  /** Which node has done its work. */
  readonly complete: string | null
  readonly candidate: string | null
  readonly reason: string | null
  /** It is about the slot's canary. */
  readonly canary?: boolean
}

export interface AllocRow {
  readonly alloc: string
  readonly slot: string
  readonly node: string
  readonly nodeName: string
  readonly nodeLiveness: Liveness
  readonly generation: number
  readonly version: string
  readonly state: Claim['state'] | 'unknown'
  readonly healthy: boolean
  readonly holder: boolean
  /** A copy of a version that waits for its promotion. */
  readonly canary?: boolean
  readonly reason: string
  readonly restarts: number
  readonly startedAt: number
}

export interface AllocDetail extends AllocRow {
  readonly ports: Claim['ports']
  readonly tasks: Claim['tasks']
  readonly form: string
  readonly over: readonly { readonly node: string; readonly generation: number }[]
  /** How many checks its job has for it, if any: `alloc.checks` tells of them. */
  readonly checkCount?: number
  /** Task → when it runs (`prestart sidecar`) or that it is the `leader`, by the job in force. Said of those of which there is something to say. */
  readonly lifecycle?: Readonly<Record<string, string>>
}

export interface CheckRow {
  /** `task/check` */
  readonly name: string
  readonly type: string
  readonly state: 'pending' | 'passing' | 'failing'
  readonly output: string
  /** Since the last answer; null: there was none. */
  readonly ageMs: number | null
}

export interface SlotExplanation {
  readonly slot: string
  /** It is about the slot's canary. */
  readonly canary?: boolean
  readonly holder: string | null
  readonly heir: string | null
  readonly candidate: string | null
  /** Which node has done its work: the slot wants nothing any more. */
  readonly complete: string | null
  readonly reason: string | null
  readonly nodes: readonly {
    readonly node: string
    readonly name: string
    readonly score: number | null
    readonly rank: number | null
    readonly rejected: string | null
  }[]
  readonly nodesLeftOut: number
}

export interface PlannedSlot {
  readonly slot: string
  /** It is about the slot's canary. */
  readonly canary?: boolean
  readonly action: 'keep' | 'place' | 'update' | 'stop' | 'complete' | 'none'
  readonly node: string | null
  readonly reason: string | null
}

export interface ChangeRow {
  readonly hash: string
  readonly author: string
  readonly version: string
  /** Wall-clock seconds as the author wrote them; 0 = not given. */
  readonly time: number
  readonly changes: readonly string[]
}

/** A short history of what this node saw: moves, heals, refusals. Newest last; bounded. */
export interface EventRow {
  readonly at: number
  readonly what: string
}
