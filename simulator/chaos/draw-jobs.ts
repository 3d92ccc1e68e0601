// Jobs that differ in what matters after a cut: how soon they are replaced, by which side, which copy stays, and which boards rank higher.

import { disconnectDefaults, networkDefaults, rescheduleDefaults, restartDefaults, updateDefaults } from '../../crdt/documents/defaults.ts'
import type { DisconnectPolicy, GroupSpec, JobSpec, NetworkSpec, TaskSpec } from '../../crdt/spec.ts'
import { jobSpec } from '../job-spec.ts'
import type { Prng } from '../prng.ts'

export const jobNames: readonly string[] = ['web', 'db', 'probe', 'relay']

export function drawJob(prng: Prng, name: string, pool: string): JobSpec {
  return jobSpec({
    name,
    pool,
    count: 1 + prng.below(5),
    priority: prng.pick([30, 50, 50, 70])!,
    group: { ...drawGroup(prng), tasks: drawTasks(prng, `/bin/v${prng.below(3)}`) },
  })
}

/** Mostly one small task; sometimes two that belong together, or one that half fills a board. */
function drawTasks(prng: Prng, command: string): readonly TaskSpec[] {
  const [app] = jobSpec({ command }).groups[0]!.tasks
  const memoryMib = prng.pick([300, 300, 300, 150, 900])!
  const task: TaskSpec = { ...app!, resources: { cpuMhz: 100, memoryMib } }
  return prng.chance(0.2) ? [task, { ...task, name: 'side', resources: { cpuMhz: 50, memoryMib: 50 } }] : [task]
}

function drawGroup(prng: Prng): Partial<GroupSpec> {
  const weight = prng.pick([0, 0, 100, 50, -50])!
  const fast = { attribute: '${label.tier}', operator: '=', value: 'fast' } as const
  return {
    affinities: weight === 0 ? [] : [{ ...fast, weight }],
    constraints: prng.chance(0.1) ? [fast] : [],
    network: { ...networkDefaults, ports: drawPorts(prng) },
    disconnect: drawDisconnect(prng),
    restart: { ...restartDefaults, attempts: prng.below(3), delayMs: prng.pick([1_000, 5_000, 20_000])! },
    // Short, so that what drivers did wrong is over soon after the chaos.
    reschedule: { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 30_000 },
    update: { ...updateDefaults, maxParallel: 1 + prng.below(2), minHealthyMs: 1_000, healthyDeadlineMs: 60_000 },
  }
}

function drawPorts(prng: Prng): NetworkSpec['ports'] {
  const port = prng.pick([undefined, undefined, undefined, null, 8_080])
  return port === undefined ? [] : [{ label: 'http', static: port, to: null }]
}

function drawDisconnect(prng: Prng): DisconnectPolicy {
  const isLate = prng.chance(0.15)
  return {
    ...disconnectDefaults,
    replace: !prng.chance(0.1),
    replaceAfterMs: prng.pick([0, 5_000, 5_000, 60_000])!,
    reconcile: prng.pick(['best_score', 'best_score', 'keep_original', 'keep_replacement', 'longest_running'] as const)!,
    partition: prng.pick(['half', 'any'] as const)!,
    ...(isLate ? { lostAfterMs: 90_000, lostAfterExplicit: true } : {}),
    stopOnClientAfterMs: prng.chance(0.1) ? 45_000 : null,
  }
}
