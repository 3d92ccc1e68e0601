// Every bound and wait of the network adapter, with its unit in its name and its reason beside it. Whatever a stranger can
// open, send or hold is bounded here.

export const networkLimits = {
  // ---- frames
  /** What the core's decoder accepts (`wireLimits.frameBytesMax`): one envelope of the greatest size and its head. */
  frameBytesMax: 262_144,
  /** A peer that does not read costs at most this; beyond it the newest frame is dropped and anti-entropy repairs. */
  sendQueueBytesMax: 1_048_576,
  /** One stream in use and one that replaces it. */
  frameStreamsPerConnectionMax: 2,
  /** Opening a stream is one round trip; a link that needs longer is dead or will be tried again. */
  frameStreamOpenMs: 5_000,
  /** First wait before a frame stream that died on a living connection is opened again; doubles up to the maximum. */
  reopenMsMin: 250,
  reopenMsMax: 5_000,
  /** A board that we dialled and that does not speak frames by then hangs, or is cut: hang up, so that it is dialled again. */
  upWithinMs: 15_000,
  /** Duplicates of simultaneous dials live so long: streams in flight on them can end. */
  duplicateMs: 10_000,
  /** How often links and gossip streams are looked after: two of these pass within the 5 s in which a restart must heal. */
  sweepMs: 2_000,
  /** Listing the interfaces is the dearest thing that an idle board does again and again; a changed address may be told so late. */
  interfacesEveryMs: 10_000,

  // ---- the API protocol
  /** `doc.put` of 64 envelopes of ordinary size, base64 in JSON. */
  apiRequestBytesMax: 4_194_304,
  /** One reply: the status of a pool of some thousand nodes. */
  apiReplyBytesMax: 33_554_432,
  apiStreamsPerConnectionMax: 32,
  /** All callers together; each holds a follower in the core at worst. */
  apiStreamsMax: 128,
  /** A caller that does not finish its request in this time is dropped. */
  apiRequestMs: 10_000,
  /** A caller that takes no byte of its answer for so long is dropped. */
  apiStallMs: 60_000,
  /** Unread answer bytes at which the sender waits (server) or the stream is paused (client). */
  apiBufferBytes: 262_144,

  // ---- connections
  /** libp2p's 5 a second from one address makes a site's reboot look like an attack (facts/libp2p.md, section 3). */
  inboundPerSecondMax: 100,
  inboundPendingMax: 128,
  /** As long as the other end may take (`handshakeMs`); a stranger without the pre-shared key holds a pending place no longer. */
  inboundUpgradeMs: 20_000,
  /** Never below the pool's size on a bootstrap node: pruning isolates peers. */
  connectionsMax: 300,
  /** A silent address holds a dial's place for so long: two round trips of an ordinary link, or of one with 2 s of delay each way. */
  answerMsMin: 2_000,
  answerMsMax: 8_000,
  /** A handshake that has begun: four more round trips of the slowest link, or a board that shares its core with forty. */
  handshakeMs: 20_000,
  /** What libp2p dials by itself (DHT, relays), all addresses of a peer together. */
  dialMs: 10_000,
  /** More slots than the maintain loop uses, so that dead addresses do not hold up requests and DHT queries. */
  parallelDialsMax: 8,
  /** The kernel's probe after so long without traffic finds a vanished host; Node's probe interval is 1 s, ten times. */
  tcpKeepAliveMs: 10_000,
  /** Keeps NAT entries and libp2p's two-minute socket timeout fed at a tenth of the default's traffic. */
  yamuxKeepAliveMs: 60_000,
  /** Four times the initial window; more would let one stream hold 16 MiB of a board's memory. */
  streamWindowBytesMax: 1_048_576,
  /** Long outages need addresses for longer than libp2p's hour. */
  addressAgeMs: 30 * 24 * 3_600_000,
  relayReservationsMax: 64,

  // ---- gossip
  heartbeatMs: 2_000,
  /** So long a peer that came up is preferred for the mesh: some heartbeats, less than gossipsub's prune back-off. */
  freshPeerMs: 30_000,
  /** What waits for a slow gossip peer; beyond it the stream is closed and opened again. */
  gossipQueueBytesMax: 4_194_304,
  gossipRpcBytesMax: 4_194_304,

  /** Peers without gossip for so long are worth a warning; subscribing takes a second or two. */
  deafMs: 60_000,

  // ---- DHT
  querySelfMs: 30 * 60_000,
  /**
   * A search for oneself connects to the 20 closest boards. At a boot of all boards that would be a full mesh, made by boards that have
   * other things to do: the first one comes by chance in the second half of this time, or before the
   * first search for somebody else.
   */
  firstQuerySelfMsMax: 90_000,
  findPeerMs: 5_000,

  // ---- the maintain loop
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
  /** First pause between DHT searches for one peer; doubles up to the back-off's maximum. */
  searchMsMin: 20_000,
  /** A search asks boards that may be as dead as the one it looks for; it counts as so many dials. */
  searchDials: 3,

  // ---- fault injection
  /** What is kept of the bytes that a cut holds back, per connection; a real socket's buffer is of that size. */
  cutBufferBytesMax: 4_194_304,

  /** Opening the API stream: one round trip. */
  apiOpenMs: 5_000,
} as const
