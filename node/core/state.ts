// Everything that a node knows between two steps. Owned by `step`; nobody else holds a reference to it. What must survive a
// power cut is in the documents and in the `meta/` records, which are persisted by the effects that change them.

import { createIndex, type DigestIndex } from '../../crdt/anti-entropy.ts'
import type { Certificate } from '../../crdt/admission/certificate.ts'
import type { Crypto, Signer } from '../../crdt/crypto.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type CloneWords, noClones } from '../../crdt/documents/clones.ts'
import type { DocumentEngine } from '../../crdt/engine.ts'
import type { Author } from '../../crdt/envelope.ts'
import type { DocId, Form, Generation, NodeId, PoolName, SlotId } from '../../crdt/ids.ts'
import { type Projector, createProjector } from '../../crdt/project.ts'
import type { PeerPath } from '../../crdt/api-nodes.ts'
import type { Reply, Request } from '../../crdt/api-types.ts'
import type { Claim, Verdict, View, WaitingReason } from '../../crdt/view.ts'
import { schedulerLimits } from '../../scheduler/limits.ts'
import type { plan } from '../../scheduler/plan.ts'
import type { Pending, Plan } from '../../scheduler/types.ts'
import type { Alloc } from './allocs/alloc.ts'
import type { Bucket } from './bucket.ts'
import type { Remains } from './allocs/finished.ts'
import { type Conduct, noConduct } from './conduct/state.ts'
import type { Boot } from './event.ts'
import type { Early } from './early.ts'
import { type Signs, noSigns } from './doctor/signs.ts'
import { type DeviceState, noDevices } from './device-state.ts'
import type { Effect } from './effect.ts'
import { type Failing, type failingIn, noFailing } from './failing.ts'
import type { Exchange } from './exchanges.ts'
import { createLiveness, type LivenessState } from './liveness/liveness.ts'
import type { LinkStateReader } from './liveness/reader.ts'
import type { AdoptedTask, Fingerprint, TaskId } from './ports.ts'
import { coreLimits } from './limits.ts'
import { type Leave, noLeave } from './leave-state.ts'
import { noPsks, type Psks } from './psk-state.ts'
import { createRandom, seedOf, type Random } from './random.ts'
import { noTime, type TimeState } from './time-state.ts'
import type { Card, WaitingBoard, decodeFrame } from './wire.ts'

export interface Env {
  readonly crypto: Crypto
  readonly signer: Signer
  /** For a process with many nodes, which gives all of them the same one; a node alone has its own. */
  readonly engine?: DocumentEngine
  readonly linkStates?: LinkStateReader
  readonly readFrame?: typeof decodeFrame
  readonly createProjector?: typeof createProjector
  readonly plan?: typeof plan
  /** The highest plan version that `plan` knows: the scheduler's own, unless another version of the agent is played. */
  readonly planVersion?: number
  readonly failingIn?: typeof failingIn
}

/** What a directly connected peer said of itself. */
export interface Peer {
  /** null until its hello has come. */
  pool: PoolName | null
  planVersion: number
  version: string
  /** What it shows of itself, and the certificate among it if that is one of this fleet. */
  card: Card | null
  certificate: Certificate | null
  /** Why this node does not listen to it; null: it does, unless it is evicted. In an open fleet nobody asks. */
  waits: WaitingReason | null
  /** The documents that it was answered with, while it waits; null: it was not. */
  answered: string | null
  /** Why it does not listen to this node, as it said; null: it has not said so. */
  waitsThere: WaitingReason | null
  /** The fleet document that it was sent because it did not know this node's token. */
  toldFleet: string | null
  /** From when on an exchange with it is wanted; null: none is. */
  askedAt: number | null
  /** That is because the one before brought no answer. */
  isAskedAgain: boolean
  /** How often it said lately who it is, or that this node waits there. */
  greetings: { readonly since: number; count: number }
  /** Frames of it that are read although it is not heard. */
  readonly strangerFrames: Bucket
  path?: PeerPath
}

/** A node of another pool, from a pool summary. */
export interface Contact {
  readonly node: NodeId
  readonly addresses: readonly string[]
  readonly nodesAlive: number
  readonly nodesTotal: number
  readonly jobs: number
  readonly heardAt: number
  /** Of the summary; an older one that gossip brings later is old news. */
  readonly seq: number
}

