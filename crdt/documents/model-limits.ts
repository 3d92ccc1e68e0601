// Bounds of what documents may hold, each with the reason beside it. Bounds of changes and envelopes are in `crdt/limits.ts`;
// the ones here keep a single register small enough to travel in one change of 16 kB.

export const modelLimits = Object.freeze({
  /** Identifiers, enumerations, names: what Docker and DNS take, with room. */
  wordBytesMax: 256,
  /** Image names with tag and digest: longer ones do not occur (a registry's host and path, 128 of tag, 72 of digest). */
  imageBytesMax: 300,
  /** Keys of environment, metadata, labels and attributes. */
  keyBytesMax: 128,
  /** Reasons, events, addresses in words: two lines of a terminal and then some. */
  lineBytesMax: 1024,
  /** Values that people write (environment, metadata): a quarter of a change, so that three travel together. */
  valueBytesMax: 4096,
  /** Lists of arguments (one register, JSON): half of a change. */
  listBytesMax: 8192,
  /** Of a dispatch, before it is base64: Nomad's limit. */
  payloadBytesMax: 16_384,
  /** Its base64 goes into registers of so many characters: three of them, each in a change of its own. */
  payloadPartBytesMax: 8192,
  /** What an archive's header takes, in which a container gets a file. */
  filePathBytesMax: 100,
  /** Of one template: one register. What is longer is a file that tasks fetch. */
  templateBytesMax: 8192,
  /** Of one task; each is rendered whenever the board or a variable changes. */
  templatesMax: 16,
  /** Of one task; each is a download. */
  artifactsMax: 16,
  /** What servers and proxies take as the line of a request, and some room. */
  artifactSourceBytesMax: 2048,
  variablesMax: 64,
  /** Templates and variables of a job together: half of the envelope that has to hold an edit of the whole job. */
  renderedBytesMax: 65_536,
  /** An hour: a change that is told later has been forgotten by whoever made it. */
  splayMsMax: 3_600_000,
  /** A parameterized job's name: with `-dispatch-` and 12 digits behind it (`dispatch-name.ts`), it is still a name. */
  parentNameBytesMax: 41,
  /** A path: the same as in `crdt/limits.ts`. The deepest fixed part (a task's volume) is 161. */
  pathBytesMax: 512,
  /** A path's percent-encoded part: full image names fit, and so does the deepest path. */
  partBytesMax: 320,
  /** Parts of a path that only a newer agent knows; the deepest known one has 10. */
  partsMax: 16,
  /** Nomad's limit; also keeps slot indices at five digits. */
  countMax: 50_000,
  /** The group is one unit on one board: more than this is a mistake in a generator. */
  groupsMax: 64,
  tasksMax: 32,
  portsMax: 64,
  /** Of one node; one register holds them all. More than a few interfaces with two protocols each do not occur. */
  addressesMax: 32,
  /** Addresses that admins list for all boards. One that is alone makes 30 dials a minute: it has tried all of these within two. */
  bootstrapMax: 64,
  /**
   * Pre-shared keys used at a time: the one that goes, the one that comes, and one that was begun on the other side of a cut. A nonce has room
   * to tell of no more (`node/adapters/libp2p/key-ring.ts`).
   */
  psksMax: 3,
  volumesMax: 64,
  /** Of one task. A board runs four at a time: with many times more than a few tasks have, none would come in its time. */
  checksMax: 8,
  /** More often costs a weak board more than the news is worth, and no restart policy acts sooner. */
  checkIntervalMsMin: 1_000,
  /** A day: what is asked more seldom is no check. */
  checkIntervalMsMax: 86_400_000,
  /** Shorter ones fail on a board that is merely busy. */
  checkTimeoutMsMin: 100,
  /** A check that hangs takes one of the four places for so long. */
  checkTimeoutMsMax: 60_000,
  /** Successes or failures in a row: with a higher number an hour's news is a day late. */
  checkCountMax: 100,
  /** Of one job: each is asked at every due time. */
  cronsMax: 16,
  /** Shorter than a board takes to boot and to hear of a job, it would leave runs out that nobody was late for. */
  horizonMsMin: 60_000,
  /** A month: what is older than that, nobody waits for. Below `runOrderMsMax` of the scheduler. */
  horizonMsMax: 31 * 86_400_000,
  /** The year 9999; ten digits until 2286, and never more than twelve. */
  civilSecondsMax: 253_402_300_799,
  /** Of a periodic job: its slots are those of groups named `<group>-<ten digits>`, and a name has 63 characters. */
  periodicGroupNameMax: 52,
  /** Constraints, affinities or spreads in one scope; each is evaluated for every node. */
  rulesMax: 64,
  /** Environment or metadata entries in one scope. */
  entriesMax: 256,
  /** Registers of a whole specification: about 150 kB of document, below the 256 kB that a job document may have. */
  specRegistersMax: 2000,
  /** Edits that are looked at, newest first, for a specification that validates: each costs about 1 ms, a step may take 50. */
  fallbackEditsMax: 32,
  /** Edits of the specification that are looked at, newest first, for versions to go back to: as many milliseconds, remembered. */
  goBackEditsMax: 16,
  /** Verdicts on the forms of so many versions stay in the documents of the nodes. */
  goBackVersionsMax: 4,
  /** A year: longer is a mistake in units. */
  durationMsMax: 366 * 86_400_000,
  /** An hour: a stop that takes longer blocks every update and drain of the group. */
  killTimeoutMsMax: 3_600_000,
  /** For the same reason. */
  shutdownDelayMsMax: 3_600_000,
  /** Memory or disk of one task: 16 TiB, far beyond a board, far below 2^53 when summed. */
  mibMax: 16 * 1024 * 1024,
  /** CPU of one task: a thousand cores of 10 GHz. */
  mhzMax: 10_000_000,
})
