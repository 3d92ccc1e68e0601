// Whatever a group is made of, however its tasks end, and whatever happens to its agent, its board and its job: no main task before the
// prestart tasks are through, no poststop task while anything else runs, nothing twice that ended well, and no poststop task forgotten.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { restartDefaults, rescheduleDefaults, updateDefaults } from '../../../../crdt/documents/defaults.ts'
import { jobPaths, restartPath, stopGenerationPath } from '../../../../crdt/documents/job.ts'
import { jobDocId } from '../../../../crdt/ids.ts'
import type { Registers } from '../../../../crdt/registers.ts'
import type { JobSpec } from '../../../../crdt/spec.ts'
import { powerFailsAfter } from '../../../../simulator/deaths.ts'
import type { World } from '../../../../simulator/world.ts'
import { LifecycleLaws } from '../../../support/lifecycle-laws.ts'
import { badly, tasksOf, watchTasks, well } from '../../../support/lifecycle.ts'
import { bootPool } from '../../../support/pool.ts'
import { edit, jobSpec, runJob, slot } from '../../../support/world.ts'

const kinds = ['main', 'prestart', 'beside', 'poststart', 'after', 'poststop'] as const
const delayMs = fc.constantFrom(0, 0, 1_500)
const story = fc.record({
  type: fc.constantFrom('service', 'batch'),
  others: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 }),
  isLed: fc.boolean(),
  groupDelayMs: delayMs,
  delaysMs: fc.array(delayMs, { minLength: 5, maxLength: 5 }),
  /** Of momentary tasks, each time anew. */
  runs: fc.array(fc.tuple(fc.integer({ min: 100, max: 4_000 }), fc.boolean()), { minLength: 1, maxLength: 6 }),
  mainMs: fc.constantFrom(null, 6_000, 15_000),
  happens: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 6_000 }),
      fc.constantFrom('kill', 'kill', 'power', 'power in a step', 'crash', 'update', 'restart', 'alloc stop', 'stop', 'run'),
      fc.integer({ min: 0, max: 5_000 }),
    ),
    { maxLength: 7 },
  ),
})
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never

function specOf({ type, others, isLed, groupDelayMs, delaysMs }: Story, version: number): JobSpec {
  const named = { a: 'main', ...Object.fromEntries(others.map((kind, at) => [`t${at}`, kind] as const)) } as const
  const tasks = tasksOf(named, isLed ? { a: { leader: true } } : {}).map((task, at) => ({
    ...task,
    env: { VERSION: String(version) },
    ...(delaysMs[at] === 0 ? {} : { shutdownDelayMs: delaysMs[at]! }),
  }))
  const restart = { ...restartDefaults, attempts: 3, delayMs: 1_000 }
  const reschedule = { ...rescheduleDefaults, delayMs: 5_000, maxDelayMs: 5_000 }
  const update = type === 'batch' ? updateDefaults : { ...updateDefaults, minHealthyMs: 1_000 }
  return jobSpec({ type, group: { tasks, restart, reschedule, update, ...(groupDelayMs === 0 ? {} : { shutdownDelayMs: groupDelayMs }) } })
}

function play(one: Story): { readonly laws: LifecycleLaws; readonly lines: readonly string[]; readonly world: World } {
  const { world, first } = bootPool(1)
  const spec = specOf(one, 0)
  const kindsOf = Object.fromEntries(spec.groups[0]!.tasks.map(({ name, lifecycle }) => [name, lifecycle]))
  const programs = one.runs.map(([ms, isWell]) => (isWell ? well(ms) : badly(ms)))
  const names = Object.entries(kindsOf).flatMap(([name, lifecycle]) => (lifecycle?.sidecar === false ? [[name, programs] as const] : []))
  const mains = Object.entries(kindsOf).flatMap(([name, lifecycle]) =>
    lifecycle === undefined && one.mainMs !== null ? [[name, [well(one.mainMs)]] as const] : [],
  )
  const { lines } = watchTasks(world, Object.fromEntries([...names, ...mains]))
  const laws = new LifecycleLaws(world, kindsOf)
  const job = runJob(world, first, spec)
  const write = (path: string, value: (now: Registers) => string | number): void =>
    edit(world, first, jobDocId(job), 'default', (now) => new Map([[path, value(now)]]))
  const again = (): void => {
    if (first.core === null) world.boot(first)
  }
  let version = 0
  world.run(6_000)
  for (const [afterMs, what, number] of one.happens) {
    world.run(afterMs)
    lines.push(`(${what})`)
    if (what === 'kill' || what === 'power') {
      if (what === 'kill') world.kill(first)
      else world.powerCut(first)
      world.run(number)
    } else if (what === 'power in a step') {
      first.death = powerFailsAfter(number % 12)
      world.run(3_000)
      first.death = null
    } else if (what === 'crash') world.crash(first, slot(job), [...first.tasks.values()][number % Math.max(1, first.tasks.size)]?.task)
    else if (what === 'update') runJob(world, first, specOf(one, ++version))
    else if (what === 'restart') write(restartPath('g', 0), (now) => Number(now.get(restartPath('g', 0)) ?? 0) + 1)
    else if (what === 'alloc stop') write(stopGenerationPath('g', 0), () => first.core!.state!.allocs.get(slot(job))?.generation ?? 0)
    else write(jobPaths.desired, () => (what === 'stop' ? 'stopped' : 'run'))
    again()
  }
  world.run(10_000)
  write(jobPaths.desired, () => 'stopped')
  world.run(120_000)
  return { laws, lines, world }
}

test('the order of a copy’s tasks holds in every history', () => {
  fc.assert(
    fc.property(story, (one) => {
      const { laws, lines, world } = play(one)
      const board = [...world.boards.values()][0]!
      assert.deepEqual(laws.broken, [], lines.join(' '))
      assert.equal(board.tasks.size, 0, `all is over: ${lines.join(' ')}`)
      // A poststop task that fails often enough is given up.
      if (one.runs.every(([, isWell]) => isWell)) assert.deepEqual(laws.missed(), [], lines.join(' '))
      world.release()
    }),
    { numRuns: 30 },
  )
})