export interface Follower {
  readonly id: number
  readonly request: Request
  /** What a `doc.put` changed. */
  readonly documents: readonly DocId[]
  /** The view and plan that it has heard of, in whatever words. */
  seen: { readonly view: View; readonly plan: Plan | null } | null
  lastSent: string
  lastAt: number
  /** There may be news that the rate limit held back. */
  heldBack: boolean
  /** For confirmations: when to give up. */
  readonly until: number | null
}

/** What this node has seen of a slot that failed at the form in force. Memory only: a booted node counts its times anew. */
export interface FailedSlot {
  readonly form: Form
  readonly failures: number
  /** Generation of the newest failure. */
  readonly newest: Generation
  /** When the newest failure was first seen. */
  readonly at: number
  /** Since when it is healthy somewhere; null: it is not. */
  readonly healthySince: number | null
}

export interface State {
  /** The records are read at boot and not kept: they are as large as the disk. */
  readonly boot: Omit<Boot, 'records'>
  readonly author: Author
  /** The highest that this agent knows. */
  readonly planVersion: number
  readonly random: Random
  /** wall − monotonic, for stamps, display and `fleet-time.ts`. */
  wallOffset: number
  readonly time: TimeState
  readonly docs: Map<DocId, Doc>
  readonly engine: DocumentEngine
  readonly index: { readonly fleet: DigestIndex; readonly pool: DigestIndex }
  readonly liveness: LivenessState
  /** Documents whose records in the store are older than they are; the envelopes are there. */
  readonly unsaved: Set<DocId>
  saveAt: number | null
  /** Hashes of envelopes that the store lost although their document is here: peers may send them. */
  readonly lacking: Set<string>
  /** Of documents that lack something: what is shown of them, and those of which that is still to be worked out (`shown.ts`). */
  readonly shownDocs: { readonly left: Map<DocId, Doc>; readonly toCut: Set<DocId> }
  /** Envelopes that came too early, in the order in which they came (`early.ts`). */
  early: Early[]
  /** When somebody was last found to be there, or not to be there any more. */
  livenessChangedAt: number
  /** When `lost-changes.ts` next looks at what has not come again. */
  lostLookAt: number
  readonly project: Projector
  readonly peers: Map<NodeId, Peer>
  readonly contacts: Map<PoolName, Map<NodeId, Contact>>
  view: View
  plan: Plan | null
  /** Documents, liveness or waits changed since the view was made. */
  viewStale: boolean
  /** Other nodes' documents changed: look again then, unless something else asks for it before; null: they did not. */
  lookAt: number | null
  /** When that was done last. */
  lookedAt: number
  planStale: boolean
  /** The own record must be compared with the own document. */
  ownStale: boolean
  /** The same, but it may wait for company until then; null: nothing waits. */
  ownDueAt: number | null
  receiptsDueAt: number | null
  /** Receipts as last written. */
  receipts: Record<string, string>
  /** When each operators' document changed here last, in this boot. */
  readonly changedAt: Map<DocId, number>
  /** The own document's epoch must be at least this: peers have seen a lower one that this disk does not hold. */
  ownEpochFloor: number
  /** How often that was raised since boot because of what peers held, and when it may be again. */
  epochJumps: { readonly count: number; readonly nextAt: number }
  readonly pending: Map<SlotId, Pending>
  readonly failedSince: Map<SlotId, FailedSlot>
  failing: Failing
  /** Times at which replacements began within the pacing window. */
  replacementTimes: number[]
  readonly allocs: Map<SlotId, Alloc>
  /** Checks that have been asked and not been answered, by id. */
  readonly checksAsked: Set<string>
  /** Claims of this node that have ended, by slot: their generations must not be forgotten. */
  readonly ended: Map<SlotId, Claim>
  /** Registers that the own document has left for new claims, as of this plan; null: not counted yet. */
  registersLeft: number | null
  /** That there are none left has been said. */
  fullSaid: boolean
  /** Ended allocations whose remains (logs) are still on the board, oldest first. */
  finished: Remains[]
  /** Tasks that run here without a claim of this node. */
  orphans: AdoptedTask[]
  /** Since when the newest of them has been known. */
  orphansSince: number
  /** Those of them that are being stopped: what they leave is removed then. */
  readonly leavingOrphans: Map<TaskId, AdoptedTask>
  /** The board was in another pool until this boot: what runs and is not known here ran for that one. */
  hasMoved: boolean
  readonly leave: Leave
  /** Of other machines with this node's key (`clones.ts`). */
  clones: CloneWords
  readonly verdicts: Map<SlotId, readonly Verdict[]>
  readonly devices: DeviceState
  addresses: readonly string[]
  fingerprints: Record<string, Fingerprint>
  /** Drivers with which copies ran before the boot, and which have not said since what they run. */
  readonly untold: Set<string>
  /** Digests were exchanged with a peer, or the wait for one is over. */
  acting: boolean
  actAt: number
  /** Until when the board was certainly not alone (`alone.ts`): as of the last look at the view. Drives stop_on_client_after. */
  lastCompanyAt: number
  /** Since when boards are coming back whose claims may not be here yet; null: none are. */
  returningSince: number | null
  exchange: Exchange
  syncAt: number
  lastChangeAt: number
  summaryAt: number
  /** Addresses as last given to the network. */
  readonly remembered: Map<NodeId, string>
  /** The nodes when that was last looked at. */
  rememberedNodes: View['nodes'] | null
  /** The fleet document from which the network was told of bootstrap addresses, and what it was told. */
  bootstrap: { readonly fleet: Doc | undefined; readonly said: string }
  readonly psks: Psks
  readonly conduct: Conduct
  storeProblem: string | null
  readonly signs: Signs
  readonly followers: Map<number, Follower>
  events: { at: number; what: string }[]
  refusals: Record<string, number>
  /** Liveness's count of changes when they were last noticed, and when they were last told to the log. */
  livenessChange: number
  livenessTold: number
  /** The pool has grown: link states that were refused before may be had now. */
  askLinks: boolean
  hangUps: { readonly peer: NodeId; readonly at: number }[]
  /** What peers were shown last; null: an open fleet's hello shows nothing. */
  shown: Uint8Array | null
  /** Nodes of this pool that wait, and since when, here: they are silent to this node, whoever else listens to them. */
  readonly waitsSince: Map<NodeId, number>
  /** When it is due to tell who waits here. */
  roomAt: number
  /** When that was told last. */
  roomToldAt: number
  /** Who waits at others, as they told. */
  readonly rooms: Map<NodeId, { readonly waiting: readonly WaitingBoard[]; readonly heardAt: number; readonly seq: number }>
}

