// Roll-outs that operators pause, resume and take back, and versions that boards take back themselves: only in searches that ask for it
// (`--rollouts`), so that the plans of all other seeds stay what they are. From a generator of its own.

import { type JobSpec, isPerNode, isRunOnce } from '../../crdt/spec.ts'
import { createPrng } from '../prng.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent } from './plan.ts'

export function drawRollouts(seed: number, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x2545f491) ^ 0x6c8e9cf5).fork()
  const at = (): number => 12_000 + prng.below(chaosMs - 12_000)
  return pools.flatMap(({ names, jobs }) =>
    Array.from({ length: 4 + prng.below(9) }, (): ChaosEvent => {
      const about = { at: at(), via: prng.pick(names)!, job: prng.pick(jobs)! }
      switch (prng.pick(['pause', 'resume', 'revert', 'command'] as const)!) {
        case 'pause':
          return { ...about, kind: 'pause-rollouts', paused: true }
        case 'resume':
          return { ...about, kind: 'pause-rollouts', paused: false }
        case 'revert':
          return { ...about, kind: 'revert' }
        case 'command':
          return { ...about, kind: 'command', command: `/bin/v${prng.below(4)}` }
      }
    }),
  )
}

/** The same job, which goes back by itself; most of them after the first failure. */
export function goingBack(seed: number, event: ChaosEvent): ChaosEvent {
  if (event.kind !== 'run' || isPerNode(event.spec) || isRunOnce(event.spec)) return event
  const prng = createPrng(Math.imul(seed, 0x9e3779b1) ^ event.at).fork()
  const deadlineMs = prng.pick([0, 0, null])!
  const groups = event.spec.groups.map((group): JobSpec['groups'][number] => ({
    ...group,
    update: { ...group.update, autoRevert: true, ...(deadlineMs === null ? {} : { progressDeadlineMs: deadlineMs }) },
  }))
  return prng.chance(0.7) ? { ...event, spec: { ...event.spec, groups } } : event
}
