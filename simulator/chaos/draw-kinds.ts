// One more job in some runs, of another type than service: work that ends, or a copy on each board. From a generator of its own, so that all
// else is drawn as it was before there were such jobs, and runs without one are what they were.

import { disconnectDefaults, rescheduleDefaults, restartDefaults, updateDefaults } from '../../crdt/documents/defaults.ts'
import { type JobSpec, type JobType, isPerNode, isRunOnce } from '../../crdt/spec.ts'
import { jobSpec } from '../job-spec.ts'
import { type Prng, createPrng } from '../prng.ts'
import type { Happening } from './draw-faults.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent } from './plan.ts'

const name = 'work'

export function drawKinds(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x27d4eb2f) ^ 0x3c6ef372).fork()
  if (!prng.chance(0.35)) return []
  const pool = prng.pick(pools)!
  const type = prng.pick(['batch', 'batch', 'system', 'sysbatch'] as const)!
  const spec = drawSpec(prng, type, pool.name)
  const events: ChaosEvent[] = [{ at: 3_000 + prng.below(30_000), kind: 'run', via: prng.pick(pool.names)!, spec }]
  for (let count = prng.below(6); count > 0; count--) {
    const at = 40_000 + prng.below(chaosMs - 40_000)
    events.push({ at, ...drawWish(prng, pool.names, type) })
  }
  return events
}

function drawSpec(prng: Prng, type: JobType, pool: string): JobSpec {
  const disconnect = {
    ...disconnectDefaults,
    replaceAfterMs: prng.pick([0, 5_000, 60_000])!,
    reconcile: prng.pick(['best_score', 'keep_original', 'keep_replacement', 'longest_running'] as const)!,
    partition: prng.pick(['half', 'any'] as const)!,
  }
  const fast = { attribute: '${label.tier}', operator: '=', value: 'fast' } as const
  return jobSpec({
    name,
    type,
    pool,
    count: isPerNode({ type }) ? 1 : 1 + prng.below(4),
    priority: prng.pick([30, 50, 70])!,
    command: `/bin/w${prng.below(2)}`,
    group: {
      disconnect,
      constraints: prng.chance(0.2) ? [fast] : [],
      restart: { ...restartDefaults, attempts: prng.below(3), delayMs: prng.pick([1_000, 5_000])! },
      reschedule: { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 30_000 },
      ...(isRunOnce({ type })
        ? {}
        : { update: { ...updateDefaults, maxParallel: 1 + prng.below(2), minHealthyMs: 1_000, healthyDeadlineMs: 60_000 } }),
    },
  })
}

function drawWish(prng: Prng, names: readonly string[], type: JobType): Happening {
  const via = prng.pick(names)!
  const about = { via, job: name }
  const kind = prng.pick(['command', 'command', 'desire', 'scale', 'alloc-restart', 'alloc-stop'] as const)!
  if (kind === 'command' || (isPerNode({ type }) && kind !== 'desire'))
    return { kind: 'command', ...about, command: `/bin/w${prng.below(3)}` }
  if (kind === 'desire') return { kind, ...about, desired: prng.pick(['run', 'run', 'stopped', 'removed'] as const)! }
  return kind === 'scale' ? { kind, ...about, count: 1 + prng.below(5) } : { kind, ...about, index: prng.below(3) }
}