/** One step's working set: the state, the time of the event, and the effects that it has led to so far. */
export interface Step {
  readonly env: Env
  readonly state: State
  readonly now: number
  readonly out: Effect[]
}

function emptyView(pool: PoolName): View {
  return { fleet: { name: '', planVersion: 1, operators: new Map() }, pool, nodes: new Map(), jobs: new Map(), claims: new Map() }
}

export function createState(env: Env, engine: DocumentEngine, boot: Boot): State {
  const { config } = boot
  const { crypto, signer, linkStates: reader } = env
  return {
    boot: withoutRecords(boot),
    author: { id: config.self, signer, nonce: boot.nonce, fleet: config.fleet },
    planVersion: env.planVersion ?? schedulerLimits.planVersion,
    random: createRandom(boot.nonce),
    wallOffset: boot.wallMs - boot.now,
    time: noTime(),
    docs: new Map(),
    engine,
    index: { fleet: createIndex(), pool: createIndex() },
    liveness: createLiveness({ self: config.self, crypto, signer, reader, now: boot.now, seed: seedOf(boot.nonce) }),
    unsaved: new Set(),
    saveAt: null,
    lacking: new Set(),
    shownDocs: { left: new Map(), toCut: new Set() },
    early: [],
    livenessChangedAt: boot.now,
    project: (env.createProjector ?? createProjector)(engine),
    peers: new Map(),
    contacts: new Map(),
    view: emptyView(config.pool),
    plan: null,
    viewStale: true,
    lookAt: null,
    lookedAt: -Infinity,
    planStale: true,
    ownStale: true,
    ownDueAt: null,
    receiptsDueAt: null,
    receipts: {},
    changedAt: new Map(),
    ownEpochFloor: 0,
    epochJumps: { count: 0, nextAt: boot.now },
    clones: noClones,
    leave: noLeave(),
    pending: new Map(),
    failedSince: new Map(),
    failing: noFailing(),
    replacementTimes: [],
    ...emptyBoard(boot),
    addresses: [],
    fingerprints: { ...boot.fingerprints },
    untold: new Set(),
    acting: false,
    actAt: boot.now + coreLimits.aloneAfterBootMs,
    lastCompanyAt: boot.now,
    returningSince: null,
    exchange: { peer: null, begunAt: boot.now - coreLimits.exchangeGapMs, isMutual: false, until: boot.now },
    syncAt: boot.now,
    lastChangeAt: boot.now,
    summaryAt: boot.now,
    remembered: new Map(),
    rememberedNodes: null,
    bootstrap: { fleet: undefined, said: '[[],[]]' },
    psks: noPsks(),
    conduct: noConduct(),
    storeProblem: null,
    followers: new Map(),
    events: [],
    refusals: {},
    livenessChange: -1,
    livenessTold: -1,
    askLinks: false,
    hangUps: [],
    ...emptyRoom(),
  }
}

