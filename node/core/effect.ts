// What the core asks of the world, as data. Order is part of the contract: effects are carried out in the order of the list,
// and nothing after a `persist` leaves the board before that persist is on disk.

import type { NodeId } from '../../crdt/ids.ts'
import type { Examination } from '../../crdt/api-doctor.ts'
import type { Coverage, Reply, Request } from '../../crdt/api-types.ts'
import type { DriverName } from '../../crdt/spec.ts'
import type { CheckRequest, StoreWrite, TaskId, TaskRequest, Topic } from './ports.ts'

export type Effect =
  | { readonly kind: 'persist'; readonly writes: readonly StoreWrite[]; readonly sync: boolean }
  | { readonly kind: 'send'; readonly to: NodeId; readonly frame: Uint8Array }
  /** Envelopes by store key: the loop reads them and sends them as frames of at most `limits.syncChunkBytesMax`. */
  | { readonly kind: 'send-stored'; readonly to: NodeId; readonly keys: readonly string[] }
  | { readonly kind: 'broadcast'; readonly topic: Topic; readonly frame: Uint8Array }
  | { readonly kind: 'disconnect'; readonly peer: NodeId; readonly reason: string }
  | { readonly kind: 'remember'; readonly peer: NodeId; readonly addresses: readonly string[]; readonly wanted: boolean }
  | { readonly kind: 'forget'; readonly peer: NodeId }
  /** What admins say of the bootstrap list, beside the board's own. */
  | { readonly kind: 'bootstrap'; readonly listed: readonly string[]; readonly removed: readonly string[] }
  /** Valid pre-shared keys, newest first. What is persisted before survives a power cut by the time they are used. */
  | { readonly kind: 'use-psk'; readonly keys: readonly Uint8Array[] }
  | { readonly kind: 'prepare'; readonly task: TaskRequest }
  | { readonly kind: 'cancel-prepare'; readonly task: TaskId }
  | { readonly kind: 'start'; readonly task: TaskRequest }
  | {
      readonly kind: 'stop'
      readonly task: TaskId
      readonly driver: DriverName
      readonly signal: string
      readonly timeoutMs: number
    }
  | { readonly kind: 'remove'; readonly task: TaskId; readonly driver: DriverName }
  /** The task's files anew, and then the signals; `rewritten` answers it, by `digest`, which names what it is given. */
  | { readonly kind: 'rewrite'; readonly task: TaskRequest; readonly signals: readonly string[]; readonly digest: string }
  /** One question; `checked` answers it. */
  | { readonly kind: 'check'; readonly request: CheckRequest }
  /** The only timer: the loop sends a tick at or after this time; each step replaces it. */
  | { readonly kind: 'wake'; readonly at: number }
  | { readonly kind: 'reply'; readonly id: number; readonly reply: Reply; readonly last: boolean }
  /** Answer `doc.get`: the loop reads the envelopes from the store and replies with kind `doc`; that is the last reply. */
  | {
      readonly kind: 'reply-stored'
      readonly id: number
      readonly doc: string
      readonly pool: string
      readonly epoch: number
      readonly keys: readonly string[]
    }
  /** Ask one of these nodes, in order, and pass its answer on to the caller. */
  | {
      readonly kind: 'forward'
      readonly id: number
      readonly to: readonly NodeId[]
      readonly request: Request
      /** What the caller is told when none of them answers. */
      readonly unanswered: { readonly code: string; readonly message: string; readonly hint: string }
    }
  /** Look at what the core cannot see, ask these boards the same, and answer with what follows from all of it. */
  | {
      readonly kind: 'examine'
      readonly id: number
      readonly examination: Examination
      readonly ask: readonly NodeId[]
      /** Addresses that are tried besides those that the network dials. */
      readonly tries: readonly { readonly node: NodeId; readonly address: string }[]
      /** Of boards, by number: whose connections are looked for among those that do not go on. */
      readonly hosts: readonly string[]
      readonly coverage: Coverage
      /** Answer with the examination itself: another board asks. */
      readonly alone: boolean
    }
  /** Answer from the driver's log files, not from the core. */
  | {
      readonly kind: 'logs'
      readonly id: number
      readonly task: TaskId
      readonly driver: DriverName
      readonly stream: 'stdout' | 'stderr'
      readonly follow: boolean
      readonly tailBytes: number | null
    }
  /** This board is over, and why: the agent ends, and does not start again by itself. */
  | { readonly kind: 'left'; readonly why: string }
  | { readonly kind: 'inject-cut'; readonly peers: readonly NodeId[] | null }
  | {
      readonly kind: 'log'
      readonly level: 'debug' | 'info' | 'warn' | 'error'
      readonly message: string
      readonly data?: Readonly<Record<string, unknown>>
    }
