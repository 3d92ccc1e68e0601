// The plays that the bench runs with a thousand boards and more, with few.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playFleet } from '../../simulator/scale/fleet.ts'
import { playHalves } from '../../simulator/scale/halves.ts'
import { playOnboard } from '../../simulator/scale/onboard.ts'

test('a pool split in halves runs copies on both sides, and each once after the heal', () => {
  const parts: string[] = []
  const result = playHalves({ nodes: 24, copies: 36, dials: 4, splitMs: 60_000, told: (part) => parts.push(part) })
  assert.deepEqual(parts, ['boot', 'submit', 'split', 'heal', 'rest'])
  assert.ok(result.copiesSplit > 36, `${result.copiesSplit} copies ran while the pool was split`)
})

test('boards that share views and plans play the very run of boards that work them out for themselves', () => {
  const [shared, own] = [true, false].map((sharesViews) => playHalves({ nodes: 12, copies: 24, dials: 3, splitMs: 30_000, sharesViews }))
  assert.deepEqual(shared, own)
})

test('in a fleet of many pools, the boards of those that are played hear of all others', () => {
  let known = 0
  const result = playFleet({
    nodes: 240,
    poolNodes: 4,
    playedPools: 2,
    withinMs: 60_000,
    told: (boards) => (known = boards[0]!.core!.state!.contacts.size),
  })
  assert.equal(result.pools, 60)
  assert.equal(known, 59)
})

test('boards with one token and empty disks become members by themselves, as many as it is for; all see the same ones beyond that', () => {
  const { members, surplus, joinedMs } = playOnboard({ boards: 24, count: 20, dials: 3, everyMs: 200 })
  assert.deepEqual({ members, surplus }, { members: 20, surplus: 4 })
  assert.ok(joinedMs.every((ms) => ms >= 0))
})