/** Nothing runs here, nothing has, and nothing is missed. */
function emptyBoard({ now, fingerprints }: Boot) {
  return {
    signs: noSigns(fingerprints),
    lostLookAt: now + coreLimits.lackingMsMax,
    allocs: new Map(),
    devices: noDevices(),
    checksAsked: new Set(),
    ended: new Map(),
    registersLeft: null,
    fullSaid: false,
    finished: [],
    orphans: [],
    orphansSince: now,
    leavingOrphans: new Map(),
    hasMoved: false,
    verdicts: new Map(),
  } satisfies Partial<State>
}

/** Nobody waits here, as far as this node knows, nor anywhere else. */
function emptyRoom(): Pick<State, 'shown' | 'waitsSince' | 'roomAt' | 'roomToldAt' | 'rooms'> {
  return { shown: null, waitsSince: new Map(), roomAt: Number.MAX_SAFE_INTEGER, roomToldAt: -Infinity, rooms: new Map() }
}

function withoutRecords({ kind, now, wallMs, nonce, config, host, running, fingerprints }: Boot): State['boot'] {
  return { kind, now, wallMs, nonce, config, host, running, fingerprints }
}

/** Sent away by an operator, as far as this node has heard. */
export function isEvicted(state: State, node: NodeId): boolean {
  return state.view.nodes.get(node)?.evicted === true
}

export function log(
  step: Step,
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  data?: Readonly<Record<string, unknown>>,
): void {
  step.out.push(data === undefined ? { kind: 'log', level, message } : { kind: 'log', level, message, data })
}

export function reply(step: Step, id: number, answer: Reply, last = true): void {
  step.out.push({ kind: 'reply', id, reply: answer, last })
}

/** At the latest after so long, or as soon as a large pool is looked at again; a plan that is due, or a durable change, waits for neither. */
export function lookSoon({ state, now }: Step, delayMs: number): void {
  const { lookGapMsMax, lookGapMsPerNode, unhurriedNodes } = coreLimits
  const { size } = state.view.nodes
  const gapMs = size <= unhurriedNodes ? 0 : Math.min(lookGapMsMax, Math.trunc(size * lookGapMsPerNode))
  state.lookAt = Math.min(state.lookAt ?? Infinity, Math.max(now + delayMs, state.lookedAt + gapMs))
}

/** For changes of the own record on which nobody's decision depends: each write is an envelope that the whole pool has to check. */
export function writeOwnSoon(step: Step, delayMs: number = coreLimits.ownWriteDelayMs): void {
  step.state.ownDueAt = Math.min(step.state.ownDueAt ?? Number.MAX_SAFE_INTEGER, step.now + delayMs)
}

export function refuseRequest(step: Step, id: number, code: string, message: string, hint?: string): void {
  reply(step, id, hint === undefined ? { kind: 'error', code, message } : { kind: 'error', code, message, hint })
}

/** A line for `shoal status`, with the wall time at which it happened here. */
export function note(step: Step, what: string, level: 'info' | 'warn' = 'info'): void {
  step.state.events.push({ at: Math.trunc(step.now + step.state.wallOffset), what })
  if (step.state.events.length > coreLimits.eventsMax) step.state.events.shift()
  log(step, level, what)
}
