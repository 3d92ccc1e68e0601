// Every bound and wait of the core, with its reason. Liveness, documents and the scheduler have their own `limits.ts`.

export const coreLimits = {
  /** What may be filled into the texts of one task: half of what Linux lets one argument be. A value of 4 kB can be named thousands of times. */
  filledCharsMax: 65_536,
  /** A device that is not found stays told for so long: an adapter that falls off its bus is mostly back within seconds. */
  deviceMissedMsMax: 60_000,
  /** A copy waits so long for a device that is not there: a hub behind a slow controller takes most of a minute after a power cut. */
  deviceWaitMsMax: 60_000,
  /** A copy waits so long for those that make room for it: longer than nearly all kill timeouts, and a task that cannot be killed holds nobody up for ever. */
  roomWaitMsMax: 600_000,
  /** DESIGN 6: a claim waits so long before it starts, or three times the measured spread of an envelope. */
  settleMsMin: 300,
  /** A spread beyond this says that the link is cut rather than slow; waiting longer helps nobody. */
  settleMsMax: 10_000,
  /** A fresh claim waits so long for the documents of boards that are coming back; a link slower than that costs a needless start. */
  returnHoldMsMax: 5_000,
  returnPollMs: 100,
  /** DESIGN 4: a booted node acts alone after so long without news from anybody. */
  aloneAfterBootMs: 5_000,
  /** It acts once a peer has the same documents; in a pool that never rests, or where a document is refused, after so long at the latest. */
  catchUpMsMax: 30_000,
  /**
   * What the disk has lost of a document is waited for so long from the boot on, and as long again for whoever is alone then: a few rounds
   * of anti-entropy with every neighbour. What only a board has that is away comes again with it.
   */
  lackingMsMax: 5 * 60_000,
  /** Anti-entropy with a random neighbour when nothing seems to differ (DESIGN 3). */
  syncIdleMs: 30_000,
  /** The same while something changed lately: gossip loses messages while its mesh forms, and a heal must end within 5 s. */
  syncBusyMs: 1_000,
  /** How long after the last change of any document the short interval holds. */
  syncBusyForMs: 15_000,
  /** Exchanges are begun so far apart, whatever asks for them: what the first brings, the second need not bring again. */
  exchangeGapMs: 100,
  /** An exchange is waited for so long: a busy board's answer. A silent one must not hold up the others for longer. */
  exchangeAnswerMs: 400,
  /** It is over when no more documents have come of it for so long. */
  exchangeQuietMs: 100,
  /** A peer that did not answer is asked once more after so long; a board has caught up by then, unless there is much. */
  exchangeAgainMs: 400,
  /** Of two boards that meet, the lower id begins. The other does so after so long: the first may have others to ask before. */
  exchangeOtherEndMs: 200,
  /** Receipts are written at most so late; they ride along with any other write of the own document, often that a copy runs. */
  receiptDelayMs: 1_000,
  /**
   * How long after its last change a removed job's document still gets a receipt: whoever removed it may wait for confirmations. For
   * ever would be a register for every job that there ever was, on every board.
   */
  receiptOfRemovedMs: 3_600_000,
  /** Copies that were started together get healthy together. */
  ownWriteDelayMs: 200,
  /** A copy that needs no image goes from claimed over preparing and starting to running in less; nobody's decision depends on these. */
  ownProgressDelayMs: 1_000,
  /** That a copy runs is waited for, but those of one board often start together. */
  ownRunningDelayMs: 20,
  /** Claims come in swarms; the view is made and planned on once for all that arrive within this time. A third of the settle time. */
  lookDelayMs: 100,
  /**
   * A pool beyond this is looked at, and planned on, at most every so many ms for each of its boards, however fast news comes: looking goes
   * through all of them, and in a mass event somebody has news all the time.
   */
  unhurriedNodes: 200,
  lookGapMsPerNode: 0.5,
  /** How late a board may notice that it is alone, or that somebody fell: a tenth of what silence takes to be noticed anyhow. */
  lookGapMsMax: 500,
  /** A document's record is only a cache of its envelopes: a document that changes often is written once in this time … */
  saveDelayMs: 5_000,
  /** … and so many in one step, each about 1 ms. */
  savedPerStepMax: 16,
  saveAgainMs: 20,
  /** 2026-01-01: a clock that shows an earlier time than this program was written at has not been set. */
  wallMsMin: 1_767_225_600_000,
  /** In 2286 the due times of runs no longer have ten digits: a clock that shows a later time is as wrong as one from before 2026. */
  wallMsMax: 9_999_000_000_000,
  /** Clocks heard of count for so long: three summaries may be lost. */
  clockHeardMs: 240_000,
  /** Two speak for each pool; more pools than half of this make the middle no better. */
  clocksMax: 64,
  /** Summaries travel, and clocks that nobody sets drift by seconds a day: so far apart they agree. */
  clockToleranceMs: 5_000,
  /** A wall clock that moves by more than this against the monotonic one was set. */
  clockStepMs: 500,
  /** Time zones change at quarters of an hour: due times are worked out anew at each. */
  zoneChangeMs: 900_000,
  /** Pool summaries: the two lowest node ids of a pool tell the fleet once in this time. */
  summaryEveryMs: 60_000,
  summarySpeakers: 2,
  /** With more pools than this the time grows as their number does: twenty summaries a minute are 0.05 kB/s of the 0.5 of DESIGN 13. */
  summaryPoolsUnhurried: 10,
  /** A contact unheard for so many intervals, a day at least, is forgotten: a cut of a night must not cost the way back. */
  contactIntervalsMax: 1_440,
  /** Contacts kept of every other pool; enough to survive the loss of most of them. */
  contactsPerPoolMax: 8,
  poolsMax: 10_000,
  /** Followers of one node's API; each costs a plan comparison at every change. */
  followersMax: 64,
  /** A follower hears at most so often. */
  followMsMin: 150,
  /** How long a write waits for confirmations when the caller does not say. */
  confirmMsDefault: 30_000,
  /** Remembered events for `status`. */
  eventsMax: 200,
  /** Tries of a dynamic port that turns out to be taken, before the claim fails. */
  portTriesMax: 8,
  /** An engine that has not come up so long after it was first needed (a board's slow start, an upgrade of Docker) has failed. */
  driverDownMsMax: 3 * 60_000,
  driverRetryMs: 3_000,
  /**
   * A poststop task that does not end (a dead line) is stopped after so long: it keeps its copy's slot and room, and every update and drain
   * waits for it. The same hour as the longest kill_timeout.
   */
  poststopMsMax: 3_600_000,
  /** Between two restarts of a task because its files changed: a label that flaps costs a start a minute, not one at each change. */
  templateRestartGapMs: 60_000,
  /** Until files that could not be written anew are tried again: a full disk is mended by hand. */
  rewriteRetryMs: 15_000,
  /** First wait after a failed image pull; doubles each time up to the maximum. */
  pullBackoffMsMin: 5_000,
  pullBackoffMsMax: 5 * 60_000,
  /** Checks under way on this board: an http check is nothing, a program in a container is a process on a weak board. */
  checksAtOnceMax: 4,
  /** The first question to a task that began to run comes so soon: a roll-out waits for the answer. */
  checkFirstMsMax: 1_000,
  /** As for boards that return (DESIGN 4): after the n-th time within the window that checks found a copy unhealthy … */
  lapseWindowMs: 60 * 60_000,
  /** … it is healthy once they have passed for 2^n × this, at most for that: each turn is a write on every board of the pool. */
  lapseBaseMs: 1_000,
  lapseWaitMsMax: 5 * 60_000,
  /** Finished allocations whose logs are kept for `alloc logs`. */
  finishedAllocsMax: 20,
  /** Ended claims that a later one elsewhere has replaced: so many are still told, for `alloc status` and `alloc logs`. */
  replacedClaimsMax: 64,
  /** Rounds of view → plan → actions → own document in one step. Three are needed (claim, over list, receipt); more is a bug. */
  settleRoundsMax: 6,
  /** The window in which replacements are counted for pacing (DESIGN 6). */
  paceWindowMs: 60_000,
  /** Envelopes of one `doc.put`; a job file makes one or two. */
  putEnvelopesMax: 64,
  /** Ten thousand nodes with wishes about each, and as many jobs: about 500 MB at 17 kB each, more than any pool should be. */
  documentsMax: 30_000,
  /**
   * Documents that stay open in Automerge after a change: in a busy pool of that many boards nearly every change is the next one of such
   * a document. Each takes some 20 kB, a little more than a megabyte in all.
   */
  keptHandlesMax: 64,
  /** Saved bytes of those, fourteen times as much in memory: a few large documents must not take what sixty-four usual ones do. */
  keptHandleBytesMax: 262_144,
  /** Of one frame: honest ones hold at most 8 kB of envelopes, and each costs about 1 ms. The rest comes by anti-entropy. */
  envelopesTakenMax: 32,
  /** Overtaken by one another within some ten milliseconds: what a busy pool has under way. */
  earlyEnvelopesMax: 64,
  /** All of them together may have to be checked again in one step: no more than that takes within 50 ms. Larger changes are rare. */
  earlyBytesMax: 65_536,
  /** Each is checked again, at about 1 ms, with every frame that brings a change of its document. */
  earlyOfDocMax: 4,
  /** About 16 kB a frame, and verified within a few ms. */
  linkStatesSentMax: 32,
  linkStatesTakenMax: 64,
  /** Other boots of its own key that a board tells of: two clones restarted now and then. */
  bootsHeardMax: 8,
  /** Other machines with its key that a board tells of. Whichever is dropped is proved anew while it runs. */
  clonesKnownMax: 8,
  /** By which people find a clone: IPv4 and IPv6. */
  cloneAddressesMax: 2,
  /** After a first jump of the own document's epoch the next waits so long: peers whose news of an old disk differ are heard by then … */
  epochJumpMsMin: 2_000,
  /** … and doubling up to this: with a copied key on another board, each jump is a synced write here and a document for the whole pool. */
  epochJumpMsMax: 5 * 60_000,
  /** How long a caller may wait for confirmations: longer than any roll-out. */
  confirmMsMax: 24 * 3_600_000,
  /**
   * A peer that has not said by then who it is: its hello, or this node's, was lost in a full queue. The connection begins anew. Longer
   * than a hello takes on a line of 8 kbit/s that is busy.
   */
  helloMsMax: 15_000,
  /** Boards without admission that may be connected at a time, each with its place in the list: a delivery of them, or a stranger with many keys. */
  waitingPeersMax: 64,
  /** A peer says hello once, and again with each change of what it shows or of whom it admits: so many in this time are no board's. */
  greetingsMax: 20,
  greetingsWindowMs: 60_000,
  /** Connections that have not said whose they are, of boards that no document knows: a few handshakes at a time. */
  unknownPeersMax: 16,
  /** What waits here is told to the fleet so often, for `node pending` at any board … */
  roomEveryMs: 10_000,
  /** … and not more often than this, whoever comes and goes … */
  roomGapMs: 2_000,
  /** … and what others told of it is forgotten after three times that … */
  roomKeptMs: 35_000,
  /** … and beyond so many boards, of which each tells of 64 at most. */
  roomsMax: 64,
  /** A board that has left stays for so long after somebody knows: whoever follows it there sees the end of it, and gossip passes it on. */
  leftLingerMs: 3_000,
  /** A board that lacks a key asks whoever it is connected with; it is sent unasked to those who asked before it came, so this is for lost frames. */
  pskAskEveryMs: 15_000,
  /** Gives the evicted node time to read its two documents before the connection is closed. */
  evictedHangUpMs: 3_000,
} as const

/** The version of the plan's rules that this program knows (DESIGN 5). */
export const protocolVersion = { min: 1, max: 1 } as const
