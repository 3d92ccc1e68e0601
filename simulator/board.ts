// One simulated board: what survives a kill (disk and tasks) and what does not (the core and its connections). Plain data; the
// world moves it.

import type { Signer } from '../crdt/crypto.ts'
import type { NodeId } from '../crdt/ids.ts'
import type { Resources } from '../crdt/view.ts'
import type { Core } from '../node/core/step.ts'
import type { AdoptedTask, FoundDevice, TaskDriver, TaskExit } from '../node/core/ports.ts'
import type { Alarm } from './alarm.ts'
import { type BoardClock, trueClock } from './board-clock.ts'
import type { Death } from './deaths.ts'
import { Disk } from './disk.ts'

export interface BoardSpec {
  readonly name: string
  readonly id: NodeId
  readonly signer: Signer
  readonly pool?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly capacity?: Resources
  readonly attributes?: Readonly<Record<string, string>>
  /** By which token it is in a certified fleet. */
  readonly certificate?: Uint8Array
  /** Of its join file; absent: nobody asks for one. It keeps nobody out here, and boards hand on later ones as real ones do. */
  readonly psk?: Uint8Array
  /** `raw_exec` unless told otherwise. */
  readonly drivers?: readonly TaskDriver['name'][]
  /** What is plugged in, and its owner lets jobs have; absent: nobody looks. */
  readonly devices?: readonly FoundDevice[]
  /** Where its operator told it to ask for the fleet; absent: names of some other boards. */
  readonly bootstrap?: readonly string[]
}

export interface Given {
  readonly files: Readonly<Record<string, string>>
  readonly signals: readonly string[]
}

export interface Board {
  /** Replaced when a board moves to another pool or gets other labels. */
  spec: BoardSpec
  core: Core | null
  /** Where it can be dialled now. */
  address: string
  readonly disk: Disk
  /** Writes that a full disk does not take: in the agent's memory, as its journal has them. */
  readonly held: Map<string, Uint8Array | null>
  /** It ends in the middle of a step soon; null: it does not. */
  death: Death | null
  /** Its agent is to run, and does not begin as long as the disk cannot be read. */
  awaitsDisk: boolean
  /** Since when its disk has not said that a write is durable: what leaves the board waits for that. Virtual ms; null: nothing waits. */
  syncingSince: number | null
  /** An agent that has ended: what it told its drivers last comes about all the same. */
  carriedOn: Core | null
  /** Until when it takes no event, as if it were swapping or asleep; what comes meanwhile waits. */
  pausedUntil: number
  /** A slow CPU: so long each step takes, and until when it is busy with the last one. */
  stepMs: number
  busyUntil: number
  /** Its monotonic clock. */
  clock: BoardClock
  /** Its drivers answer nothing: what runs goes on, and no agent is told of it. */
  isDriverSilent: boolean
  /** What it says that it has, if that is not the truth. */
  saysCapacity: Resources | null
  /** What its wall clock is ahead of the others', ms. */
  wallAheadMs: number
  /** What is plugged in now; null: looks at it do not answer. */
  devices: readonly FoundDevice[] | null
  readonly tasks: Map<string, AdoptedTask>
  /** Tasks that ended while no agent ran, which the next one is told of. */
  readonly ended: Map<string, TaskExit>
  /** What tasks have in their folders, and the signals that they got since they began. */
  readonly given: Map<string, Given>
  /** Task → when its driver will have started it. */
  readonly starting: Map<string, number>
  /** Whom it is connected with: which machine, since two may have one key. */
  readonly peers: Map<NodeId, Board>
  boots: number
  /** When its core wants to be woken; null: it has been. */
  alarm: Alarm | null
  /** `persist` effects so far, and what was handed to the network. */
  writes: number
  messagesSent: number
  bytesSent: number
  /** Everything that it was told to start and stop, in order: for checkers. */
  readonly trail: { readonly at: number; readonly what: 'start' | 'stop'; readonly task: string; readonly slot: string }[]
  readonly logs: string[]
}

/** `names`: see `Disk`. */
export function createBoard(spec: BoardSpec, names = new Map<string, string>()): Board {
  return {
    spec,
    core: null,
    address: `/sim/${spec.name}`,
    disk: new Disk(names),
    held: new Map(),
    death: null,
    awaitsDisk: false,
    syncingSince: null,
    carriedOn: null,
    pausedUntil: 0,
    stepMs: 0,
    busyUntil: 0,
    clock: trueClock,
    isDriverSilent: false,
    saysCapacity: null,
    wallAheadMs: 0,
    devices: spec.devices ?? null,
    tasks: new Map(),
    ended: new Map(),
    given: new Map(),
    starting: new Map(),
    peers: new Map(),
    boots: 0,
    alarm: null,
    writes: 0,
    messagesSent: 0,
    bytesSent: 0,
    trail: [],
    logs: [],
  }
}

/** The board believes that it is connected with that machine. */
export function isEnd(board: Board, other: Board): boolean {
  return board.peers.get(other.spec.id) === other
}

export function isWhole(a: Board, b: Board): boolean {
  return isEnd(a, b) && isEnd(b, a)
}
