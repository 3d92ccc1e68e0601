// Wire types of the API: what a board that is examined says of itself and of others (`Examination`), and what follows from one or several
// of these (`Finding`). Plain data, and every time in it is an age: boards' clocks need not agree.

import type { Liveness, WaitingReason } from './view.ts'

export type Severity = 'critical' | 'warning' | 'note'

/** both: nothing passes either way. from-to: what goes from the first to the second is lost. unknown: cannot be told from here. here: it is about the boards of `from`. */
export type Direction = 'both' | 'from-to' | 'unknown' | 'here'

export interface Finding {
  /** Listed in docs/doctor.md. */
  readonly id: string
  readonly severity: Severity
  /** Names of boards. */
  readonly from: readonly string[]
  readonly to: readonly string[]
  readonly direction: Direction
  /** For how long it has been so; null: that is not known. */
  readonly sinceMs: number | null
  readonly evidence: readonly string[]
  readonly stillWorks: string
  readonly whatToDo: string
}

/** What one board knows, at one moment. */
export interface Examination {
  readonly node: string
  readonly name: string
  readonly pool: string
  readonly version: string
  /** How long its agent has run. */
  readonly upMs: number
  readonly wallMs: number
  readonly isClockSynchronised: boolean
  /** It has not compared its documents with anybody since it began. */
  readonly isCatchingUp: boolean
  /** Hash over the pool's documents as they are here, how many they are, and how long none of them has changed. */
  readonly documents: { readonly hash: string; readonly count: number; readonly quietMs: number }
  /** How often peers had newer changes of this board than its own disk. */
  readonly oldDisk: number
  readonly storeProblem: { readonly reason: string; readonly sinceMs: number } | null
  /** Why it is not admitted. */
  readonly waits: WaitingReason | null
  /** Its addresses changed while it ran. */
  readonly moved: { readonly before: readonly string[]; readonly agoMs: number } | null
  readonly addresses: readonly string[]
  readonly links: readonly LinkSeen[]
  readonly falls: readonly FallSeen[]
  /** Of an examination that was asked for by another board: those alone of which there is something to say. */
  readonly boards: readonly BoardSeen[]
  readonly bans: readonly { readonly node: string; readonly code: string; readonly leftMs: number; readonly isHeld: boolean }[]
  /** What could not be read from the agent's memory; absent: nobody has looked. */
  readonly surroundings?: Surroundings
}

/** A board that is connected. */
export interface LinkSeen {
  readonly node: string
  /** Both directions were proved lately, and others are told so. */
  readonly isNamed: boolean
  /** Since both directions were known to work; null: never on this connection. */
  readonly provedMs: number | null
  /** Least time from a probe to its echo; null: not measured. */
  readonly roundTripMs: number | null
}

/** A connection that ended because probes were not answered. */
export interface FallSeen {
  readonly node: string
  readonly agoMs: number
  /** How often within the hour. */
  readonly times: number
  /** Probes of the other that came while this board's own were not answered. */
  readonly unheard: number
  /** The two have been connected again since, or the other was away for everybody and is back. */
  readonly isOver: boolean
}

export interface BoardSeen {
  readonly node: string
  readonly name: string
  readonly liveness: Liveness
  /** Since it was last alive; 0: it is. */
  readonly silentMs: number
  /** Since when a path leads there; null: none does. */
  readonly pathMs: number | null
  /** When it came back within the last hour, as ages. */
  readonly returns: readonly number[]
  /** Ids of those with whom it shares a standing edge, as last heard. */
  readonly neighbours: readonly string[]
  readonly addresses: readonly string[]
  readonly evicted: boolean
  readonly waits: WaitingReason | null
  /** Addresses of the machines that run with its key. */
  readonly clones: readonly string[]
  /** Drivers that do not work, why, and how many of its copies need them. */
  readonly driversDown: readonly { readonly driver: string; readonly reason: string; readonly copies: number }[]
  /** It has not the newest pre-shared key that is open. */
  readonly lacksPsk: boolean
  /** Copies that it holds. */
  readonly copies: number
}

/** How a try to reach an address over TCP ended, now. */
export type Reached = 'yes' | 'refused' | 'silent' | 'unreachable' | 'unnamed'

export type FaultKind = 'name' | 'silent' | 'refused' | 'unreachable' | 'handshake' | 'other'

/** An address that the board dials by itself. */
export interface WayKnown {
  readonly address: string
  /** null: whose it is has not been seen. */
  readonly node: string | null
  readonly isBootstrap: boolean
  /** Its last dials failed: in which way, in which words, since when, how often. null: the last one did not. */
  readonly fault: DialFault | null
}

export interface DialFault {
  readonly kind: FaultKind
  readonly words: string
  readonly sinceMs: number
  readonly agoMs: number
  readonly times: number
}

export interface WaySeen extends WayKnown {
  /** null: it was not tried. */
  readonly reached: Reached | null
}

export interface NameSeen {
  readonly name: string
  /** nothing: there is no such name, or no server that says so. hangs: no answer in time. */
  readonly outcome: 'answers' | 'nothing' | 'hangs'
  readonly addresses: readonly string[]
  readonly tookMs: number
}

export interface ConnectionSeen {
  readonly node: string
  /** Who dialled. */
  readonly by: 'here' | 'there'
  readonly isRelayed: boolean
}

export interface Surroundings {
  readonly disk: { readonly freeMib: number; readonly totalMib: number } | null
  readonly memory: { readonly availableMib: number; readonly totalMib: number; readonly agentMib: number } | null
  readonly names: readonly NameSeen[]
  readonly ways: readonly WaySeen[]
  readonly connections: readonly ConnectionSeen[]
  /** Hosts whose connections have begun here and do not go on: they come in, and the answer does not get back. */
  readonly halfOpen: readonly string[]
}

/** A board that was asked for its examination and gave none. */
export interface Unanswered {
  readonly node: string
  readonly name: string
  readonly why: string
}

/** Who hears whom, as far as it is known: `heard` is what came from `from` to `to`. */
export interface ReachRow {
  readonly from: string
  readonly to: string
  readonly heard: 'yes' | 'no' | 'unknown'
  /** Since it was last known to be so; null: not known. */
  readonly ageMs: number | null
  readonly roundTripMs: number | null
}

export interface Diagnosis {
  readonly findings: readonly Finding[]
  readonly reach: readonly ReachRow[]
  readonly examined: readonly ExaminedRow[]
  readonly unanswered: readonly Unanswered[]
  /** What this version cannot look at. */
  readonly notExamined: readonly string[]
}

export interface ExaminedRow {
  readonly node: string
  readonly name: string
  readonly version: string
  readonly upMs: number
  /** What its clock is ahead of the board's that was asked; 0 for that one. */
  readonly clockMs: number
  readonly documents: Examination['documents']
  readonly disk: Surroundings['disk']
  readonly memory: Surroundings['memory']
  readonly relayed: number
}
