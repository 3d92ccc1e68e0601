// Deaths in the middle of steps, in some runs. From a generator of its own: what else happens is drawn as it was before there were any.

import type { Boundary } from '../deaths.ts'
import { type Prng, createPrng } from '../prng.ts'
import type { ChaosEvent } from './plan.ts'

const boundaries: readonly Boundary[] = ['effect', 'persist', 'persist', 'send', 'send', 'start', 'start', 'stop', 'sync', 'sync', 'sync']

export function drawDeaths(seed: number, names: readonly string[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x6a09e667) ^ 0x3c6ef373).fork()
  if (!prng.chance(0.3)) return []
  return Array.from({ length: 3 + prng.below(8) }, () => drawDeath(prng, names, chaosMs))
}

function drawDeath(prng: Prng, names: readonly string[], chaosMs: number): ChaosEvent {
  const after = prng.pick(boundaries)!
  return {
    at: 3_000 + prng.below(chaosMs - 3_000),
    kind: 'death',
    board: prng.pick(names)!,
    how: prng.chance(0.5) ? 'kill' : 'power-cut',
    after,
    nth: after === 'effect' ? prng.below(30) : 1 + prng.below(after === 'sync' ? 1 : 3),
    lostWrites: prng.below(4),
    driversGoOn: prng.chance(0.7),
    // A worn card is busy for seconds.
    syncMs: prng.pick([1, 50, 1_000, 10_000])!,
    forMs: 300 + prng.below(prng.pick([2_000, 5_000, 60_000])!),
  }
}
