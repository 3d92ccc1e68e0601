// Every bound and wait of the network adapter, with its unit in its name and its reason beside it. Whatever a stranger can
// open, send or hold is bounded here.

import { dialLimits } from '../../core/dialling/limits.ts'

export const networkLimits = {
  // ---- frames
  /** What the core's decoder accepts (`wireLimits.frameBytesMax`): one envelope of the greatest size and its head. */
  frameBytesMax: 262_144,
  /** A peer that does not read costs at most this; beyond it the newest frame is dropped and anti-entropy repairs. */
  sendQueueBytesMax: 1_048_576,
  /** One stream in use and one that replaces it. */
  frameStreamsPerConnectionMax: 2,
  /**
   * How often a peer may begin its stream anew, whatever became of the one before: honest ones wait 0.25 to 5 s in between, and a board that
   * flaps begins with its connections.
   */
  frameStreamsPerPeer: { perSecond: 2, atOnce: 120 },
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
  /** Half of them for one address: two sites of thirty boards behind one NAT that boot at once, and whoever floods the port leaves the rest. */
  inboundPendingPerAddressMax: 64,
  /** Streams that the other end opens, of all protocols: a dashboard asks some ten a second, a look-up in the DHT is two or three. */
  streamsPerConnection: { perSecond: 50, atOnce: 1_000 },
  /** As long as the other end may take (`handshakeMs`); a stranger without the pre-shared key holds a pending place no longer. */
  inboundUpgradeMs: 20_000,
  /** Never below the pool's size on a bootstrap node: pruning isolates peers. */
  connectionsMax: 300,
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
  /** Far beyond what yamux sends together; a message is held until it is complete. */
  webSocketMessageBytesMax: 1_048_576,
  /** As for libp2p's TCP sockets. */
  webSocketIdleMs: 120_000,
  /** A proxy's answer to CONNECT: a line and some headers. */
  proxyAnswerBytesMax: 8_192,
  /** A browser or a proxy sends some twenty. */
  webSocketHeadersMax: 64,
  /** Four times the initial window; more would let one stream hold 16 MiB of a board's memory. */
  streamWindowBytesMax: 1_048_576,
  /** Long outages need addresses for longer than libp2p's hour. */
  addressAgeMs: 30 * 24 * 3_600_000,

  // ---- dialling back
  /** A packet that begins a connection and two repeats of it, or the round trips of a link with two seconds of delay. */
  dialBackMs: 5_000,
  /** Who asks waits for the tries, and for round trips of its own. */
  dialBackAnswerMs: 10_000,
  /** A board's interfaces, in both families; what it publishes beyond is not tried. */
  dialBackAddressesMax: 6,
  /** Members that are tried for at a time: 48 a minute in all, of which each asks every ten minutes. */
  dialBacksMax: 4,
  /** A try costs twenty, so that a member may have three at once and then one in twenty seconds. */
  dialBackPerPeer: { perSecond: 1, atOnce: 60 },
  dialBackCost: 20,

  // ---- relaying
  /** Boards that have a place here: a site behind one NAT, twice. Beyond it the next relay is asked. */
  relayReservationsMax: 64,
  /** A place is renewed five minutes before that; one of a board that is gone is free again so late. */
  relayReservationMs: 30 * 60_000,
  /** Relayed connections that one board may have from here, and have to itself: those to its pool's peers, and requests besides. */
  relayedFromBoardMax: 16,
  relayedToBoardMax: 32,
  /** What a board may send through this one: 1 Mbit/s, and a document store or some minutes of a log at once. Beyond it the board is slowed down. */
  relayedBytesPerBoard: { perSecond: 131_072, atOnce: 4_194_304 },
  /** And all of them together: what a slow line at a relay's site has to give. */
  relayedBytes: { perSecond: 1_048_576, atOnce: 16_777_216 },
  /** What waits here for a board that reads slower than the other sends; libp2p itself would hold any amount. */
  relayedWaitingBytesMax: 524_288,
  /** How often it is looked whether a board that was slowed down may go on. */
  relayedPauseMs: 100,
  /** A relay has to agree within so long. */
  relayHopMs: 20_000,
  /** Of a board that is reached through a relay its own addresses are tried so long alone: it may be in the same net. */
  relayHeadStartMs: 300,
  /** Addresses of a relay that are told of: the one that was dialled, and two more that others may get through to. */
  relayAddressesMax: 3,
  /** So long the place at a relay that has gone is told of: when it comes back soon, nobody's document has to change. */
  relayLostMs: 60_000,

  // ---- gossip
  heartbeatMs: 2_000,
  /** So long a peer that came up is preferred for the mesh: some heartbeats, less than gossipsub's prune back-off. */
  freshPeerMs: 30_000,
  /** What waits for a slow gossip peer; beyond it the stream is closed and opened again. */
  gossipQueueBytesMax: 4_194_304,
  gossipRpcBytesMax: 4_194_304,
  /**
   * New messages that a peer hands on. A boot storm of 1,000 boards is some 10,000 in half a minute, from three peers together; beyond it
   * they are not passed on, so a flood ends at the first board that it comes to. It is nobody's fault: whoever hands it on has not made it.
   */
  gossipMessagesPerPeer: { perSecond: 500, atOnce: 10_000 },
  /** And their bytes: a claim is about 1 kB. As much at once as the queue of the core holds. */
  gossipBytesPerPeer: { perSecond: 1_048_576, atOnce: 16_777_216 },

  /** Peers without gossip for so long are worth a warning; subscribing takes a second or two. */
  deafMs: 60_000,

  // ---- DHT
  findPeerMs: 5_000,

  ...dialLimits,

  // ---- fault injection
  /** What is kept of the bytes that a cut holds back, per connection; a real socket's buffer is of that size. */
  cutBufferBytesMax: 4_194_304,

  /** Opening the API stream: one round trip. */
  apiOpenMs: 5_000,
} as const
