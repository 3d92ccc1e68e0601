// Seed → plan: how many boards, how good each is, which jobs, and what happens when. The same seed draws the same plan for ever as
// long as this folder's `draw…` files do not change; a failing plan is kept as data, not as a seed alone.

import { type Prng, createPrng } from '../prng.ts'
import { drawJob, jobNames } from './draw-jobs.ts'
import { drawFault } from './draw-faults.ts'
import { drawOperation } from './draw-operations.ts'
import type { ChaosBoard, ChaosEvent, ChaosPlan } from './plan.ts'

const minuteMs = 60_000

export function drawPlan(seed: number): ChaosPlan {
  // Neighbouring seeds of the generator would begin alike.
  const prng = createPrng(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995).fork()
  const boards = drawBoards(prng)
  const names = boards.map((board) => board.name)
  const chaosMs = (3 + prng.below(8)) * minuteMs
  const jobs = jobNames.slice(0, 1 + prng.below(jobNames.length))
  const events: ChaosEvent[] = jobs.map((name) => ({ at: 3_000 + prng.below(9_000), ...drawRun(prng, names, name) }))
  const quarrelsome = drawTaste(prng)
  for (let count = 20 + prng.below(41); count > 0; count--) {
    const at = 12_000 + prng.below(chaosMs - 12_000)
    const what = prng.chance(0.3) ? drawOperation(prng, names, jobs) : drawFault(prng, names, quarrelsome)
    events.push({ at, ...what })
  }
  events.sort((a, b) => a.at - b.at)
  return { seed, boards, events, chaosMs }
}

function drawBoards(prng: Prng): ChaosBoard[] {
  const small = prng.chance(0.5)
  return Array.from({ length: 3 + prng.below(7) }, (_, index) => ({
    name: `b${index}`,
    labels: { tier: prng.chance(0.5) ? 'fast' : 'slow' },
    memoryMib: small && prng.chance(0.3) ? 700 : 2_048,
  }))
}

/** Which kinds of faults a run favours: one that has all of them at once hides what each does. */
function drawTaste(prng: Prng): ReadonlySet<string> {
  const kinds = ['cut', 'flap', 'bad-links', 'kill', 'power-cut', 'old-disk', 'disk-full', 'driver', 'crash', 'clock', 'pause']
  return new Set(prng.shuffle(kinds).slice(0, 2 + prng.below(kinds.length - 1)))
}

function drawRun(prng: Prng, names: readonly string[], name: string) {
  return { kind: 'run', via: prng.pick(names)!, spec: drawJob(prng, name) } as const
}
