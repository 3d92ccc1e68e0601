// What a router has seen is what a Map of the same would say.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Seen } from '../../../simulator/gossip/seen.ts'
import { createPrng } from '../../../simulator/prng.ts'

test('messages are seen until their time, whatever their numbers', () => {
  const prng = createPrng(1)
  const seen = new Seen()
  const wanted = new Map<number, number>()
  for (let now = 0; now < 5_000; now += prng.below(4)) {
    const id = prng.below(3_000)
    assert.equal(seen.has(id), wanted.has(id), `message ${id} at ${now}`)
    if (!wanted.has(id)) {
      seen.add(id, now + 500)
      wanted.set(id, now + 500)
    }
    if (prng.chance(0.1)) {
      seen.forget(now)
      for (const [old, until] of wanted) if (until <= now) wanted.delete(old)
    }
  }
})
