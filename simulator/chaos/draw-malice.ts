// In some runs a malicious board forges what bears another's name or an earlier epoch. From a generator of its own, so that all else is
// drawn as it was before there was any of it.

import { createPrng } from '../prng.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent } from './plan.ts'

export function drawForgeries(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x3c6ef372) ^ 0x510e527f).fork()
  const { names } = prng.pick(pools)!
  if (!prng.chance(0.3)) return []
  const [board, other] = prng.shuffle(names) as [string, string]
  const how = prng.pick(['forged-actors', 'false-links', 'old-epochs'] as const)!
  const at = 12_000 + prng.below(chaosMs - 12_000)
  const malice: ChaosEvent = { kind: 'malice', at, board, how, forMs: 10_000 + prng.below(80_000) }
  if (how !== 'old-epochs') return [malice]
  // A board goes on at its next epoch when its disk is an old one.
  const backAt = at + 1_000 + prng.below(10_000)
  const ageMs = 5_000 + prng.below(20_000)
  return [malice, { kind: 'old-disk', at: backAt, board: other, ageMs, isPowerCut: prng.chance(0.5), forMs: 500 + prng.below(3_000) }]
}
