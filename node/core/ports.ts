// The interfaces that every adapter implements. The driver loop (`node/loop.ts`) carries the core's effects to them and their
// news back to the core as events; the simulator implements the same ones. Adapters import this file and never each other.
// No adapter throws at the core: expected failures are values with a code, everything else is logged and reported as one.

import type { ConnectionSeen, WayKnown } from '../../crdt/api-doctor.ts'
import type { PeerPath } from '../../crdt/api-nodes.ts'
import type { Result } from '../../crdt/errors.ts'
import type { AllocId, Form, Generation, NodeId, SlotId } from '../../crdt/ids.ts'
import type { CheckSpec, DriverName, NetworkSpec, TaskSpec } from '../../crdt/spec.ts'
import type { DriverHealth } from '../../crdt/view.ts'

/** What adapters say for an examination. */
export type { ConnectionSeen, NameSeen, Reached, Surroundings, WayKnown } from '../../crdt/api-doctor.ts'

// ---------------------------------------------------------------- network

/** gossipsub topics of a node: one for its pool, one for the fleet. */
export type Topic = 'pool' | 'fleet'

export type Misconduct =
  | 'E_OVERSIZE' // a frame beyond the greatest size, or a stream that does not begin as they all do
  | 'E_FLOOD' // streams opened without end

export interface NetworkHandlers {
  /** At least one connection to the peer stands and its frame stream is open. Once per peer until `peerDown`. */
  peerUp(peer: NodeId): void
  /** The last connection is gone. */
  peerDown(peer: NodeId): void
  /** How a peer that is up is reached; again when that changes. */
  path(peer: NodeId, path: PeerPath): void
  /** A frame from the peer's stream (in order, per peer) or from gossip. Bytes are a stranger's: the core decodes them. */
  frame(from: NodeId, bytes: Uint8Array, via: 'stream' | 'gossip'): void
  /** A connected peer did what no agent does, and the adapter has refused it. */
  misbehaved(peer: NodeId, code: Misconduct): void
  /** This node's own dialable addresses (multiaddrs with `/p2p/…`) changed. */
  addresses(addresses: readonly string[]): void
  /** A request of an operator or a forwarding peer; see `ApiChannel`. */
  api(channel: ApiChannel): void
}

/** One request on the libp2p API protocol (or on the local HTTP socket): read the request, answer with frames, end. */
export interface ApiChannel {
  /** Whose key Noise authenticated: an operator's or a node's; null on the board's own socket. */
  readonly caller: string | null
  readonly request: Uint8Array
  /** Resolves when the frame is handed to the transport (back-pressure); rejects when the caller has gone. */
  send(frame: Uint8Array): Promise<void>
  end(): Promise<void>
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
}

export interface Network {
  start(handlers: NetworkHandlers): Promise<void>
  stop(): Promise<void>
  /** Best effort, in order, never blocks; too large a frame (`wireLimits`), or the newest of a queue beyond its limit, is dropped: false. */
  send(peer: NodeId, frame: Uint8Array): boolean
  broadcast(topic: Topic, frame: Uint8Array): void
  /** Hang up on the peer: our own probe gave up on it, or it misbehaved. */
  disconnect(peer: NodeId, reason: string): void
  /** Addresses learnt from node documents and pool summaries; the maintain loop redials them for ever. `wanted` peers come first. */
  remember(peer: NodeId, addresses: readonly string[], wanted: boolean): void
  forget(peer: NodeId): void
  /** Addresses that are tried first besides the board's own list, and those of its own that are not any more. Replaces what was said before. */
  bootstrap(listed: readonly string[], removed: readonly string[]): void
  /** The pre-shared keys of connections that begin from now on, newest first; those that stand go on. */
  usePsk(keys: readonly Uint8Array[]): void
  /** Sends one API request to a node and yields the answer's frames. Finds the node by known addresses, then the DHT. */
  request(peer: NodeId, request: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Test and demo only: drops everything to and from these peers (`null`: everybody) until called with an empty list. */
  injectCut(peers: readonly NodeId[] | null): void
  stats(): NetworkStats
  /** What is known of the ways to others: for an examination. */
  seen(): NetworkSeen
}

export interface NetworkSeen {
  readonly ways: readonly WayKnown[]
  readonly connections: readonly ConnectionSeen[]
}

export interface NetworkStats {
  readonly connections: number
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly dials: number
  /** Connections and messages of gossip that were beyond what one address or one peer may bring. */
  readonly limited: number
}

// ---------------------------------------------------------------- store

export interface StoreWrite {
  readonly key: string
  /** null deletes. */
  readonly value: Uint8Array | null
}

/** An ordered key-value store; every record carries a checksum that is verified when it is read. */
export interface Store {
  /** All of the writes or none; `sync` waits until they would survive a power cut. */
  write(writes: readonly StoreWrite[], sync: boolean): Promise<Result<void, StoreCode>>
  read(key: string): Promise<Uint8Array | undefined>
  readMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** In key order. Damaged records are skipped, deleted and counted. */
  scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]>
  /** What opening and reading found broken, in words; empty when nothing was. */
  readonly repairs: readonly string[]
  close(): Promise<void>
}

