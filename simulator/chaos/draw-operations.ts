// What operators do meanwhile, each at a board of its own: on either side of a cut, knowing nothing of the others.

import type { Prng } from '../prng.ts'
import type { Happening } from './draw-faults.ts'
import type { SpecOf } from './draw.ts'
import type { Pool } from './own-jobs.ts'

const kinds = ['run', 'scale', 'scale', 'command', 'command', 'desire', 'alloc-stop', 'alloc-restart', 'draining', 'evicted'] as const

export function drawOperation(prng: Prng, { name: pool, names, jobs }: Pool, specOf: SpecOf): Happening {
  const via = prng.pick(names)!
  const job = prng.pick(jobs)!
  const kind = prng.pick(kinds)!
  switch (kind) {
    case 'run':
      return { kind, via, spec: specOf(job, pool) }
    case 'scale':
      return { kind, via, job, count: 1 + prng.below(5) }
    case 'command':
      return { kind, via, job, command: `/bin/v${prng.below(4)}` }
    case 'desire':
      return { kind, via, job, desired: prng.pick(['run', 'run', 'stopped', 'stopped', 'removed'] as const)! }
    case 'alloc-stop':
    case 'alloc-restart':
      return { kind, via, job, index: prng.below(3) }
    case 'draining':
    case 'evicted':
      return { kind: 'node', via, board: prng.pick(names)!, wish: kind, forMs: prng.chance(0.8) ? 1_000 + prng.below(90_000) : null }
  }
}
