// Disks that fail for a while, in some runs. From a generator of its own: what else happens is drawn as it was before there were any.

import { createPrng } from '../prng.ts'
import type { ChaosEvent } from './plan.ts'

export function drawDiskErrors(seed: number, names: readonly string[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x9b05688c) ^ 0x5be0cd19).fork()
  if (!prng.chance(0.25)) return []
  return Array.from({ length: 1 + prng.below(4) }, (): ChaosEvent => {
    const board = prng.pick(names)!
    const at = 12_000 + prng.below(chaosMs - 12_000)
    const forMs = 1_000 + prng.below(prng.pick([10_000, 60_000, 200_000])!)
    const how = prng.pick(['read-only', 'io-error'] as const)!
    // Whoever sees the errors restarts the agent first.
    const killAfterMs = prng.chance(0.3) ? prng.below(forMs) : null
    return { at, kind: 'disk-error', board, how, killAfterMs, forMs }
  })
}
