// What each thing that is refused says about who is to blame for it: one table of all codes. Points are given only for what no honest
// agent sends, of whatever version, with whatever disk and however late. What is sent once is sent again with every exchange until the
// other end has it, so the least weight on something honest would end in a ban.

import type { GateCode } from '../../../crdt/gate.ts'

export type Offence = GateCode | 'E_USURPED' | 'E_LINK_STATE' | 'E_MALFORMED' | 'E_OVERSIZE' | 'E_FLOOD'

export interface Weight {
  readonly points: number
  /**
   * The deliverer: on its own stream a board sends only what its own gate has let in, so it is to blame for what no gate does. Gossip is
   * passed on unread, and blames nobody for having brought it. The author: its signature over the very bytes proves who made them, whoever
   * brings them and on whatever way.
   */
  readonly blames: 'deliverer' | 'author' | 'both'
}

/** Three of them are a ban. */
const proof = 40
/** Ten are. */
const nonsense = 10

const innocent: Weight = { points: 0, blames: 'deliverer' }
const forged: Weight = { points: proof, blames: 'deliverer' }
const signedLie: Weight = { points: proof, blames: 'both' }

export const offences: Readonly<Record<Offence, Weight>> = {
  // ---- forged: whoever sends it on its stream would have had to refuse it
  /** Bytes under a name that did not sign them. Stores verify checksums, connections are authenticated: nothing else makes one. */
  E_SIGNATURE: forged,
  /** Another board's document, in the name of somebody who is not that board: the envelope alone says so. */
  E_USURPED: forged,
  /** A link state that its author did not sign. Nobody has one in its table. */
  E_LINK_STATE: forged,
  /** A frame beyond the greatest size: no agent's network sends one. */
  E_OVERSIZE: forged,

  // ---- signed and impossible: the head or the content contradicts itself, by rules that are the same for every version and document
  /** A compressed or foreign chunk; the encoding of changes is part of the protocol's version. */
  E_CHUNK: signedLie,
  E_CHECKSUM: signedLie,
  E_DECODE: signedLie,
  /** Every author makes its actor of its own key. */
  E_ACTOR: signedLie,
  E_SEQ: signedLie,
  /** Follows from the changes that it names, and these are the same everywhere. */
  E_START_OP: signedLie,
  E_PREDECESSOR: signedLie,
  E_CANONICAL: signedLie,
  /** Two changes under one number. Whoever has taken in the one passes it on in good faith: the author alone is to blame. */
  E_EQUIVOCATION: { points: proof, blames: 'author' },

  // ---- bytes without sense, and too much of anything
  /** A frame of a known kind that cannot be read. A kind never changes its layout: a new one is a new kind, which counts nothing. */
  E_MALFORMED: { points: nonsense, blames: 'deliverer' },
  /** As much again beyond an allowance as the allowance itself. */
  E_FLOOD: forged,

  // ---- innocent
  /** Late, early, or overtaken: gossip and a disk that lost something. */
  E_MISSING: innocent,
  E_EPOCH_OLD: innocent,
  /** The two ends know different grants, or the board sends a document's owner its own: the fleet document may be behind at either. */
  E_RIGHT: innocent,
  /** A board that was moved to another pool, or set up with another fleet's file. */
  E_POOL: innocent,
  E_FLEET: innocent,
  /** Limits, kinds and registers of a newer agent, which an older one does not know (docs/adr/0007). */
  E_SIZE: innocent,
  E_FRAME: innocent,
  E_DOC_ID: innocent,
  E_KEY: innocent,
  E_VALUE: innocent,
  E_OPS: innocent,
  /** A document full of heads, which two sides of a cut have filled together. */
  E_DEPS: innocent,
  /** Automerge failed here: it may be this board's memory. */
  E_SHADOW: innocent,
}
