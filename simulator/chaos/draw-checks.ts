// Checks of tasks in some runs, and times in which they fail, hang, are refused or flap. From a generator of its own: what a job asks for
// beside is drawn as it was.

import type { CheckSpec, JobSpec, TaskSpec } from '../../crdt/spec.ts'
import { type Prng, createPrng } from '../prng.ts'
import type { Pool } from './own-jobs.ts'
import type { ChaosEvent } from './plan.ts'

/** The events with checks in what is submitted, and those about checks. */
export function drawChecks(seed: number, pools: readonly Pool[], chaosMs: number, events: readonly ChaosEvent[]): readonly ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x3ad8025f) ^ 0x5f356495).fork()
  if (!prng.chance(0.35)) return events
  const jobs = new Map(events.flatMap((event) => (event.kind === 'run' ? [[event.spec.name, event.via] as const] : [])))
  const asked = new Map([...jobs].filter(() => prng.chance(0.7)))
  // Whoever submits a job again may have changed its checks, or taken them out.
  const more = events.map((event): ChaosEvent => {
    const checks = event.kind === 'run' && asked.has(event.spec.name) && prng.chance(0.9) ? drawCheckSpecs(prng) : []
    return event.kind === 'run' && checks.length > 0 ? { ...event, spec: withChecks(event.spec, checks) } : event
  })
  for (const [job, via] of asked) {
    const { names } = pools.find((pool) => pool.names.includes(via))!
    for (let count = 1 + prng.below(4); count > 0; count--) more.push(drawUnwell(prng, job, names, chaosMs))
  }
  return more
}

function drawCheckSpecs(prng: Prng): readonly CheckSpec[] {
  const alive = drawCheck(prng, 'alive')
  return prng.chance(0.3) ? [alive, { ...drawCheck(prng, 'fast'), onUpdate: 'ignore' }] : [alive]
}

function drawCheck(prng: Prng, name: string): CheckSpec {
  return {
    name,
    type: 'exec',
    command: `/bin/${name}`,
    args: [],
    headers: {},
    intervalMs: prng.pick([3_000, 5_000, 10_000])!,
    timeoutMs: prng.pick([1_000, 3_000])!,
    successBeforePassing: prng.below(3),
    failuresBeforeCritical: prng.below(4),
    onUpdate: 'require_healthy',
    checkRestart: { limit: prng.pick([0, 0, 2, 4])!, graceMs: prng.pick([1_000, 15_000])! },
  }
}

/** Of its first task: another that belongs to it is well as long as it runs. */
function withChecks(spec: JobSpec, checks: readonly CheckSpec[]): JobSpec {
  const groups = spec.groups.map((group) => ({
    ...group,
    tasks: group.tasks.map((task, index): TaskSpec => (index === 0 ? { ...task, checks } : task)),
  }))
  return { ...spec, groups }
}

function drawUnwell(prng: Prng, job: string, names: readonly string[], chaosMs: number): ChaosEvent {
  return {
    kind: 'unwell',
    at: 12_000 + prng.below(chaosMs - 12_000),
    board: prng.chance(0.7) ? prng.pick(names)! : null,
    job,
    answer: prng.pick(['fails', 'fails', 'fails', 'hangs', 'refuses'] as const)!,
    periodMs: prng.pick([null, null, 20_000, 60_000])!,
    forMs: 5_000 + prng.below(120_000),
  }
}
