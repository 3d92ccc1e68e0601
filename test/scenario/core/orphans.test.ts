// Tasks that run where no claim says so, with two drivers on a board: each is asked only for what it has.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AllocId } from '../../../crdt/ids.ts'
import type { TaskSpec } from '../../../crdt/spec.ts'
import type { AdoptedTask } from '../../../node/core/ports.ts'
import type { World } from '../../../simulator/world.ts'
import { bootPool, place } from '../../support/pool.ts'
import { jobSpec, runJob, slot } from '../../support/world.ts'

const bothDrivers = { board: () => ({ drivers: ['raw_exec', 'docker'] as const }) }

function appOf(driver: TaskSpec['driver']): { readonly tasks: readonly TaskSpec[] } {
  const [app] = jobSpec().groups[0]!.tasks
  const { command: _command, ...config } = app!.config
  return { tasks: [driver === 'docker' ? { ...app!, driver, config: { ...config, image: 'app' } } : app!] }
}

/** Notes each wish to stop a task, and of which driver. */
function notedStops(world: World): string[] {
  const stops: string[] = []
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (effect.kind === 'stop') stops.push(`${effect.driver} ${effect.task}`)
    return effects
  }
  return stops
}

for (const driver of ['raw_exec', 'docker'] as const) {
  test(`an orphan of ${driver} is stopped by ${driver} alone`, () => {
    const { world, first } = bootPool(1, bothDrivers)
    place(world, { group: appOf(driver) })
    const [mine] = first.tasks.values()
    const orphan: AdoptedTask = { ...mine!, id: 'old.form.app', alloc: 'old' as AllocId, generation: 0 }
    world.kill(first)
    first.tasks.set(orphan.id, orphan)
    const stops = notedStops(world)
    world.boot(first)
    world.until('stopped', () => !first.tasks.has(orphan.id), 60_000)
    assert.deepEqual(stops, [`${driver} ${orphan.id}`])
    assert.deepEqual([...first.tasks.keys()], [mine!.id])
  })
}

test('an agent that died while an update moved a task to another driver ends the former form where it runs', () => {
  const { world, first } = bootPool(1, bothDrivers)
  const job = place(world, { group: appOf('docker') })
  const [former] = first.tasks.keys()
  const stops = notedStops(world)
  world.tasks.stopMs = 5_000
  runJob(world, first, jobSpec({ group: appOf('raw_exec') }))
  world.until('the former form is told to stop', () => stops.length > 0, 60_000)
  world.kill(first)
  assert.ok(first.tasks.has(former!), 'the agent died first')
  world.boot(first)
  world.until('the new form runs', () => [...first.tasks.values()].some((task) => task.driver === 'raw_exec'), 60_000)
  assert.deepEqual(stops, [`docker ${former}`, `docker ${former}`])
  assert.deepEqual(
    [...first.tasks.values()].map((task) => task.slot),
    [slot(job)],
  )
})