/** full: no space or read-only; the node keeps what runs and takes no new work. broken: the disk answers with errors. */
export type StoreCode = 'E_STORE_FULL' | 'E_STORE_BROKEN'

// ---------------------------------------------------------------- clock

export interface Clock {
  /** Monotonic ms, counts while suspended where the platform allows (boot time). */
  now(): number
  /** Wall clock, ms since 1970; for display, stamps and periodic jobs. */
  wallMs(): number
  /** The host says that something keeps its wall clock right; false: it does not say so. */
  isSynchronised(): boolean
  /** Calls back once at or after the monotonic time; returns a cancel function. */
  at(time: number, callback: () => void): () => void
}

// ---------------------------------------------------------------- drivers

/** `<alloc>.<first 8 of form>.<task>`: names one run of one task on one node; also the container's name and the log folder. */
export type TaskId = string

/** Stands in a request's texts for the folder of `SHOAL_TASK_DIR`, which only the driver knows. No other text can hold this character. */
export const taskDirMark = '\0'

export interface TaskRequest {
  readonly id: TaskId
  readonly slot: SlotId
  readonly alloc: AllocId
  readonly generation: Generation
  readonly form: Form
  /** How often its claim had been updated in place when this was asked for. */
  readonly updates: number
  readonly spec: TaskSpec
  readonly network: NetworkSpec
  /** Port label → number on the board. */
  readonly ports: Readonly<Record<string, number>>
  /** Complete environment: `SHOAL_*`, ports, the specification's own; values interpolated, but for `taskDirMark`. */
  readonly env: Readonly<Record<string, string>>
  readonly diskMib: number
  /** Another task of the allocation runs, or is about to, and may have bound the ports: do not ask whether they are free. */
  readonly portsHeld?: boolean
  /** What the task is given in the folder that it finds in `SHOAL_TASK_DIR`. */
  readonly files?: readonly TaskFile[]
  /** Files below /dev that it may use. */
  readonly devices?: readonly GrantedDevice[]
}

export interface GrantedDevice {
  /** Of the request in the specification. */
  readonly name: string
  readonly key: string
  readonly path: string
  /** As found. */
  readonly unit?: string
}

/** By its path in the task's folder. payload: of a dispatch, readable by the task. template: text that may hold `taskDirMark`. */
export type TaskFile =
  | { readonly kind: 'payload'; readonly path: string; readonly base64: string }
  | { readonly kind: 'template'; readonly path: string; readonly mode: number; readonly text: string }
  | ArtifactFile

/** Too large to be carried: where the board keeps it (`stored`) only the driver is told. */
export interface ArtifactFile {
  readonly kind: 'artifact'
  readonly path: string
  readonly mode: number
  /** An address. */
  readonly source: string
  /** Hexadecimal. */
  readonly sha256: string
  readonly stored?: string
}

/** Labels that a driver keeps with what it runs, so that a new agent can adopt it. */
export type StartedTask = RunningTask & { readonly found?: true }

export interface RunningTask {
  readonly id: TaskId
  readonly slot: SlotId
  readonly alloc: AllocId
  readonly generation: Generation
  readonly form: Form
  /**
   * As asked for: with the board's records it tells a disk that is older than what runs from an update that was not finished. null: an agent
   * asked that did not count.
   */
  readonly updates: number | null
  readonly task: string
  readonly ports: Readonly<Record<string, number>>
  /** As asked for. Said only where it has some. */
  readonly devices?: readonly GrantedDevice[]
  /** Wall-clock ms. */
  readonly startedAt: number
}

/** A running task and the driver that has it, which its id does not tell. */
export interface AdoptedTask extends RunningTask {
  readonly driver: TaskDriver['name']
}

export interface TaskExit {
  /** null when a signal ended it or the code is not known (the task ended while no agent ran). */
  readonly exitCode: number | null
  readonly signal: string | null
  readonly outOfMemory: boolean
}

export type DriverCode =
  | 'E_IMAGE_PULL' // cannot be had now; back off and try again
  | 'E_IMAGE_MISSING' // the registry says that it does not exist
  | 'E_ARTIFACT' // a file cannot be had now, or what came is another file; back off and try again
  | 'E_ARTIFACT_MISSING' // its server says that it does not exist
  | 'E_PORT_IN_USE'
  | 'E_CONFIG' // this task can never start here (no such program, bad mount …)
  | 'E_DRIVER_DOWN' // the engine does not answer
  | 'E_START' // anything else

export interface Fingerprint {
  readonly health: DriverHealth
  /** `driver.docker.version` … */
  readonly attributes: Readonly<Record<string, string>>
  readonly images: readonly string[]
}

