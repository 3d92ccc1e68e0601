// What the boards' gossipsub is set to: the mesh of `node/adapters/libp2p/gossip.ts`, and for the rest gossipsub's own defaults.
// `test/unit/simulator/gossip-settings.test.ts` holds them against the real ones.

export const gossipSettings = {
  /** Mesh peers of a topic: grafted up to so many … */
  D: 3,
  /** … when there are fewer than this, and pruned to it when there are more than that. */
  Dlo: 2,
  Dhi: 5,
  /** Peers outside the mesh that are told in each heartbeat what is new: so many, or this part of them if that is more. */
  Dlazy: 3,
  gossipFactor: 0.25,
  /** Of those that stay when a mesh is pruned: the best, and those that this board dialled. */
  Dscore: 1,
  Dout: 1,
  heartbeatMs: 2_000,
  /** Windows (heartbeats) for which a message can be asked for, and of them those of which others are told. */
  historyLength: 5,
  historyGossip: 3,
  seenMs: 120_000,
  /** A pruned peer is not grafted again for so long; looked at every so many heartbeats. */
  pruneBackoffMs: 60_000,
  backoffTicks: 15,
  backoffSlackMs: 2_000,
  /** So often one peer gets one message because it asks for it. */
  retransmissions: 3,
  /** A message of at least so many bytes is called off at the mesh once it has come. */
  idontwantBytesMin: 512,
  /** Every so many heartbeats fresh peers are taken into the mesh, so many at a time; for so long a peer is fresh. */
  opportunisticTicks: 1,
  opportunisticPeers: 2,
  freshPeerMs: 30_000,
} as const
