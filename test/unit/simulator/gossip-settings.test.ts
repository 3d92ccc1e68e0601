// The simulated gossip is set as the real one is. What the boards leave to gossipsub's defaults is read from gossipsub itself.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PeerScores, gossipOptions } from '../../../node/adapters/libp2p/gossip.ts'
import { networkLimits } from '../../../node/adapters/libp2p/limits.ts'
import { gossipSettings } from '../../../simulator/gossip/settings.ts'

const real = gossipOptions({ pool: 'p', fleet: 'f' }, new PeerScores(() => true))
// Not exported by the package.
const constants = readFileSync(new URL('constants.js', import.meta.resolve('@libp2p/gossipsub')), 'utf8')

function defaultOf(name: string): number {
  const [, words = ''] = new RegExp(`export const ${name} = ([^;]+);`).exec(constants) ?? []
  const units: Readonly<Record<string, number>> = { second: 1_000, minute: 60_000 }
  return words.split('*').reduce((product, word) => product * (units[word.trim()] ?? Number(word)), 1)
}

test('the mesh of the simulator is the mesh of the boards', () => {
  const { D, Dlo, Dhi, Dlazy, Dscore, Dout } = gossipSettings
  assert.deepEqual(
    { D, Dlo, Dhi, Dlazy, Dscore, Dout },
    { D: real.D, Dlo: real.Dlo, Dhi: real.Dhi, Dlazy: real.Dlazy, Dscore: real.Dscore, Dout: real.Dout },
  )
  assert.equal(gossipSettings.heartbeatMs, real.heartbeatInterval)
  assert.equal(gossipSettings.opportunisticTicks, real.opportunisticGraftTicks)
  assert.equal(gossipSettings.opportunisticPeers, real.opportunisticGraftPeers)
  assert.equal(gossipSettings.freshPeerMs, networkLimits.freshPeerMs)
})

test('what the boards leave to gossipsub is what gossipsub does', () => {
  const named = {
    historyLength: 'HistoryLength',
    historyGossip: 'HistoryGossip',
    gossipFactor: 'GossipFactor',
    pruneBackoffMs: 'PruneBackoff',
    backoffTicks: 'PruneBackoffTicks',
    seenMs: 'SeenTTL',
    retransmissions: 'GossipRetransmission',
    idontwantBytesMin: 'IdontwantMinDataSize',
  } as const
  for (const [ours, theirs] of Object.entries(named))
    assert.equal(gossipSettings[ours as keyof typeof named], defaultOf(`Gossipsub${theirs}`), ours)
  for (const name of ['mcacheLength', 'mcacheGossip', 'gossipFactor', 'pruneBackoff', 'seenTTL', 'idontwantMinDataSize'])
    assert.equal(name in real, false, `${name} is set: the simulator has to follow`)
})

test('what the simulator takes for granted: nothing is flooded, and every message is passed on before anybody looks at it', () => {
  assert.equal(real.floodPublish, false)
  assert.equal(real.asyncValidation, undefined)
  assert.equal(real.doPX, false)
})
