// Wire types of the API: what is said of boards.

import type { Device } from './devices.ts'
import type { Liveness, NodeView, WaitingReason } from './view.ts'
import type { AllocRow } from './api-jobs.ts'

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
  /** Said only where the board that answers is connected to it; `via` is the relay's name here. */
  readonly path?: PeerPath
}

/** How two boards are connected. */
export interface PeerPath {
  readonly over: 'tcp' | 'websocket'
  /** The board that relays; null: none does. */
  readonly via: string | null
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
  /** Said only where there are any; and which copy holds it, if one does, as a slot. */
  readonly devices?: readonly (Device & { readonly heldBy: string | null })[]
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
