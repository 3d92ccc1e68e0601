// Wire types of the API: what is said of jobs and their copies.

import type { Claim, JobView, Liveness } from './view.ts'

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
  /** Keys of the devices that it holds. Said only where it holds some. */
  readonly devices?: readonly string[]
  readonly tasks: Claim['tasks']
  readonly form: string
  readonly over: readonly { readonly node: string; readonly generation: number }[]
  /** Slots of copies of its node that end, or ended, so that it has room. Said only where there are any. */
  readonly displaces?: readonly string[]
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
  /** Slots of copies there that make room for it. Said only where there are any. */
  readonly displaces?: readonly string[]
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
  /** Slots of copies there that make room for it. Said only where there are any. */
  readonly evicts?: readonly string[]
}

export interface ChangeRow {
  readonly hash: string
  readonly author: string
  readonly version: string
  /** Wall-clock seconds as the author wrote them; 0 = not given. */
  readonly time: number
  readonly changes: readonly string[]
}
