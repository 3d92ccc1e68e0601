// Every bound and threshold of an examination and of what is concluded from it, with its unit in its name and its reason beside it.

export const doctorLimits = {
  /** Boards that are asked what they see: a pool of 20 whole, and a sample of a larger one. Each costs one request and its answer. */
  askedMax: 32,
  /** A board that needs longer is told of as one that did not answer; the operator's command waits for ten seconds. */
  askMsMax: 4_000,
  /** Rows about other boards in an answer to another board. */
  boardsMax: 256,
  linksMax: 64,
  /** What an answer holds of one kind besides, and what another board accepts: connections of a board with 1,000 others. */
  rowsMax: 1_024,
  /** Of what a board's document says of it: its addresses, machines with its key, neighbours. A document may be written to hold more. */
  perBoardMax: 64,
  driversMax: 16,
  /** In characters: addresses and names as boards have them are a tenth. */
  textMax: 512,
  wordMax: 64,
  /** The words of an engine or of the system, in characters. */
  reasonMax: 4_096,
  /** Addresses that are tried over TCP for one examination; a board makes at most 30 dials a minute otherwise. */
  triesMax: 24,
  /** Of one board: it says the one first that it listens on. */
  triesPerBoardMax: 2,
  /** A link with two seconds of delay each way opens a connection in four; longer, and the examination itself would time out. */
  tryMsMax: 2_500,
  nameMsMax: 2_500,
  /** All that a board looks at: its answer has to be there, over a slow line, before `askMsMax`. */
  lookMsMax: 3_500,
  /** What was seen a moment ago is so now: a board answers the next asker with it. */
  lookAgeMsMax: 5_000,
  /** Operators who ask one board at the same time; each has it ask all others. */
  fanOutsMax: 2,
  /** Boards that are asked over a connection yet to be made: those that are connected know the most, and a dial costs both ends. */
  askedAfarMax: 8,
  /** Addresses of one name, of both families. */
  triesPerNameMax: 3,
  namesMax: 8,
  /** A board that has just booted has heard nobody yet: the wait of the core before it acts alone, and a connection. */
  unheardMsMin: 30_000,
  /** Boards that fell within so long of one another fell together: suspicion and the spread of link states through a large pool. */
  togetherMs: 10_000,
  /** Between the end of a connection and the fall of its board: what giving up, hanging up and suspicion take on a slow board. */
  oneWayMsMax: 30_000,
  /** A connection that ended is made again by then, unless something is wrong: a few cycles of dialling. */
  linkDownMsMin: 15_000,
  /** So many times within the hour is no chance: a board that is updated or restarted is away once. */
  flapsMin: 3,
  /** The last of them: what was quiet for so long has stopped. */
  flapQuietMs: 15 * 60_000,
  /** An ordinary link, a mobile one included, is below; a satellite's is 600 ms. */
  slowMsMin: 1_000,
  /** What periodic jobs tolerate (`clockToleranceMs`) is more than certificates and logs can bear. */
  clockOffMsMin: 60_000,
  /** An address that fails so often, for so long: it is no board that has just not begun yet, where a site is being set up. */
  faultTimesMin: 3,
  faultMsMin: 5 * 60_000,
  /** Older failures tell of what may be over. */
  faultAgeMsMax: 10 * 60_000,
  /** Three rounds of anti-entropy: documents that are quiet for so long and differ do not get together by themselves. */
  documentsQuietMs: 100_000,
  /** A job's logs and an image need as much at once. */
  diskFreeMibMin: 128,
  diskFreePercentMin: 3,
  /** Below this the kernel begins to kill. */
  memoryFreeMibMin: 48,
  memoryFreePercentMin: 4,
  /** What moved before that is known everywhere. */
  movedMsMax: 10 * 60_000,
  /** Names in one finding; more are counted. */
  evidenceMax: 12,
} as const
