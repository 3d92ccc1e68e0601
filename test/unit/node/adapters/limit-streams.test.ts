// Against the real yamux: it must still be put together in the way that limit-streams.ts builds on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkLimits } from '../../../../node/adapters/libp2p/limits.ts'
import { muxerPair, turns } from '../../../support/muxer-pair.ts'

test('streams that are opened and closed without end are reset before anybody sees them', async () => {
  const { atOnce } = networkLimits.streamsPerConnection
  const [near, far] = muxerPair()
  let seen = 0
  far.muxer.addEventListener('stream', () => seen++)
  let opened = 0
  // A few come back while this goes on, however slow the machine is.
  while (opened === seen && opened < 20 * atOnce) {
    const stream = await near.muxer.createStream()
    opened++
    await turns()
    if (opened === seen) stream.abort(new Error('closed at once'))
    else assert.equal(stream.status, 'reset')
  }
  assert.ok(seen >= atOnce, `${seen} were seen`)
  assert.ok(opened > seen, 'and then no more')
})
