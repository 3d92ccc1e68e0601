// What goes into the plan beside the view, and what comes out. Everything is plain data; durations are ages in ms.

import type { Form, Generation, JobId, NodeId, SlotId } from '../crdt/ids.ts'
import type { Claim, JobVersion } from '../crdt/view.ts'
import type { Basis } from './basis.ts'
import type { SlotTable } from './slot-table.ts'

/**
 * What a node knows of time. It paces; it never decides who holds a slot. `pending` is the node's memory of candidates that it
 * waits for; the plan returns the next one, and the core hands it in again.
 */
export interface Local {
  readonly self: NodeId
  /** Monotonic ms; only differences matter. */
  readonly now: number
  /** When each node that is not alive here was last alive (monotonic; boot time for `unheard`). */
  readonly silentSince: ReadonlyMap<NodeId, number>
  /** When this node first saw the newest failure of a slot at the form in force; of its canary by `canaryKey`, as `pending`. */
  readonly failedSince: ReadonlyMap<SlotId, number>
  readonly pending: ReadonlyMap<SlotId, Pending>
  /** Since when this node hears nobody although others belong here (monotonic ms); null: it is not alone. */
  readonly aloneSince: number | null
  /** Replacements that this node has counted in the last minute, for pacing. */
  readonly replacementsLastMinute: number
}

/** The candidate that is waited for, and those that let their time (10 s) pass. */
export interface Pending {
  readonly candidate: NodeId
  readonly since: number
  readonly overdue: ReadonlyMap<NodeId, { readonly times: number; readonly until: number }>
}

/** Who holds a slot: a function of the view alone. */
export interface Standing {
  /** First of the live claims. */
  readonly heir: Claim | null
  /** First of the live claims that runs, or the heir if none does. */
  readonly holder: Claim | null
  /** Live claims in order. */
  readonly live: readonly Claim[]
  /** Claims of nodes silent beyond replace_after, in order: they keep their node's resources and may come back. */
  readonly unknown: readonly Claim[]
  /** Claims at a job version above this view's: they neither win nor lose, but the slot is not vacant until their changes arrive. */
  readonly ahead: readonly Claim[]
  /** Of a job that runs once: the copy that ended well at the form in force. Whatever else there is, the slot wants nothing any more. */
  readonly complete: Claim | null
}

export interface SlotPlan {
  readonly slot: SlotId
  readonly job: JobId
  readonly group: string
  /** Place in the group's order; of a numbered slot its number. */
  readonly index: number
  readonly priority: number
  /** Form and version in force. */
  readonly form: Form
  readonly version: JobVersion
  readonly standing: Standing
  /** 1 + the highest generation seen of the slot. */
  readonly nextGeneration: Generation
  /** The node that should claim a vacant slot; null: none, and `reason` says why. */
  readonly candidate: NodeId | null
  readonly reason: Reason | null
  /** The candidate has room once these claims there have ended: slot → generation. Said only where it takes somebody's room. */
  readonly displaces?: ReadonlyMap<SlotId, Generation>
  /** For which slot its last copy made room. Said only where the reason is `preempted`. */
  readonly preemptedBy?: string
  /** The holder is at another form and its turn has come: update in place. */
  readonly update: boolean
  /** It is about the copy of a version that waits for its promotion, beside the slot's own. Said only where it is so. */
  readonly canary?: true
}

/** Why a slot has no candidate. */
export type Reason =
  | 'no-node-feasible'
  /** The same, of one whose copy has made room for a more important one. */
  | 'preempted'
  | 'waiting-replace-after'
  | 'waiting-reschedule'
  | 'reschedule-exhausted'
  | 'replace-disabled'
  | 'partition-half'
  | 'paced'
  /** The only node that could is alone, and would stop it for that (`stop_on_client_after`), or has. */
  | 'node-alone'
  /** The board that has taken the place of its board is on its way. */
  | 'waiting-successor'
  | 'rollout-waits'
  /** Its node drains, and so many copies of its group are on their way already (`migrate.max_parallel`). */
  | 'migrate-waits'
  /** An operator has paused the job's roll-outs. */
  | 'rollout-paused'
  /** A canary that is healthy: until the version is promoted. */
  | 'waiting-promotion'
  | 'held-back'
  /** Of a system job: the node whose slot it is is away, drains or takes nothing new. */
  | 'node-closed'
  /** Of a periodic job: a later run has begun, or its horizon has passed. */
  | 'run-over'
  | 'job-not-valid'
  | 'plan-version-unknown'
  /** A claim is at a job version whose changes have not arrived here. */
  | 'job-version-unknown'

/** Why a node cannot take a slot. */
export type Rejection =
  | 'evicted'
  | 'left'
  | 'clones'
  | 'not-alive'
  | 'ineligible'
  | 'draining'
  | 'wrong-pool'
  | 'plan-version'
  | 'document-full'
  | 'max-allocs'
  | 'constraint'
  | 'distinct-hosts'
  | 'distinct-property'
  | 'driver-missing'
  | 'driver-unhealthy'
  | 'device-missing'
  | 'device-faulty'
  | 'device-taken'
  | 'port-taken'
  | 'cpu-exhausted'
  | 'memory-exhausted'
  | 'disk-exhausted'
  | 'holds-slot'
  | 'failed-here'
  | 'overdue'

export interface Plan {
  /** In order (priority descending, job, group, index); slots of stopped and removed jobs are absent. */
  readonly slots: readonly SlotPlan[]
  readonly bySlot: SlotTable
  /** All claims of `local.self`, ended ones too. */
  readonly own: ReadonlyMap<SlotId, Claim>
  readonly pending: ReadonlyMap<SlotId, Pending>
  /** Earliest monotonic time at which the answer can change without a change of the view; null: never. */
  readonly wakeAt: number | null
  /** How many replacements this plan lets begin (for `replacementsLastMinute`). */
  readonly replacements: number
  /** For the next plan; nobody else reads it. */
  readonly basis: Basis
}

/** What this node should do about its own claims; from (view, plan, own claims). See `actions.ts`. */
export type Action =
  | {
      readonly kind: 'claim'
      readonly slot: SlotId
      readonly form: Form
      readonly generation: Generation
      readonly lost: ReadonlyMap<NodeId, Generation>
      readonly displaces?: ReadonlyMap<SlotId, Generation>
    }
  /** Withdraw a claim that does not run and is neither heir nor holder. */
  | { readonly kind: 'withdraw'; readonly slot: SlotId; readonly reason: string }
  /** Start (after the settle time): this node is the heir. */
  | { readonly kind: 'start'; readonly slot: SlotId }
  | { readonly kind: 'stop'; readonly slot: SlotId; readonly reason: string }
  | { readonly kind: 'update'; readonly slot: SlotId; readonly form: Form }
  /** Same form, newer version: only the claim is rewritten. */
  | { readonly kind: 'adopt-version'; readonly slot: SlotId; readonly version: JobVersion }
  | { readonly kind: 'restart'; readonly slot: SlotId; readonly restart: number }
  | { readonly kind: 'over'; readonly slot: SlotId; readonly over: ReadonlyMap<NodeId, Generation> }
  /** A rival has been silent beyond lost_after while this heir ran: its mark goes into this node's claim (complete map). */
  | { readonly kind: 'lost'; readonly slot: SlotId; readonly lost: ReadonlyMap<NodeId, Generation> }
