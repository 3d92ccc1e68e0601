// Every bound and wait of dialling, with its unit in its name and its reason beside it.

export const dialLimits = {
  cycleMs: 5_000,
  /** The pause of a board without any peer; after the first minutes it uses the ordinary cycle. */
  isolatedCycleMs: 2_000,
  isolatedFastForMs: 5 * 60_000,
  /** After a lost connection the loop runs so soon, plus up to as much again by chance. */
  hurryMs: 300,
  cycleJitterPercent: 20,
  /** Fewer peers of the own pool than this, and addresses are tried often; at the aim the loop rests. */
  poolPeersMin: 4,
  poolPeersAim: 8,
  dialsPerCycleMax: 4,
  /** Peers that were never connected, in one cycle, below the minimum and below the aim. */
  hungryDials: 2,
  modestDials: 1,
  dialsPerMinuteMax: 30,
  dialBurst: 10,
  /** First pause of an address that failed; doubles each time. */
  backoffMsMin: 2_000,
  backoffMsMax: 5 * 60_000,
  /** The longest pause below the aim, below the minimum, and without any peer. */
  backoffModestMsMax: 60_000,
  backoffHungryMsMax: 10_000,
  backoffIsolatedMsMax: 5_000,
  /** The longest pause for a peer that was connected: two halves of 9 boards, each dialling the other, meet again within seconds. */
  backoffLostMsMax: 2 * 60_000,
  /** A board that finds a way back after failures may dial so many at once, whatever its failures used up. */
  recoveryDials: 4,
  /** A satisfied board tries one unconnected address now and then, so that two halves that forgot each other meet again. */
  bridgeMs: 60_000,
  /** Such extra connections that are kept at a time. */
  bridgesMax: 4,
  addressesPerPeerMax: 12,
  /** A pool of thousands of boards with a few addresses each. */
  addressesMax: 32_768,
  /** Peers met through the DHT or mDNS that no document names. */
  foundPeersMax: 64,
  /** Peers whose connection was lost are tried whatever else is connected; the oldest are forgotten first. */
  lostPeersMax: 64,
  /**
   * Addresses that led to a board and that nothing else names any more, also of earlier processes. A board that is alone makes 30 dials a
   * minute: it has tried all of these and a full bootstrap list within five.
   */
  workedMax: 64,
  /** First pause between DHT searches for one peer; doubles up to the back-off's maximum. */
  searchMsMin: 20_000,
  /** A search asks boards that may be as dead as the one it looks for; it counts as so many dials. */
  searchDials: 3,
  /** A silent address holds a dial's place for so long: two round trips of an ordinary link, or of one with 2 s of delay each way. */
  answerMsMin: 2_000,
  answerMsMax: 8_000,
  /** Addresses that an examination tells of: a full bootstrap list, and the ways to the boards of a large site. */
  waysMax: 256,
  querySelfMs: 30 * 60_000,
  /**
   * A search for oneself connects to the 20 closest boards. At a boot of all boards that would be a full mesh, made by boards that have
   * other things to do: the first one comes by chance in the second half of this time, or before the
   * first search for somebody else.
   */
  firstQuerySelfMsMax: 90_000,
} as const

/** Of finding out whether others can dial this board, and of its places at relays. */
export const relayLimits = {
  /** So long after the first connection nobody is asked: whoever can dial this board has mostly done so by then, and its document is out. */
  settleMs: 5_000,
  /** Members that are asked in one round: one of them may have a fault of its own. */
  asksMax: 3,
  /** Who has not answered by then does not count: twice what a member takes over its tries (`dialBackMs`), and round trips of a slow link. */
  roundMs: 15_000,
  /** A round without any answer that counts is tried again so soon, and each further one twice as late, up to `hiddenAgainMs`. */
  unknownAgainMs: 60_000,
  /** How often a board that cannot be dialled has it tried anew: so late it gives its places up when a port is opened for it. */
  hiddenAgainMs: 10 * 60_000,
  /** How often a board has it tried that can be dialled, and that nobody has dialled of those it is connected to. */
  openAgainMs: 30 * 60_000,
  againJitterPercent: 20,
  /** So long after the last member from elsewhere was seen, those of the own net say nothing of whether this board can be dialled from there. */
  farMs: 10 * 60_000,
  /** Places that a board takes: one may go at any time, and nobody is to wait for the next. */
  placesMax: 2,
  /** A relay that refused is left alone for so long. */
  refusedMs: 5 * 60_000,
  /** A relay that has been connected for so long comes before those that have just come, and may be about to go. */
  standingMs: 10 * 60_000,
} as const
