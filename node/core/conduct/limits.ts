// Every bound of how this board judges its peers, with its reason (docs/adr/0031).

export const conductLimits = {
  /** Three proofs of malice within a half-life: a single one may be a bit that has flipped in the memory of a board without ECC. */
  bannedAtPoints: 100,
  /** Bad luck of yesterday is no reason today; an attack that keeps below three proofs in this time costs three signatures. */
  halfLifeMs: 10 * 60_000,
  /** The first ban is half of the default replace_after: it moves no copy. */
  banMsMin: 30_000,
  /** Each further one is twice as long, up to this: a board that was mended is back within the hour, whoever has forgotten it. */
  banMsMax: 3_600_000,
  /** So long after the end of its last ban a board begins with the shortest again. */
  forgottenMs: 24 * 3_600_000,
  /** Peers of which anything is remembered: those of a large pool. Each is some 200 bytes. */
  recordsMax: 1_024,
  /** Envelopes whose author has been blamed for them: others can say them again for ever. */
  proofsMax: 256,
} as const

/** What a peer may ask of this board. All far above what honest boards do in a boot storm of 1,000 or a heal after days. */
export const askRates = {
  /**
   * Frames of anti-entropy and lists of link states that are answered. A new board in a pool with 100 MB of documents asks some ten a
   * second, for as long as it can check what comes.
   */
  asks: { perSecond: 50, atOnce: 2_000 },
  /** Envelopes and link states read from the disk for it: twice what the fastest board can check, about 1 ms each. */
  sends: { perSecond: 2_000, atOnce: 65_536 },
  /** Frames that are read of a board that waits or is evicted: the fleet document is at most some sixty, with a few greetings. */
  strangerFrames: { perSecond: 2, atOnce: 256 },
} as const
