// What two nodes say to each other to find out what the other lacks, as data (`anti-entropy.ts` answers, `sync-codec.ts` packs).
// An exchange is one chain of single frames: root → branches → leaves → entries → clocks → clocks (answer). Every frame says all
// that its answer needs, so a lost or repeated one costs a retry at most.

import type { ActorId, DocId, Epoch } from './ids.ts'

/** 'fleet': nothing but the fleet document, between nodes of different pools. 'pool': everything, inside one. */
export type SyncScope = 'fleet' | 'pool'

interface Common {
  /** Turns where a bounded answer begins, so that differences which cannot be settled do not hide the rest. 0 to 255. */
  readonly turn: number
  /** The sender's root when it sent the frame; in `more`, the receiver's root that it answers to. */
  readonly root: string
}

interface Bounded extends Common {
  /** The bounds left something out: whoever ends the chain asks for another. */
  readonly partial: boolean
}

export type SyncFrame = RootFrame | SameFrame | BranchesFrame | LeavesFrame | EntriesFrame | ClocksFrame | MoreFrame

/** Opens an exchange. */
export interface RootFrame extends Common {
  readonly kind: 'root'
}

/** Answer to an equal root: nothing differs. */
export interface SameFrame extends Common {
  readonly kind: 'same'
}

export interface BranchesFrame extends Common {
  readonly kind: 'branches'
  readonly hashes: readonly string[]
}

export interface LeavesFrame extends Bounded {
  readonly kind: 'leaves'
  /** Ascending by branch. */
  readonly branches: readonly { readonly branch: number; readonly hashes: readonly string[] }[]
}

export interface EntriesFrame extends Bounded {
  readonly kind: 'entries'
  /** Ascending by leaf; a single one with leaf null when it lists everything. */
  readonly sections: readonly Section[]
}

/** All documents of a leaf (null: of all) whose ids lie above `after` and not above `upTo` ('' = no bound). */
export interface Section {
  readonly leaf: number | null
  readonly after: string
  readonly upTo: string
  /** Ascending by document. */
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly doc: DocId
  readonly epoch: Epoch
  readonly digest: string
}

/** What the sender has of documents in which the two differ. */
export interface ClocksFrame extends Bounded {
  readonly kind: 'clocks'
  /** true: an answer to the other's clocks, to be answered with envelopes only. */
  readonly answer: boolean
  /** Ascending by document. */
  readonly clocks: readonly DocClock[]
}

export interface DocClock {
  readonly doc: DocId
  /** `nothing` when the sender does not have the document. */
  readonly epoch: Epoch
  /** Ascending by actor; empty: send the whole epoch. */
  readonly actors: readonly (readonly [ActorId, number])[]
}

/** 'I had more for you: if what I sent moved your root, open again.' */
export interface MoreFrame extends Common {
  readonly kind: 'more'
}

/** Epoch of a document that one does not have. */
export const nothing: Epoch = -1

export const syncLimits = {
  /** Sets of up to so many documents are listed at once (about 1.2 kB) instead of walked through the tree (three frames more). */
  smallSetDocsMax: 16,
  /** Differing branches asked about in one chain: 4 × 130 bytes. */
  branchesMax: 4,
  /** Encoded size of the entries or clocks of one frame: together with its head below 8 KiB, so that a slow link stays shared. */
  listBytesMax: 7_800,
  /** Upper bound of documents in one frame; the size above is reached first unless ids are very short. */
  docsMax: 1_024,
  /** A clock with more actors is sent empty (asks for everything): 36 kB, thousands of edits without a compaction. */
  actorsMax: 2_000,
  /** Envelope bytes that one frame may set in motion; a whole document always goes, whatever its size. */
  sendBytesMax: 256 * 1_024,
} as const
