// A document at rest: saved bytes plus a plain snapshot. It enters Automerge only while a change is applied (`replica.ts`), so
// ten thousand of them cost what their bytes cost. Immutable: a change makes a new value, and whoever kept the old one can
// compare identities to know that nothing changed.

import type { ActorId, AuthorId, ChangeHash, DocId, DocKind, Epoch, PoolName } from './ids.ts'
import type { Registers, Scalar } from './registers.ts'

export interface Doc {
  readonly id: DocId
  readonly kind: DocKind
  readonly pool: PoolName
  readonly epoch: Epoch
  /** What Automerge saved: a cache that the envelopes can rebuild. */
  readonly saved: Uint8Array
  readonly registers: Registers
  /** Paths with more than one concurrent value; the losers, in a deterministic order. */
  readonly conflicts: ReadonlyMap<string, readonly Scalar[]>
  /** Sorted. */
  readonly heads: readonly ChangeHash[]
  /** 16 hex digits over epoch and heads: equal digests mean equal documents. */
  readonly digest: string
  /** Number of changes that earlier epochs held; a new epoch's base lies above every count known. */
  readonly base: number
  /** Changes in this epoch's history, genesis not counted. */
  readonly changeCount: number
  /** Highest sequence number of every actor, genesis not counted. */
  readonly clock: ReadonlyMap<ActorId, ActorClock>
  /** The signed envelopes that make up the document, in an order in which they can be applied. Bytes are in the store. */
  readonly envelopes: readonly EnvelopeRef[]
  /** Registers and conflicts are those of another document without changes that are void (`rights/`). To read, not to write or store. */
  readonly judged?: { readonly of: Doc; readonly voided: ReadonlySet<ChangeHash>; readonly released: ReadonlySet<ChangeHash> }
}

export interface ActorClock {
  readonly seq: number
  readonly author: AuthorId
}

export interface EnvelopeRef {
  /** SHA-256 (hex) of the envelope's bytes: its key in the store. */
  readonly hash: string
  readonly actor: ActorId
  readonly author: AuthorId
  readonly firstSeq: number
  readonly count: number
  readonly bytes: number
}