/** Files that jobs name by address and checksum; each is on the board once, whichever tasks have it. Never throws. */
export interface ArtifactStore {
  /** Fetches what is not there yet. Progress in words, at most one call a second. */
  fetch(task: TaskRequest, progress: (words: string) => void, signal: AbortSignal): Promise<Result<void, DriverCode>>
  /** The request with where each file is (`ArtifactFile.stored`), which has been read once more. E_ARTIFACT: one is not there, or is damaged. */
  place(task: TaskRequest): Promise<Result<TaskRequest, DriverCode>>
  /** The task is over: its files may make room for others. */
  release(task: TaskId): void
}

export interface TaskDriver {
  readonly name: DriverName
  /** Health, attributes and local images; called at start and every 30 s. Never throws. */
  fingerprint(): Promise<Fingerprint>
  /** Fetches what the task needs (its image); nothing is started. Progress in words, at most one call a second. */
  prepare(task: TaskRequest, progress: (words: string) => void, signal: AbortSignal): Promise<Result<void, DriverCode>>
  /** Starts the task; `exited` is called once when it ends, also for adopted tasks. Idempotent for the same id: one that runs is left as it is, and said to be `found`. */
  start(task: TaskRequest): Promise<Result<StartedTask, DriverCode>>
  /** Signal, wait up to the timeout, then kill the whole group. Resolves when nothing of it runs any more; idempotent. */
  stop(id: TaskId, signal: string, timeoutMs: number): Promise<Result<void, DriverCode>>
  signal(id: TaskId, signal: string): Promise<Result<void, DriverCode>>
  /** Puts the files of a task that runs in the place of those that it has: all are there when this resolves. */
  rewrite(task: TaskRequest): Promise<Result<void, DriverCode>>
  /** Everything of this node that runs now, found from the system itself; watches each from then on. Throws when it cannot say. */
  adopt(): Promise<readonly RunningTask[]>
  onExit(listener: (id: TaskId, exit: TaskExit) => void): void
  /** Combined or single stream; follows until aborted when asked; `tailBytes` from the end. Works after the task's end. Throws when it cannot be read. */
  logs(id: TaskId, options: LogOptions): AsyncIterable<Uint8Array>
  /**
   * Runs a program beside a task that runs, as its user and with its environment: in its container, or in its folder. Resolves within
   * the time given and a moment: what runs longer is killed as far as the driver can.
   */
  exec(task: TaskRequest, command: readonly string[], options: ExecOptions): Promise<Result<ExecEnd, DriverCode>>
  /** Removes what a finished task left (container, log files). */
  remove(id: TaskId): Promise<void>
  close(): Promise<void>
}

export interface ExecOptions {
  readonly timeoutMs: number
  /** Of both streams together; the beginning is kept. */
  readonly outputBytesMax: number
}

export interface ExecEnd {
  /** null: it was killed, by the time limit or somebody else. */
  readonly exitCode: number | null
  readonly output: string
}

export interface LogOptions {
  readonly stream: 'stdout' | 'stderr'
  readonly follow: boolean
  /** null: from the beginning. */
  readonly tailBytes: number | null
  readonly signal: AbortSignal
}

// ---------------------------------------------------------------- checks

/** One question to a task that runs. `${…}` is filled in. */
export interface CheckRequest {
  readonly id: string
  readonly task: TaskRequest
  readonly check: CheckSpec
  /** The number behind the check's label on this board; null: the group has no such port, or the check asks for none. */
  readonly port: number | null
}

export interface CheckOutcome {
  /** refused: this board never runs such a check. unknown: whoever was to ask could not (its engine is down), which says nothing of the task. */
  readonly result: 'passed' | 'failed' | 'refused' | 'unknown'
  /** At most `checkOutputBytesMax`, in words or as the task said it. */
  readonly output: string
}

/** A few lines of a terminal; a board keeps one for each check. */
export const checkOutputBytesMax = 1_024

export interface CheckRunner {
  /** Answers within the check's timeout and a moment; one that is rejected has failed. */
  run(request: CheckRequest): Promise<CheckOutcome>
}

// ---------------------------------------------------------------- host

/** What the board is: filled in once at start by `adapters/host.ts`. */
export interface HostFacts {
  readonly name: string
  readonly cpuMhz: number
  readonly memoryMib: number
  readonly diskMib: number
  readonly attributes: Readonly<Record<string, string>>
}

// ---------------------------------------------------------------- devices

/** A device that is there now and that the board's owner lets jobs have. */
export interface FoundDevice {
  /** By where it is plugged in: the same after a reboot, and when another one like it is plugged in beside it. */
  readonly key: string
  readonly type: string
  readonly vendor: string
  readonly model: string
  readonly attributes: Readonly<Record<string, string>>
  /** The file that a task opens; of no two devices the same. */
  readonly path: string
  /** The piece of hardware, however it is used (`isUnitShared`): a USB device, and the port that its driver makes of it. */
  readonly unit?: string
}

export interface DeviceFinder {
  /** Looks at the whole board; null: it could not. Never throws. */
  find(): Promise<readonly FoundDevice[] | null>
}
