// What operators do to histories and keys in some runs: drop a job's history … each from a generator of its own, so that all else is drawn
// as it was before there was any of it.

import { createPrng } from '../prng.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent } from './plan.ts'

/** Mostly only where all boards have recorded the same. */
export function drawCompactions(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x1f83d9ab) ^ 0x5be0cd19).fork()
  if (!prng.chance(0.3)) return []
  return Array.from({ length: 2 + prng.below(4) }, () => {
    const { names, jobs } = prng.pick(pools)!
    const at = 15_000 + prng.below(chaosMs - 15_000)
    return { kind: 'compact', at, via: prng.pick(names)!, job: prng.pick(jobs)!, force: prng.chance(0.3) }
  })
}
