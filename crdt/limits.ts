// Every bound of documents, envelopes and the gate, with its unit in its name and its reason beside it. A bound here is part
// of the protocol: two nodes with different bounds could accept different changes, so raising one is a new protocol version.

export const limits = {
  // ---- a change: what Automerge has to decode and apply in one go
  /** 16 kB keeps one change below the size where gossip slows down; a full change takes a few ms on a board. */
  changeBytesMax: 16_384,
  /** Bounds decoding: 167 bytes can claim 300,000 operations by run lengths. */
  changeOpsMax: 500,
  /** What an author fills a change up to; the rest is room for predecessors that the estimate does not see. */
  changeBytesAim: 12_288,
  changeOpsAim: 400,
  /** Overwritten values named by one change. One an operation is normal; more only where conflicts are settled. */
  changePredecessorsMax: 4_096,
  /**
   * Each is 32 bytes in the next change, which names them all: 12 kB of the 16 that it has, and more than `headsMax` with the reserve,
   * which is for keys that have a right when keys without one have filled the rest. Of the fleet document's heads a change names at most
   * `fleetDepsAim`, and leaves what has no effect alone: so it has no bound of heads, and boards take the same ones.
   */
  changeDepsMax: 384,
  headsMax: 256,
  headsReserve: 64,
  fleetDepsAim: 256,
  /** More than a few concurrent changes of one key are no split, but somebody who wants to shut others out. */
  keyHeadsMax: 32,
  /** A node writes alone; two of its boots may not know of one another. */
  nodeHeadsMax: 64,
  /** Admins with room of their own for revocations: the longest-standing ones, so that nobody can push them out. */
  revokersMax: 16,
  /** What each of them may have of it; 16 × 32 × 2 are an eighth of all registers. */
  bareRevocationsMax: 32,
  bareRevocationKeysMax: 2,
  /** Wall-clock seconds are for display; this is the year 36812, and small enough to add to. */
  changeTimeSecondsMax: 2 ** 40,

  // ---- an envelope: what is signed, sent, stored and applied as one
  /** One edit is one envelope, so that nobody sees half of it: big enough for a whole compacted node document. */
  envelopeBytesMax: 131_072,
  changesPerEnvelopeMax: 64,
  /** Bounds the work of one admission (about 25 us an operation on a PC); the largest specification has 2,000 registers. */
  envelopeOpsMax: 2_500,
  /** Anti-entropy sends frames of about this size, so that a slow link stays usable. An envelope larger than it goes alone. */
  syncChunkBytesMax: 8_192,
  /** Text fields of an envelope's head: the longest is `job/` and two names of 63 characters. */
  headTextBytesMax: 160,

  // ---- registers
  /** Eight path parts of up to 63 characters. */
  pathBytesMax: 512,
  /** Half a change: long command lines and small configuration files fit. */
  stringBytesMax: 8_192,

  // ---- documents
  /**
   * When a node rewrites its own document. Automerge would bear 2,000 changes, but whoever has not kept it open loads all of them to
   * check one more (6 us each), a joining board checks every envelope, and everybody keeps them; a rewrite costs a few kB once.
   */
  nodeDocChangesAim: 96,
  /** A rewrite sends every register again (about 10 bytes): at most one for so few registers. */
  registersPerRewriteChange: 16,
  /** About 1,000 claims that came and went. */
  nodeDocBytesAim: 65_536,
  /** After a rewrite that did not shrink it, a node waits for so many changes before the next. */
  rewriteChangesMin: 64,
  /** Other documents are small; an operator is asked to compact them from here on. */
  docChangesAim: 2_000,
  docBytesAim: 196_608,
  /**
   * Hard ends, so that an authorised author cannot fill the boards: what exceeds them is refused (`gate/room.ts`). One key of an
   * operators' document has half of its changes and bytes. What keys without a right have filled counts not against the others, up to
   * twice these.
   */
  docBytesMax: 262_144,
  docChangesMax: 10_000,
  /**
   * What its envelopes may take on every disk, and on the link of every board that joins: overwritten values compress to nothing in
   * the document itself. Ten thousand edits of the usual size are 6 MB.
   */
  docEnvelopesBytesMax: 16_777_216,
  docRegistersMax: 8_192,
  /**
   * What one key may have of the fleet document, which nothing compacts and every board judges as a whole at each
   * change: an admin who writes twice a week goes on for ten years, and then with another key.
   */
  fleetKeyChangesMax: 1_024,
  fleetKeyBytesMax: 1_048_576,
  /**
   * From so many registers on a node rewrites its document once so many of them are deleted: claims that came and went leave theirs
   * behind, and every peer refuses a document beyond `docRegistersMax`.
   */
  nodeDocRegistersAim: 4_096,
  rewriteDeletedMin: 1_024,
  /**
   * From so many registers on, those counted that its claims may still come to, a node takes no new claim. The rest up to
   * `docRegistersMax` is room for the deleted ones and for one claim of the largest group (209), so that it can always tell the end of
   * what it began.
   */
  nodeDocRegistersFull: 6_912,
  /** Epochs and bases are counted up by one and by change counts; these are out of reach for honest authors. */
  epochMax: 2 ** 32,
  /** Up to here an operator's key begins epochs of jobs; above, only admins do: so there is room above whatever the former wrote. */
  operatorEpochMax: 2 ** 31,
  /** More than `epochMax` epochs of twice `docChangesMax` changes, which is all that the gate lets an epoch have. */
  baseMax: 2 ** 48,
} as const
