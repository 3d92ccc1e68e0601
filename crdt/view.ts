// The immutable, plain-data picture that a node derives from its documents and the link states. The scheduler reads this and
// nothing else. Maps may iterate in any order: whoever decides something sorts first.

import type { Device } from './devices.ts'
import type { AllocId, Form, Generation, JobId, NodeId, OperatorId, PoolName, SlotId, TokenId } from './ids.ts'
import type { CivilSeconds } from './civil-time.ts'
import type { GroupSpec, JobSpec, JobType } from './spec.ts'

export interface View {
  readonly fleet: FleetView
  readonly pool: PoolName
  /** Every node with a node or an ops document in this pool. */
  readonly nodes: ReadonlyMap<NodeId, NodeView>
  readonly jobs: ReadonlyMap<JobId, JobView>
  /** At most one claim a node and slot; each list in order of node id. */
  readonly claims: ReadonlyMap<SlotId, readonly Claim[]>
}

export interface FleetView {
  readonly name: string
  readonly planVersion: number
  readonly operators: ReadonlyMap<OperatorId, Role>
  /** Said only where it is so: in an open fleet everybody is a member. */
  readonly admission?: 'certified'
  /** By pool, where admins have chosen; binpack elsewhere. Said only where it is so. */
  readonly algorithms?: ReadonlyMap<PoolName, SchedulerAlgorithm>
  /** By pool, where admins have chosen: whose copies may take the room of less important ones (`preemptsByDefault` elsewhere). Said only where it is so. */
  readonly preemption?: ReadonlyMap<PoolName, Preemption>
}

/** Kinds of jobs for which an admin said yes or no. */
export type Preemption = ReadonlyMap<JobType, boolean>

/** As in Nomad: what every board needs comes before what some board can run. */
export function preemptsByDefault(type: JobType): boolean {
  return type === 'system'
}

export function mayPreempt({ preemption }: FleetView, pool: PoolName, type: JobType): boolean {
  return preemption?.get(pool)?.get(type) ?? preemptsByDefault(type)
}

/** binpack: fuller boards first, so that large copies find room elsewhere; spread: emptier ones first, so that a board's loss costs little. */
export const schedulerAlgorithms = ['binpack', 'spread'] as const
export type SchedulerAlgorithm = (typeof schedulerAlgorithms)[number]

export type Role = 'admin' | 'operator' | 'viewer'

/**
 * alive: a path of standing edges leads to it (one's own node always is). disconnected: there was one, and for the suspicion
 * time there has been none. unheard: not heard of since this node booted. left: it said so itself.
 */
export type Liveness = 'alive' | 'disconnected' | 'unheard' | 'left'

/** Why a node waits: it may ask, and nothing that it says counts. */
export const waitingReasons = [
  'no-certificate',
  'token-unknown',
  'token-revoked',
  /** Asked of the clock of the board at which a stranger shows up, and so of no document. */
  'token-expired',
  'other-pool',
  'waiting-room',
] as const
export type WaitingReason = (typeof waitingReasons)[number]

