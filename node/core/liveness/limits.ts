// Every bound and wait of liveness, with its reason. The times were chosen with `simulator/link-spread-main.ts`; its table is in
// this folder's README. All are milliseconds unless the name says otherwise.

export const livenessLimits = {
  /**
   * Routine look at a quiet edge. One probe and its echo cost both ends about 140 bytes on the wire together with TCP's own
   * acknowledgement; four edges at this pace are 0.19 kB/s, which leaves room for gossip in the 0.5 kB/s of DESIGN 13. At 2.5 s a
   * silent cut is found 0.1 s sooner (median) for 0.05 kB/s more.
   */
  probeIntervalMs: 3_000,
  /** The end that does not probe waits so much longer before it looks for itself: a round trip and one lost probe. */
  probeOtherEndMs: 400,
  /**
   * An unanswered probe is sent again after so long, then after 1.5 times, 2 times … this: four tries before an edge falls. Evenly
   * spaced repeats kept a board with 5 % of a CPU overloaded for minutes.
   */
  reprobeMs: 300,
  /** No edge falls sooner: it covers three lost TCP segments in a row (0.2 + 0.4 + 0.8 s), or three lost probes. */
  giveUpMsMin: 1_500,
  /** However slow an edge has been measured, it falls after this, or a silent cut could not be told within 5 s. */
  giveUpMsMax: 3_000,
  /** The same once another neighbour has given the peer up: two independent doubts need less patience each. */
  giveUpDoubtedMs: 1_000,
  /**
   * An echo is awaited for its mean time and so many times its mean lateness; half as many once another neighbour has given the peer
   * up. About four mean deviations, which is what TCP waits (RFC 6298): lateness counts only one side of them.
   */
  latenessFactor: 8,
  /** A probe round that brings no echo for so long ends the connection. Longer than giveUp: an edge may come back without a new handshake. */
  hangUpMs: 5_000,
  /** DESIGN 4: without a path for 1 s plus what link states take to spread, a node is disconnected. */
  suspicionMs: 1_000,
  /** Added to half an echo time for each hop that a link state travels: queues and one step of a small board. */
  spreadHopMs: 10,
  spreadMsMin: 50,
  spreadMsMax: 3_000,
  /** Peers that a node chooses for itself. Two random choices each connect any number of nodes, with about four edges a node. */
  choicesCount: 2,
  /** Edges that a node watches, its own choices, bridges and others' choices together (DESIGN 4). */
  watchedCountMax: 8,
  /** Edges confirmed beyond that, only for peers to whom no other path leads: the one dialable board of a site. A link state holds so many. */
  namedCountMax: 32,
  /** A connection to a peer without a path becomes an edge after a random wait in this range, so that the first bridge spares the others. */
  bridgeMsMin: 100,
  bridgeMsSpread: 400,
  /** A peer that has all the edges it may have is not asked again for so long. */
  refusedMs: 60_000,
  /** About this often a node gives up one edge too many; slow enough that the others have heard of it before they give up theirs. */
  reviewMs: 10_000,
  /** Own link states are at least so far apart; the first change goes out at once. */
  publishGapMs: 200,
  /** Until two echo times have passed, a peer that lacks the own statement is taken to have been sent it; in these bounds. */
  relayAgainMsMin: 200,
  relayAgainMsMax: 400,
  /** While somebody fell within `awayMs`, new heads of the own document are signed once they have been quiet for so long … */
  headsQuietMs: 1_000,
  /** … or at the latest after this: what a returning side claims must be known to be missing. */
  headsLateMsMax: 5_000,
  /** Otherwise after this, or with the next change of neighbours: when somebody falls, what waits is signed at once. */
  headsRestMs: 60_000,
  /** Most cuts heal within this; a longer one only means that what was changed in the last minute is learnt by anti-entropy. */
  awayMs: 10 * 60_000,
  /** Changes within this time cost one computation of paths, and one tick of a slow board … */
  pathsDelayMs: 40,
  /** … and in a pool of more than 200 boards within so long for each of them: the walk goes over all edges, and all of them are judged. */
  pathsDelayMsPerMember: 0.2,
  /** Well below the least settle time: who comes back is seen to have a path before its jobs are claimed anew here. */
  pathsDelayMsMax: 200,
  /** A returning side's newer link states arrive beside the bridge's; for so long they may. */
  returnSettleMs: 300,
  /** The n-th return within the window counts after 2^n × this (the first at once), at most returnWaitMsMax (DESIGN 4). */
  returnBaseMs: 1_000,
  returnWaitMsMax: 5 * 60_000,
  returnWindowMs: 60 * 60_000,
  /** How often to ask whether the heads of a returning node have arrived. */
  heldPollMs: 250,
  /** Timers are late by this on any busy board; beyond it the node counts itself as slow. */
  lagIgnoredMs: 100,
  /** Later than this, the node did not run at all meanwhile: its peers have given it up (giveUpMsMax), and some of them may be gone. */
  frozenMs: 3_000,
  /** Longer than an edge needs to fall on a node that doubts itself (giveUpMsMax + doubtMsMax), and than it waits to hang up. */
  frozenAgainMs: 30_000,
  /** Waits grow by this many times the lateness that was seen … */
  doubtFactor: 2,
  /** … up to this; and the memory of it halves in this time. */
  doubtMsMax: 8_000,
  doubtHalvesMs: 2_000,
  /** A node has a side to pass news on to once it has had another neighbour for so long; before, it is the one that learns. */
  newsAfterMs: 5_000,
  /** Link states passed on in that time: a heal of 500 boards a side at most; what is left goes from neighbour to neighbour. */
  newsCountMax: 256,
  /** Link states of nodes that are not members yet, kept because a joining board's link state may outrun its document. */
  waitingCountMax: 256,
  /** Tables that differ across an edge for so long are compared, which is longer than the spread of a link state … */
  compareAfterMs: 1_000,
  /** … and the same edge again only after this. */
  compareGapMs: 3_000,
  /** Echoes are matched against so many sent probes. */
  sentCountMax: 16,
  /** 32 neighbours of 46 bytes, the heads and a signature are 1.7 kB. */
  linkStateBytesMax: 2_048,
  headsBytesMax: 64,
  /** 28 bits, so that sequence and flags fit into one probe number; one change a second for eight years. */
  sequenceMax: 2 ** 28 - 1,
} as const

/** The same shape with other values: the simulator shrinks times at random. */
export type LivenessLimits = { readonly [Name in keyof typeof livenessLimits]: number }
