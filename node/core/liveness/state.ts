// What a node knows about who is alive: connections and their edges, the table of link states, and what it concluded. One
// mutable object that the core owns; only the files of this folder write to it. Nothing here is ever persisted: after a boot it
// is learnt again.

import type { Crypto, Signer } from '../../../crdt/crypto.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Liveness } from '../../../crdt/view.ts'
import type { Random } from '../random.ts'
import type { Fall } from './falls.ts'
import type { LivenessLimits } from './limits.ts'
import type { LinkState } from './link-state.ts'
import type { LinkStateReader } from './reader.ts'
import type { Probe } from './probe-number.ts'

export type LivenessEffect =
  | { readonly kind: 'probe'; readonly to: NodeId; readonly n: number }
  /** `n` is the probe's own number: an echo. */
  | { readonly kind: 'probe-ack'; readonly to: NodeId; readonly n: number }
  /** Broadcast this one link state (own, or newer news of another) in a frame of its own, so that equal ones have equal message ids. */
  | { readonly kind: 'publish'; readonly state: Uint8Array }
  /** Send these link states to this one peer on its stream. Never by gossip, which swallows what it has carried before. */
  | { readonly kind: 'relay'; readonly to: NodeId; readonly states: readonly Uint8Array[] }
  /** The tables of the two differ for longer than the spread explains: begin link-state anti-entropy with this peer. */
  | { readonly kind: 'compare'; readonly to: NodeId }
  | { readonly kind: 'hang-up'; readonly peer: NodeId; readonly reason: string }

/** A run of probes that waits for its first echo. */
export interface Round {
  startedAt: number
  nextAt: number
  tries: number
  /** Another neighbour gave the peer up. */
  doubted: boolean
  /** The edge fell while it waited: what it measures is a cut, not the link. */
  fell: boolean
  /** Probes of the peer that came while it waited. */
  unheard: number
}

/** A connection, and the edge that it may carry. */
export interface Link {
  readonly peer: NodeId
  /** Place in this node's own order of choice (rendezvous hash of the two ids): lower is better. */
  readonly rank: number
  /** This node wants the edge: its own choice, or the only way to the peer. */
  wants: boolean
  /** The peer wants it and there is room. */
  taken: boolean
  /** This node names the peer; the peer's sequence at that moment. null: it does not. */
  named: number | null
  namedAt: number
  /** The peer's last probe. */
  heard: Probe | null
  /** What the last echoed own probe said (without counter and table mark): what the peer knows of this end. */
  told: number | null
  /** Last moment at which both directions were known to work. */
  proofAt: number | null
  /** When the next routine round is due. */
  dueAt: number
  round: Round | null
  sent: { readonly n: number; readonly at: number }[]
  counter: number
  /**
   * Time from a round's first probe to its first echo, smoothed, and by how much echoes come later than that in the mean: lost
   * probes are in them, cuts are not. `least` is near the true round trip.
   */
  echo: { readonly mean: number; readonly lateness: number; readonly least: number } | null
  refusedUntil: number
  /** When a connection without a path becomes a bridge. */
  bridgeAt: number | null
  /** This end gave the connection up; nothing is sent until the peer is heard again. */
  hungUp: boolean
  differsSince: number | null
  comparedAt: number
  /** The own statement that was last sent on this stream, and when. */
  relayed: { readonly sequence: number; readonly at: number } | null
}

/** What this node concludes about another member. */
export interface Member {
  status: Liveness
  /** Since when a path has led there without a break. */
  pathAt: number | null
  /** When the last path broke; boot time if there never was one. */
  lostAt: number
  /** Moments of its returns within the window. */
  returns: number[]
  /** The last absence was announced (`left`): coming back is no flapping. */
  orderly: boolean
}

export interface Entry {
  readonly state: LinkState
  /** 64 bits of the hash of its bytes; the table's digest is the XOR of them. */
  readonly mark: readonly [number, number]
}

export interface LivenessState {
  readonly self: NodeId
  readonly crypto: Crypto
  readonly signer: Signer
  readonly reader: LinkStateReader
  readonly limits: LivenessLimits
  readonly random: Random
  readonly bootNumber: number
  /** The latest time that any call brought. */
  now: number
  /** The deadline that the last call ended with: a later tick means that this node overslept. */
  promisedAt: number
  /** When this node last woke from a freeze; −∞: never. */
  wokeAt: number
  /** Something is different from when the last tick had looked at everything. */
  stirred: boolean
  /** If nothing is, a tick before this has nothing to do. */
  quietUntil: number
  readonly links: Map<NodeId, Link>
  reviewAt: number
  readonly members: Map<NodeId, Member>
  /** Those of them whose verdict time may change: who is alive without a path, or has one and is not alive; and who is new or has left. */
  readonly unsettled: Set<NodeId>
  /** Newest link state of every member, the own one included. */
  readonly table: Map<NodeId, Entry>
  readonly tableMark: [number, number]
  readonly waiting: Map<NodeId, LinkState>
  readonly keys: Map<NodeId, Uint8Array>
  /** For `shoal doctor` alone. */
  readonly falls: Map<NodeId, Fall>
  holds: (node: NodeId, heads: string) => boolean
  own: Own
  /** Nodes that a path leads to, each with the node before it on that path, which comes before it here; self included, with none. */
  readonly reached: Map<NodeId, NodeId | null>
  /** Whose edges may be more since paths were computed. */
  readonly grown: Set<NodeId>
  /** Who was reached over an edge that is gone since then. */
  readonly fallen: Set<NodeId>
  /** When paths must be computed again; null: nothing changed. */
  pathsAt: number | null
  /** Next moment at which time alone may change a member's status. */
  memberAt: number
  changes: number
  /** When a member was last found disconnected; null: never since boot. */
  fellAt: number | null
  /** Others' link states passed on to gossip in the current window. */
  news: { readonly since: number; count: number }
  doubt: { lagMs: number; halvesAt: number }
  /** Refused link states, by reason. */
  readonly refused: Record<RefusalReason, number>
  out: LivenessEffect[]
}

export type RefusalReason = 'malformed' | 'forged' | 'stranger' | 'stale'

export interface Own {
  /** null until the core has said what the own document's heads are: a booted node first writes what its drivers say. */
  heads: string | null
  left: boolean
  /** The next statement's sequence is above this. */
  sequence: number
  publishAt: number | null
  publishedAt: number | null
  /** First and last change of the heads since the last signature. */
  headsChanged: { readonly first: number; readonly last: number } | null
}