export interface NodeView {
  readonly id: NodeId
  /** Unique name for people: that of the board whose place it has taken, else what the configuration says, else the host name. */
  readonly name: string
  readonly pool: PoolName
  readonly liveness: Liveness
  readonly capacity: Resources
  /** `cpu.arch`, `kernel.name`, `os.name`, `driver.docker.version` … */
  readonly attributes: Readonly<Record<string, string>>
  /** The node's own labels, overlaid with those that operators set. */
  readonly labels: Readonly<Record<string, string>>
  readonly drivers: Readonly<Record<string, DriverHealth>>
  /** Its owner's bound on copies there, all jobs together. Said only where there is one. */
  readonly allocsMax?: number
  /** Those that its owner lets jobs have, in order of key. Said only where there are any. */
  readonly devices?: readonly Device[]
  /** Names of images that are on the board, for image locality. */
  readonly images: ReadonlySet<string>
  /** Inclusive range for dynamic ports. */
  readonly dynamicPorts: readonly [number, number]
  readonly eligible: boolean
  readonly draining: boolean
  /** Copies of system jobs stay while it drains. */
  readonly drainIgnoresSystem?: true
  /** How an operator has said that it drains. Said only where it is so: not of drains of before, nor of a node that leaves. */
  readonly drain?: Drain
  /** An operator has told it to leave the fleet once nothing is held there; until it has left it drains. Said only where it is so. */
  readonly leaving?: Leaving
  readonly evicted: boolean
  /** Which boards have taken its place, in order of id (then it is evicted, for good). Said only where it is so. */
  readonly replacedBy?: readonly NodeId[]
  /** The newest open pre-shared key that it has, by short digest. Said only in fleets that have rotated theirs. */
  readonly psk?: string
  /**
   * Said only of who is no full member (then `eligible` is false). surplus: beyond its token's count, it is heard and keeps what it runs.
   * Else it waits, and why.
   */
  readonly admission?: 'surplus' | WaitingReason
  /** Machines that run with its key, two at least: none takes new work until one is left (then `eligible` is false). Said only where it is so. */
  readonly clones?: readonly Clone[]
  /** Whose certificate its document shows, if any. */
  readonly token?: TokenId
  /** Operator-set, −100..100, default 0; part of the rank. */
  readonly weight: number
  readonly addresses: readonly string[]
  readonly agentVersion: string
  /** The highest plan version that the node's program knows. */
  readonly planVersion: number
  /** Heads of the operators' documents that the node has recorded: document → hash of its heads. */
  readonly receipts: Readonly<Record<string, string>>
  readonly verdicts: ReadonlyMap<SlotId, readonly Verdict[]>
  /** Its document is so near to its limits that it takes no new claims. */
  readonly documentFull: boolean
}

/** It belongs here: neither evicted nor waiting. */
export function isMember({ evicted, admission }: Pick<NodeView, 'evicted' | 'admission'>): boolean {
  return !evicted && (admission === undefined || admission === 'surplus')
}

/** A member whom others count and wait for: it has not said that it left. */
export function isAwaited(node: Pick<NodeView, 'evicted' | 'admission' | 'liveness'>): boolean {
  return isMember(node) && node.liveness !== 'left'
}

export interface Clone {
  readonly id: string
  /** Its addresses. */
  readonly where: string
}

export interface Drain {
  /** Wall ms of the operator's clock: shown, and what tells one wish from the next. */
  readonly saidAtMs: number
  /** How long it waits for other boards to take over, by its own clock; what is left then it stops. null: for as long as it takes. */
  readonly deadlineMs: number | null
  readonly message: string
}

export interface Leaving {
  /** How long it waits for other boards to take over, by its own clock; what is left then it stops. null: for as long as it takes. */
  readonly deadlineMs: number | null
}

export interface Resources {
  readonly cpuMhz: number
  readonly memoryMib: number
  readonly diskMib: number
}

export interface DriverHealth {
  readonly healthy: boolean
  readonly reason: string
}

