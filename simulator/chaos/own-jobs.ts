// An operator's own jobs in place of drawn ones: which boards they are played on, and how. Everything is as the files say, but for the
// waits after failures: those are cut to seconds, so that what drivers did wrong is over soon after the chaos.

import { jobId } from '../../crdt/ids.ts'
import { type Constraint, type JobSpec, isRunOnce } from '../../crdt/spec.ts'
import type { Prng } from '../prng.ts'
import type { ChaosBoard } from './plan.ts'

/** What a search is told instead of drawing it. */
export interface Setting {
  readonly nodes?: number
  /** How long the chaos lasts, virtual. */
  readonly minutes?: number
  readonly jobs?: readonly JobSpec[]
  /** Also roll-outs that are paused, resumed and taken back, by operators and by boards (`draw-rollouts.ts`). */
  readonly rollouts?: true
}

/** Boards and jobs that belong together. Jobs as their names, with the namespace if they are an operator's own. */
export interface Pool {
  readonly name: string
  readonly names: readonly string[]
  readonly jobs: readonly string[]
}

/** In the namespace `default`, unless the name says another. */
export function chaosJobId(name: string): ReturnType<typeof jobId> {
  const [first = '', second] = name.split('/')
  return second === undefined ? jobId('default', first) : jobId(first, second)
}

export function ownPools(names: readonly string[], jobs: readonly JobSpec[]): Pool[] {
  const pools = [...new Set(jobs.map((spec) => spec.pool))].toSorted()
  return pools.map((name, at) => ({
    name,
    names: names.filter((_, index) => index % pools.length === at),
    jobs: jobs.filter((spec) => spec.pool === name).map((spec) => jobId(spec.namespace, spec.name)),
  }))
}

const waits = { delayMs: 5_000, maxDelayMs: 30_000, restartMs: 20_000, healthyDeadlineMs: 60_000, minHealthyMs: 10_000 }

export function withShortWaits(spec: JobSpec): JobSpec {
  const groups = spec.groups.map((group) => {
    const { restart, reschedule, update } = group
    return {
      ...group,
      // Drawn boards have none: such a job would wait for ever.
      tasks: group.tasks.map(({ devices: _devices, ...task }) => task),
      restart: { ...restart, delayMs: Math.min(restart.delayMs, waits.restartMs) },
      reschedule: { ...reschedule, delayMs: waits.delayMs, maxDelayMs: waits.maxDelayMs, unlimited: true, attempts: 0 },
      update: isRunOnce(spec)
        ? update
        : {
            ...update,
            minHealthyMs: Math.min(update.minHealthyMs, waits.minHealthyMs),
            healthyDeadlineMs: Math.min(update.healthyDeadlineMs, waits.healthyDeadlineMs),
          },
    }
  })
  return { ...spec, groups }
}

/** Most boards are what the jobs ask for, and room enough for two copies of the largest group. */
export function boardFor(prng: Prng, board: ChaosBoard, jobs: readonly JobSpec[]): ChaosBoard {
  const labels: Record<string, string> = { ...board.labels }
  const attributes: Record<string, string> = {}
  for (const { attribute, value } of jobs.flatMap(asked)) {
    const [, kind, name = ''] = /^\$\{\s*(attr|label|meta)\.([^}\s]+)\s*\}$/.exec(attribute) ?? []
    if (kind === undefined || value === '') continue
    ;(kind === 'attr' ? attributes : labels)[name] = prng.chance(0.75) ? value : 'other'
  }
  const groups = jobs.flatMap((spec) => spec.groups)
  const most = (of: (group: (typeof groups)[number]) => number): number => 2 * Math.max(0, ...groups.map(of))
  return {
    ...board,
    labels,
    attributes,
    drivers: ['docker', 'raw_exec'],
    memoryMib: Math.max(
      board.memoryMib,
      most(({ tasks }) => tasks.reduce((sum, { resources }) => sum + resources.memoryMib, 0)),
    ),
    cpuMhz: Math.max(
      4_000,
      most(({ tasks }) => tasks.reduce((sum, { resources }) => sum + resources.cpuMhz, 0)),
    ),
    diskMib: Math.max(
      8_192,
      most(({ diskMib }) => diskMib),
    ),
  }
}

function asked(spec: JobSpec): readonly Pick<Constraint, 'attribute' | 'value'>[] {
  const spread = spec.groups.flatMap((group) =>
    group.spread.flatMap(({ attribute, targets }) => targets.map(({ value }) => ({ attribute, value }))),
  )
  const holders = [spec, ...spec.groups, ...spec.groups.flatMap((group) => group.tasks)]
  return [...holders.flatMap(({ constraints, affinities }) => [...constraints, ...affinities]), ...spread]
}
