// Everything that can happen to a node, as data. Each event carries the monotonic time at which the driver loop took it.

import type { NodeId } from '../../crdt/ids.ts'
import type { PeerPath } from '../../crdt/api-nodes.ts'
import type { Request } from '../../crdt/api-types.ts'
import type { AdoptedTask, CheckOutcome, DriverCode, Fingerprint, FoundDevice, HostFacts, Misconduct, TaskExit, TaskId } from './ports.ts'
import type { Config } from './config-types.ts'

export type CoreEvent =
  | Boot
  /** `clock`: what the host's shows, and whether it says that it is synchronised. */
  | { readonly kind: 'tick'; readonly now: number; readonly lagMs: number; readonly clock?: HostClock }
  | { readonly kind: 'peer-up'; readonly now: number; readonly peer: NodeId }
  | { readonly kind: 'peer-down'; readonly now: number; readonly peer: NodeId }
  /** How a peer that is up is reached. */
  | { readonly kind: 'path'; readonly now: number; readonly peer: NodeId; readonly path: PeerPath }
  | { readonly kind: 'frame'; readonly now: number; readonly from: NodeId; readonly via: 'stream' | 'gossip'; readonly bytes: Uint8Array }
  /** What the network saw of a connected peer, and refused by itself. */
  | { readonly kind: 'misbehaved'; readonly now: number; readonly peer: NodeId; readonly code: Misconduct }
  | { readonly kind: 'addresses'; readonly now: number; readonly addresses: readonly string[] }
  | { readonly kind: 'fingerprint'; readonly now: number; readonly driver: string; readonly fingerprint: Fingerprint }
  /** A look at the board's devices has answered. */
  | { readonly kind: 'devices'; readonly now: number; readonly found: readonly FoundDevice[] }
  /** A driver that had been down answers again: what it runs. */
  | { readonly kind: 'adopted'; readonly now: number; readonly running: readonly AdoptedTask[] }
  | { readonly kind: 'prepared'; readonly now: number; readonly task: TaskId; readonly outcome: Outcome }
  | { readonly kind: 'started'; readonly now: number; readonly wallMs: number; readonly task: TaskId; readonly outcome: Outcome }
  | { readonly kind: 'stopped'; readonly now: number; readonly task: TaskId }
  | { readonly kind: 'exited'; readonly now: number; readonly task: TaskId; readonly exit: TaskExit }
  | { readonly kind: 'progress'; readonly now: number; readonly task: TaskId; readonly words: string }
  /** The answer to the `rewrite` of that digest. */
  | { readonly kind: 'rewritten'; readonly now: number; readonly task: TaskId; readonly digest: string; readonly outcome: Outcome }
  /** The answer to a `check` of that id. */
  | { readonly kind: 'checked'; readonly now: number; readonly id: string; readonly outcome: CheckOutcome }
  | {
      readonly kind: 'command'
      readonly now: number
      readonly wallMs: number
      readonly id: number
      readonly caller: string | null
      readonly request: Request
    }
  | { readonly kind: 'command-gone'; readonly now: number; readonly id: number }
  | { readonly kind: 'store-state'; readonly now: number; readonly writable: boolean; readonly reason: string }

interface HostClock {
  readonly wallMs: number
  readonly isSynchronised: boolean
}

/** `found`: of a start, it ran already, and nothing was done. */
export type Outcome =
  | { readonly ok: true; readonly found?: true }
  | { readonly ok: false; readonly code: DriverCode; readonly message: string }

/** Keys and values, as the store held them. */
export type StoreRecords = readonly (readonly [string, Uint8Array])[]

/** The first event: what was on disk, what already runs, and this boot's entropy. */
export interface Boot {
  readonly kind: 'boot'
  readonly now: number
  readonly wallMs: number
  /** 16 random bytes: the boot nonce of actors; also seeds the core's generator. */
  readonly nonce: Uint8Array
  readonly config: Config
  readonly host: HostFacts
  readonly records: StoreRecords
  readonly running: readonly AdoptedTask[]
  readonly fingerprints: Readonly<Record<string, Fingerprint>>
}