export interface JobView {
  readonly id: JobId
  readonly desired: 'run' | 'stopped' | 'removed'
  /** The specification in force; null when no version of it validates. */
  readonly spec: JobSpec | null
  readonly version: JobVersion
  /** Why the merge of all heads is not the one in force; empty when it is. */
  readonly problems: readonly string[]
  /** Group name → form in force. */
  readonly forms: ReadonlyMap<string, Form>
  /** Operators' wishes about single slots (`alloc restart`, `alloc stop`). */
  readonly wishes: ReadonlyMap<SlotId, SlotWish>
  /**
   * Newest first, from the newest that validates on: what `scheduler/in-force.ts` chooses from. Said only of a job that may go back by
   * itself, or whose new versions begin with canaries.
   */
  readonly versions?: readonly SpecVersion[]
  /** Newest first: how these versions followed one another. Said only where one of them begins with canaries. */
  readonly ordering?: readonly SpecOrder[]
  /** Group → forms that operators have promoted: more than one only where two sides did so at once. Said only where there are any. */
  readonly promoted?: ReadonlyMap<string, readonly Form[]>
  /** Group → what of the newest version runs beside the one in force. Said only where a version waits for its promotion. */
  readonly canaries?: ReadonlyMap<string, Canaries>
  /** The newest version has failed, and this one is in force. Said only where it is so. */
  readonly wentBackTo?: JobVersion
  /** Roll-outs of the job wait for an operator's `job resume`. Said only where it is so. */
  readonly paused?: true
  /** Of a periodic job that shall run: then the groups of `spec` are those of its runs. */
  readonly runs?: Runs
  /** Because of void edits; they stay as they are until an admin has spoken. null: none are. */
  readonly held: HeldCopies | null
}

/** What a periodic job's times have come to (`scheduler/periodic.ts`). */
export interface Runs {
  /** The specification as it was written. */
  readonly base: JobSpec
  /** Those whose groups are in `spec`, newest first. */
  readonly shown: readonly CivilSeconds[]
  /** The only one of which copies may begin. */
  readonly open: CivilSeconds | null
  readonly held: HeldRun | null
  /** The newest that has begun. */
  readonly last: CivilSeconds | null
  readonly next: CivilSeconds | null
}

/** A run that does not begin, or all of them. */
export interface HeldRun {
  readonly due: CivilSeconds | null
  readonly reason: HeldReason
}

type HeldReason =
  /** This node does not know the time. */
  | 'no-trusted-time'
  /** Its machine has no table of the job's time zone. */
  | 'zone-unknown'
  | 'run-overlaps'
  /** It would begin too late. */
  | 'run-missed'

/** Why a node cannot tell what clocks show in some place. */
export type TimeFault = Extract<HeldReason, 'no-trusted-time' | 'zone-unknown'>

/** A version of a job that differs from the newer ones in what takes a restart. */
export interface SpecVersion {
  readonly version: JobVersion
  readonly spec: JobSpec
  readonly forms: ReadonlyMap<string, Form>
  /** How often operators have ordered it: going back to it and ordering it again is another order. */
  readonly orders: number
  /** Group → the lowest count that any of these orders gave it: what was accepted at that count is not undone by a higher one. */
  readonly leastCounts: ReadonlyMap<string, number>
}

/** One time that operators ordered a version: edits that followed one another and left what takes a restart as it was. */
export interface SpecOrder {
  /** Its place among the job's versions. */
  readonly version: number
  /** Group → how it is promoted; of groups without canaries nothing is said. */
  readonly promotions: ReadonlyMap<string, Promotion>
}

/** How a version of a group is promoted: as the most lenient of the edits that ordered it says. */
export interface Promotion {
  /** So many canaries must be healthy; 0: none are asked for. */
  readonly canaries: number
  /** Nobody need say so then. */
  readonly auto: boolean
}

/** A version of a group that waits for its promotion, and how many copies of it run beside those in force: in the group's first slots. */
export interface Canaries {
  readonly spec: JobSpec
  readonly group: GroupSpec
  readonly form: Form
  readonly count: number
  readonly auto: boolean
}

export interface HeldCopies {
  /** Group → form → how many copies of it some standing version asked for: these are not held, and all others are. */
  readonly standing: ReadonlyMap<string, ReadonlyMap<Form, number>>
  /** A void edit said on which nodes a system job runs: a copy on a node that does not suit is held, too. */
  readonly places: boolean
}

/** Whether a copy of that job is held for what it runs; a slot that is a node's own (index −1) counts as the first. */
export function isHeld({ held }: JobView, group: string, index: number, form: Form): boolean {
  return held !== null && Math.max(index, 0) >= (held.standing.get(group)?.get(form) ?? 0)
}

