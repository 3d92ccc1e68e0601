// Every bound and weight of the plan. Scores and ranks are integers in millionths, so that a small copy on a large board still
// changes the packing score by more than rounding does. Nothing here may depend on the machine.

/** One whole point of a score. */
export const point = 1_000_000

export const schedulerLimits = {
  /** The highest plan version that this program knows: rises when a change of these rules would make old and new nodes disagree. */
  planVersion: 1,
  /** How long a candidate may take to claim: the spread of a few envelopes on a bad link, plus the settle time (DESIGN section 5). */
  pendingMs: 10_000,
  /** An overdue candidate is last for at most so long: a board that was mended by hand is tried again within the hour. */
  overdueMsMax: 3_600_000,
  /** A pool loses more than one part in so many within `massWindowMs`: the cause is the network, and replacements are paced. */
  massPart: 3,
  massWindowMs: 60_000,
  /** One board's silence is never a mass event, however small the pool: a site of two shall not wait for its copies. */
  massNodesMin: 2,
  /** Of all wanted copies of the pool, one in so many is replaced a minute while pacing. */
  pacedPart: 10,
  /** How soon to look again at a slot that pacing holds back: much shorter than the minute that is counted over. */
  pacedRetryMs: 5_000,
  /** `weight` is −100..100: 100 counts as much as all affinities together. */
  weightPoints: point / 100,
  /** One failure of the slot on a board outweighs every affinity; beyond three the order of bad boards does not matter. */
  failurePoints: point,
  failuresMax: 3,
  /** A slot fails at a new version at most so often before it counts: more tells nothing new, however short the delays are. */
  goBackTriesMax: 100,
  /** An image that is there saves a download, not more: it decides between boards that are otherwise about equal. */
  imagePoints: point / 5,
  /** Spread is clamped, so that one value that is far over its share cannot drown every other reason. */
  spreadPointsMax: 4 * point,
  /** Remembered answers to constraints, a byte a node each: 6 MB in a pool of 6,000 nodes. More different ones are asked anew. */
  columnsMax: 1_000,
  /** As in Nomad: whose priority is not lower by so much is never displaced. Jobs that differ a little do not chase one another. */
  preemptionDelta: 10,
  /**
   * Sets of copies looked at on one board for the least harm; beyond that the largest copies go first. Every choice of six different ones is
   * looked at. All boards do it for all boards that might have to make room, within one step of the core.
   */
  victimStepsMax: 100,
  /** Among more copies of one board no set is looked for: small boards rarely have so many that could go. */
  victimChoiceMax: 40,
  /** Tries at giving a copy the devices that it asks for, on each board: one of a kind is tried once, and few jobs ask for more kinds. */
  deviceStepsMax: 100,
  /** Remembered lists of feasible nodes, 4 bytes a node each: 1.6 MB in a pool of 6,000 nodes. Most groups ask the same. */
  feasibleMax: 64,
  /** Remembered questions of groups of which nobody has asked the same yet, some hundred bytes each. */
  askedMax: 4_000,
  /** Nodes in all the tables of scores of one plan, about 40 bytes each; only what groups share is kept. A plan that places more different groups makes some anew. */
  scoreCellsMax: 2_000_000,
  /** Remembered values that copies are spread over, 8 bytes a node each. */
  textColumnsMax: 16,
  /** What one claim can hold of one thing: above all that a board may have, and a thousand such claims still add up exactly. */
  heldMax: 2 ** 40,
  /** How late a run may begin that is not made up for (`missed: skip`): clocks differ, envelopes travel, an agent may just be starting. */
  runLateSecondsMax: 60,
  /**
   * A run that has begun rules out earlier ones, but not those that are older by more than this: a board whose clock was years ahead must not stop a
   * job for years. Longer than any horizon and any month.
   */
  runOrderSeconds: 35 * 86_400,
  /** Of each periodic job the claims of so many runs are remembered: on a side of a split that knows less, a few of them may be newer than its newest. */
  runsRemembered: 8,
  /** Rows of one slot's explanation: more than that nobody reads, and the answer has to fit into a few frames. */
  explainNodesMax: 200,
  /** Slots of one explanation, for the same reason. */
  explainSlotsMax: 1_000,
  /** Rows of all its slots together: about 1.2 MB. */
  explainRowsMax: 10_000,
  /** Nodes looked at for all its slots together, each about half a microsecond here and ten times that on a board: no read stalls it. */
  explainLooksMax: 50_000,
} as const
