// Artifacts in the core: what a driver is asked for, and what becomes of a copy whose file is not to be had.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobSpec } from '../../../crdt/spec.ts'
import { artifact, sha256Of } from '../../support/artifacts.ts'
import { bootPool, count } from '../../support/pool.ts'
import { givenOn, label } from '../../support/templates.ts'
import { claimOf, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000

function withArtifacts(source = 'https://${label.mirror}/app', options: Parameters<typeof jobSpec>[0] = {}): JobSpec {
  const spec = jobSpec(options)
  const groups = spec.groups.map((group) => ({
    ...group,
    tasks: group.tasks.map((task) => ({ ...task, artifacts: [artifact({ source })] })),
  }))
  return { ...spec, groups }
}

const mirrored = { board: () => ({ labels: { mirror: 'north.example' } }) }

test('a task is asked for with its file, its address filled in; another mirror behind the same name restarts nothing', () => {
  const { world, first } = bootPool(1, mirrored)
  const addresses: string[] = []
  world.tasks.refuse = (_, task, phase) => {
    for (const file of task.files ?? []) if (file.kind === 'artifact') addresses.push(`${phase} ${file.source}`)
    return null
  }
  const job = runJob(world, first, withArtifacts())
  world.until('it runs', () => runners(world, slot(job)).length === 1, minuteMs)
  assert.deepEqual(addresses, ['prepare https://north.example/app', 'start https://north.example/app'])
  assert.deepEqual(givenOn(first)?.files, { 'bin/app': `sha256:${sha256Of('app')}` })
  label(world, first, 'south')
  world.run(minuteMs)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [1, 0])
})

test('a file that cannot be had is asked for again; one that is nowhere fails the copy, which is tried elsewhere', () => {
  const { world, first } = bootPool(1, mirrored)
  let answers = 0
  world.tasks.refuse = (_, _task, phase) => (phase === 'prepare' && answers++ < 3 ? 'E_ARTIFACT' : null)
  const job = runJob(
    world,
    first,
    withArtifacts(undefined, { group: { restart: { attempts: 2, intervalMs: minuteMs, delayMs: 1_000, mode: 'delay' } } }),
  )
  world.until('it runs', () => runners(world, slot(job)).length === 1, 5 * minuteMs)
  assert.deepEqual([answers, claimOf(first, slot(job), first)?.restarts], [4, 0])

  const two = bootPool(2, mirrored)
  two.world.tasks.refuse = (board, _task, phase) => (phase === 'prepare' && board === two.first ? 'E_ARTIFACT_MISSING' : null)
  const other = runJob(two.world, two.first, withArtifacts(undefined, { count: 2 }))
  two.world.until('both run elsewhere', () => [0, 1].every((at) => runners(two.world, slot(other, at))[0] === 'b1'), 10 * minuteMs)
})

for (const code of ['E_ARTIFACT', 'E_IMAGE_PULL'] as const)
  test(`what has made room since it was fetched (${code}) is fetched again before the start, and that is no failure of the task`, () => {
    const { world, first } = bootPool(1, mirrored)
    const asked: string[] = []
    let isGone = true
    world.tasks.refuse = (_, _task, phase) => {
      asked.push(phase)
      if (phase === 'prepare' || !isGone) return null
      isGone = false
      return code
    }
    const job = runJob(world, first, withArtifacts())
    world.until('it runs', () => runners(world, slot(job)).length === 1, minuteMs)
    assert.deepEqual(asked, ['prepare', 'start', 'prepare', 'start'])
    assert.equal(claimOf(first, slot(job), first)?.restarts, 0)
  })

test('a board without what the address names does not run it, and says which name', () => {
  const { world, first } = bootPool(1)
  const job = runJob(world, first, withArtifacts())
  world.run(minuteMs)
  assert.deepEqual(runners(world, slot(job)), [])
  assert.match(claimOf(first, slot(job), first)?.reason ?? '', /this board has no \$\{label\.mirror\}/)
})
