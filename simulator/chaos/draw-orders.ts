// What operators do to histories and keys in some runs: drop a job's history, give a second key a role and take it away. Each from a generator of its own, so that all else is drawn
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

/** It is used before and after it is revoked, at boards that have heard of that and at others. */
export function drawKeys(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x428a2f98) ^ 0x71374491).fork()
  if (!prng.chance(0.2)) return []
  const names = pools.flatMap((pool) => pool.names)
  const from = 13_000
  const at = from + prng.below((chaosMs - from) >> 1)
  const revokedAt = at + prng.below(chaosMs - at)
  const uses = Array.from({ length: 2 + prng.below(4) }, (_, mark): ChaosEvent => {
    const pool = prng.pick(pools)!
    const time = at + 500 + prng.below(chaosMs - at - 500)
    return { kind: 'key-use', at: time, via: prng.pick(pool.names)!, job: prng.pick(pool.jobs)!, mark: mark + 1 }
  })
  const vouches = prng.chance(0.5)
  return [
    { kind: 'key-grant', at, via: prng.pick(names)! },
    ...uses,
    { kind: 'key-revoke', at: revokedAt, via: prng.pick(names)!, vouches },
  ]
}
