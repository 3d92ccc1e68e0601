// Agents of two versions in one fleet, in some runs: some know one plan more from the start, others are upgraded meanwhile, and an operator
// raises the fleet's plan version without waiting for all of them. From a generator of its own, so that all else is drawn as it was.

import { createPrng } from '../prng.ts'
import type { ChaosEvent } from './plan.ts'

export interface Agents {
  /** Boards whose agent is the next one from the start. */
  readonly next: ReadonlySet<string>
  readonly events: readonly ChaosEvent[]
}

export const noAgents: Agents = { next: new Set(), events: [] }

export function drawAgents(seed: number, names: readonly string[], chaosMs: number): Agents {
  const prng = createPrng(Math.imul(seed, 0x2c1b3c6d) ^ 0x297a2d39).fork()
  if (!prng.chance(0.3)) return noAgents
  const at = (): number => 12_000 + prng.below(chaosMs - 12_000)
  const next = new Set(names.filter(() => prng.chance(0.5)))
  const events: ChaosEvent[] = []
  for (const board of names)
    if (!next.has(board) && prng.chance(0.6)) events.push({ at: at(), kind: 'upgrade', board, forMs: 300 + prng.below(20_000) })
  // Mostly once; again by another operator, who may not have heard of it; or not at all.
  for (let count = prng.pick([0, 1, 1, 2])!; count > 0; count--) events.push({ at: at(), kind: 'raise-plan', via: prng.pick(names)! })
  return { next, events }
}
