// The play that the bench runs with a thousand boards, with few.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { playHalves } from '../../simulator/scale/halves.ts'

test('a pool split in halves runs copies on both sides, and each once after the heal', () => {
  const parts: string[] = []
  const result = playHalves({ nodes: 24, copies: 36, dials: 4, splitMs: 60_000, told: (part) => parts.push(part) })
  assert.deepEqual(parts, ['boot', 'submit', 'split', 'heal'])
  assert.ok(result.copiesSplit > 36, `${result.copiesSplit} copies ran while the pool was split`)
})