export interface SlotWish {
  /** Raised by `alloc restart`: a claim that recorded a lower number restarts its tasks. */
  readonly restart: number
  /** Set by `alloc stop`: claims up to this generation are stopped and the slot is placed anew. */
  readonly stopGeneration: Generation
}

/** (epoch, base + number of changes, hash of the heads): a merge of two sides is newer than either. */
export interface JobVersion {
  readonly epoch: number
  readonly count: number
  readonly hash: string
}

/**
 * claimed: written, waiting for the settle time. preparing: image being pulled. starting: tasks are being started.
 * running: every task runs whose turn it is (main tasks and sidecars; until then it is starting). stopping: on its way out. The rest are ends: the claim is not live.
 */
export const claimStates = [
  'claimed',
  'preparing',
  'starting',
  'running',
  'stopping',
  'stopped',
  'failed',
  'withdrawn',
  'complete',
] as const
export type ClaimState = (typeof claimStates)[number]

const ended: ReadonlySet<ClaimState> = new Set<ClaimState>(['stopped', 'failed', 'withdrawn', 'complete'])

/** Whether a claim is over: it holds nothing of its node and competes with nobody. */
export function hasEnded(claim: Pick<Claim, 'state'>): boolean {
  return ended.has(claim.state)
}

export interface Claim {
  readonly slot: SlotId
  readonly node: NodeId
  readonly alloc: AllocId
  readonly generation: Generation
  /** Version and form that it runs (or is about to run). */
  readonly version: JobVersion
  readonly form: Form
  readonly state: ClaimState
  /** All tasks have been running, and their checks passing, for min_healthy_time; and no check has failed since. */
  readonly healthy: boolean
  /** Why it failed, stopped, was withdrawn, does not run yet or is not healthy; a code and words: `port-in-use: 8080`. */
  readonly reason: string
  /** Wall-clock ms of the first start at this generation; task restarts do not change it; 0 = never started. Display, and `longest_running`. */
  readonly startedAt: number
  /** How often tasks were restarted in place. */
  readonly restarts: number
  /** `SlotWish.restart` that it has carried out. */
  readonly restartSeen: number
  readonly ports: Readonly<Record<string, number>>
  /** What it holds of its node, at the form that it runs; absent: what the group in force asks for. */
  readonly resources?: Resources
  /** Keys of the devices that it holds, sorted. Said only where it holds some. */
  readonly devices?: readonly string[]
  /** Claims of its node that end before it starts, so that it has room: slot → generation. Said only where there are any. */
  readonly displaces?: ReadonlyMap<SlotId, Generation>
  readonly tasks: Readonly<Record<string, TaskStatus>>
  /** Rivals that this claim, once running, sends away. */
  readonly over: ReadonlyMap<NodeId, Generation>
  /** Claims that were silent beyond lost_after when they were replaced. */
  readonly lost: ReadonlyMap<NodeId, Generation>
}

export type TaskState = 'pending' | 'running' | 'dead'

export interface TaskStatus {
  readonly state: TaskState
  readonly restarts: number
  /** Last event in words: `exited with code 1`, `out of memory` … */
  readonly event: string
  readonly failed: boolean
}

/** What became of a form on a node in a slot; kept while the job names the form. */
export interface Verdict {
  readonly form: Form
  readonly verdict: 'healthy' | 'failed'
  readonly reason: string
  /** How many claims (or updates) at this form failed here. */
  readonly failures: number
  /** Generation of the newest failure (0: none). */
  readonly generation: Generation
}

/** Begins the reason of a failed verdict on a form that had been healthy there: such a copy is no failed try of a new version. */
export const wasHealthyCode = 'was-healthy'

/** Whether the form has ever been healthy there. */
export function hasArrived({ verdict, reason }: Verdict): boolean {
  return verdict === 'healthy' || reason.startsWith(`${wasHealthyCode}:`)
}

export function compareVersions(a: JobVersion, b: JobVersion): number {
  return a.epoch - b.epoch || a.count - b.count || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)
}
