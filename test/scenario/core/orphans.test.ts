// Tasks that run where no claim says so: each driver is asked only for what it has, and what a driver tells late, because it did not
// answer when the agent started, comes to the same end as what it tells at once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkDefaults } from '../../../crdt/documents/defaults.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type AllocId, type Form, type JobId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { TaskSpec } from '../../../crdt/spec.ts'
import { decodeBody } from '../../../node/core/allocs/claim.ts'
import type { AdoptedTask } from '../../../node/core/ports.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootPool, bothTasks, count, home, place, slotsOf } from '../../support/pool.ts'
import { areEqual, claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

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

test('an agent that died while an update took a task away ends that task, too, before the new form starts', () => {
  const { world, first } = bootPool(1)
  place(world, { group: bothTasks() })
  const former = [...first.tasks.keys()]
  world.tasks.stopMs = 5_000
  const stops = notedStops(world)
  runJob(world, first, jobSpec())
  world.until('the former form is told to stop', () => stops.length > 0, 60_000)
  world.kill(first)
  world.boot(first)
  world.until('the new form runs', () => [...first.tasks.keys()].some((id) => !former.includes(id)), 60_000)
  assert.equal(first.tasks.size, 1)
})

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

/** As its driver tells of it; the job is stopped again. */
function someTask(world: World, board: Board): AdoptedTask {
  const job = place(world, { count: 2 })
  const [task] = board.tasks.values()
  edit(world, board, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('stopped', () => board.tasks.size === 0, 30_000)
  return task!
}

/** Boots the board while its driver does not say what runs. Returns how it says so at last. */
function bootSilently(world: World, board: Board): () => void {
  const running = [...board.tasks.values()]
  board.tasks.clear()
  world.boot(board)
  for (const task of running) board.tasks.set(task.id, task)
  return () => world.feed(board, { kind: 'adopted', now: world.queue.now, running: [...board.tasks.values()] })
}

/** Its engine answers nothing. */
function breakDriver(world: World, broken: Board): void {
  world.tasks.refuse = (board) => (board === broken ? 'E_DRIVER_DOWN' : null)
}

test('told late: a claim that waits for its driver goes on with what runs', () => {
  const { world, boards } = bootPool(2)
  const job = place(world, { count: 2 })
  const b1 = world.board('b1')
  world.kill(b1)
  breakDriver(world, b1)
  const tell = bootSilently(world, b1)
  world.run(30_000)
  tell()
  world.run(30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 0])
  const mine = slotsOf(job, 2).find((id) => home(world, id) === b1)!
  const claim = claimOf(boards[0]!, mine, b1)!
  assert.deepEqual([claim.state, claim.healthy, claim.generation], ['running', true, 1])
})

for (const record of ['kept', 'lost'] as const) {
  test(`told late: a claim that was failed and replaced meanwhile leaves one copy (its record was ${record})`, () => {
    const { world, boards } = bootPool(3)
    const job = place(world)
    const broken = home(world, slot(job))
    world.run(10_000)
    world.kill(broken)
    if (record === 'lost') broken.disk.delete(`meta/alloc/${slot(job)}`)
    breakDriver(world, broken)
    const tell = bootSilently(world, broken)
    world.until('replaced', () => runners(world, slot(job)).length === 2, 10 * 60_000)
    tell()
    world.run(60_000)
    assert.equal(runners(world, slot(job)).length, 1)
    assert.equal(claimOf(boards[0]!, slot(job), home(world, slot(job)))!.state, 'running')
    assert.ok(areEqual(boards))
  })
}

test('told late: a claim on its way out is not over before its driver has stopped what runs', () => {
  const { world, first } = bootPool(1)
  const job = place(world)
  world.tasks.stopMs = 5_000
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('on its way out', () => claimOf(first, slot(job), first)?.state === 'stopping', 10_000)
  world.kill(first)
  const tell = bootSilently(world, first)
  world.run(2_000)
  tell()
  world.run(1_000)
  assert.deepEqual([claimOf(first, slot(job), first)!.state, first.tasks.size], ['stopping', 1])
  world.until('over', () => claimOf(first, slot(job), first)?.state === 'stopped', 10_000)
  assert.equal(first.tasks.size, 0)
})

test('told late: what ran for the former pool is stopped', () => {
  const { world, first } = bootPool(1)
  place(world)
  world.run(10_000)
  world.kill(first)
  first.spec = { ...first.spec, pool: 'other' }
  const tell = bootSilently(world, first)
  world.run(30_000)
  tell()
  world.run(1_000)
  assert.equal(first.tasks.size, 0)
})

test('told late: what runs for a job that no board knows ends, however long after the boot its driver tells of it', () => {
  const { world, first } = bootPool(2)
  const elsewhere: AdoptedTask = {
    ...someTask(world, first),
    id: 'old.form.app',
    slot: slot('default/gone' as JobId),
    alloc: 'old' as AllocId,
  }
  world.kill(first)
  first.tasks.set(elsewhere.id, elsewhere)
  const tell = bootSilently(world, first)
  world.run(400_000)
  tell()
  world.run(60_000)
  assert.ok(first.tasks.has(elsewhere.id), 'the others are asked first')
  world.run(600_000)
  assert.equal(first.tasks.has(elsewhere.id), false)
})

test('what ended before anybody knew its job is not taken up as if it ran', () => {
  const { world, boards } = bootPool(2)
  const job = place(world)
  const owner = home(world, slot(job))
  world.run(10_000)
  world.kill(owner)
  owner.disk.clear()
  world.split(
    [owner],
    boards.filter((board) => board !== owner),
  )
  world.boot(owner)
  world.run(2_000)
  world.crash(owner, slot(job))
  world.heal()
  world.run(60_000)
  const at = home(world, slot(job))
  assert.equal(claimOf(boards[0]!, slot(job), at)!.state, 'running')
})

test('nothing new starts on a board while a task that nothing claims is still stopping', () => {
  const { world, first } = bootPool(1)
  const job = place(world)
  const [mine] = first.tasks.values()
  world.kill(first)
  // The disk is older than what runs: a later generation of another version.
  first.tasks.clear()
  first.tasks.set('later.form.app', { ...mine!, id: 'later.form.app', alloc: 'later' as AllocId, form: 'other' as Form, generation: 7 })
  world.tasks.stopMs = 5_000
  let most = 0
  world.watch = (_board, _event, step) => {
    most = Math.max(most, first.tasks.size)
    return step()
  }
  world.boot(first)
  world.until('a copy runs again', () => first.tasks.size === 1 && !first.tasks.has('later.form.app'), 60_000)
  world.run(10_000)
  assert.equal(most, 1)
  assert.deepEqual(runners(world, slot(job)), ['b0'])
})

/** A board that runs everything. `goBack`: cut off, it boots with the disk of now, while what it ran goes on. */
function withOldDisk() {
  const { world, boards } = bootPool(2)
  const [b0, b1] = boards as [Board, Board]
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  world.run(2_000)
  const image = new Map(b0.disk)
  const goBack = (): void => {
    world.split([b0], [b1])
    world.kill(b0)
    b0.disk.clear()
    for (const [key, value] of image) b0.disk.set(key, value)
    world.boot(b0)
  }
  return { world, b0, goBack }
}

test('an evicted board stops also what runs there for jobs that it does not know', () => {
  const { world, b0, goBack } = withOldDisk()
  place(world)
  goBack()
  world.run(10_000)
  assert.equal(b0.tasks.size, 1, 'the job may come yet')
  edit(world, b0, opsDocId(b0.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(10_000)
  assert.equal(b0.tasks.size, 0)
})

test('a copy that is taken up after an old disk keeps its port from the claims of the same moment', () => {
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8_080, to: null }] }
  const { world, b0, goBack } = withOldDisk()
  const held = place(world, { name: 'held', group: { network } })
  const late = runJob(world, b0, jobSpec({ name: 'first-in-order', group: { network } }))
  world.run(10_000)
  goBack()
  // It takes part before it knows of any job.
  world.run(10_000)
  world.heal()
  world.run(60_000)
  assert.deepEqual(runners(world, slot(held)), ['b0'])
  assert.equal(claimOf(b0, slot(late), b0), undefined, 'nothing is claimed that cannot have its port')
})

test('nothing is claimed beside a task of a job that this board does not know: how much room it takes is in no view', () => {
  const half = { tasks: [{ ...jobSpec().groups[0]!.tasks[0]!, resources: { cpuMhz: 100, memoryMib: 600 } }] }
  const { world, b0, goBack } = withOldDisk()
  const held = place(world, { name: 'held', group: half })
  goBack()
  world.run(10_000)
  const late = runJob(world, b0, jobSpec({ name: 'late', group: half }))
  world.run(60_000)
  assert.deepEqual(
    [...b0.tasks.values()].map((task) => task.slot),
    [slot(held)],
  )
  world.heal()
  world.run(60_000)
  assert.deepEqual([runners(world, slot(held)), claimOf(b0, slot(late), b0)], [['b0'], undefined])
  world.crash(b0, slot(held))
  edit(world, b0, jobDocId(held), 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('the room is taken', () => runners(world, slot(late)).length === 1, 60_000)
})

test('what was not claimed beside an unknown task is claimed as soon as that ends by itself', () => {
  const { world, b0, goBack } = withOldDisk()
  const held = place(world, { name: 'held' })
  goBack()
  const late = runJob(world, b0, jobSpec({ name: 'late' }))
  world.run(60_000)
  assert.deepEqual(runners(world, slot(late)), [])
  world.crash(b0, slot(held))
  world.until('the room is taken', () => runners(world, slot(late)).length === 1, 5_000)
})

/** A copy that is updated in place so often after its board's disk was saved; then the board is back with that disk, while the copy runs on. */
function updatedSinceItsDisk(updates: number) {
  const { world, boards } = bootPool(2)
  const b1 = boards[1]!
  edit(world, b1, opsDocId(boards[0]!.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  world.run(2_000)
  const job = place(world, { command: '/bin/v0' })
  const image = new Map(b1.disk)
  for (let n = 1; n <= updates; n++) {
    runJob(world, boards[0]!, jobSpec({ command: `/bin/v${n % 2}` }))
    world.run(10_000)
  }
  const [running] = b1.tasks.values()
  world.kill(b1)
  b1.disk.clear()
  for (const [key, value] of image) b1.disk.set(key, value)
  const seen = [count(world, 'start'), count(world, 'stop')]
  world.boot(b1)
  const moved = (): number[] => [count(world, 'start') - seen[0]!, count(world, 'stop') - seen[1]!]
  return { world, boards, b1, job, running: running!, moved }
}

for (const updates of [1, 2, 3]) {
  test(`a copy that was updated ${updates} times since its board's disk was saved runs on, at its generation`, () => {
    const { world, boards, b1, job, running, moved } = updatedSinceItsDisk(updates)
    world.run(30_000)
    assert.deepEqual([[...b1.tasks.keys()], moved()], [[running.id], [0, 0]])
    const claim = claimOf(boards[0]!, slot(job), b1)!
    assert.deepEqual([claim.state, claim.generation, claim.form], ['running', 1, running.form])
  })
}

test('what an agent started that counted no updates is what an unfinished update left, as ever', () => {
  const { world, b1, job, running, moved } = updatedSinceItsDisk(0)
  world.kill(b1)
  b1.tasks.clear()
  const left = `${running.alloc}.other.app`
  b1.tasks.set(left, { ...running, id: left, form: 'other' as Form, updates: 0 })
  world.boot(b1)
  world.until('the form of the disk runs alone', () => b1.tasks.size === 1 && !b1.tasks.has(left), 30_000)
  assert.deepEqual([moved(), runners(world, slot(job))], [[1, 1], ['b1']])
})

test('an agent of before updates were counted has rewritten the record: no good claim is taken for one of an old disk', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { command: '/bin/v0' })
  runJob(world, first, jobSpec({ command: '/bin/v1' }))
  world.run(10_000)
  const [running] = first.tasks.values()
  assert.equal(running!.updates, 1)
  world.kill(first)
  const key = `meta/alloc/${slot(job)}`
  const { updates: _updates, ...former } = decodeBody(first.disk.get(key)!)!
  first.disk.set(key, new TextEncoder().encode(JSON.stringify(former)))
  const seen = count(world, 'stop')
  world.boot(first)
  world.run(30_000)
  assert.deepEqual([[...first.tasks.keys()], count(world, 'stop') - seen], [[running!.id], 0])
  assert.deepEqual(claimOf(first, slot(job), first)?.generation, 1)
})

test('a board does not wait for ever for the job of a task that it does not know', () => {
  const { world, b0, goBack } = withOldDisk()
  place(world, { name: 'held' })
  goBack()
  const late = runJob(world, b0, jobSpec({ name: 'late' }))
  world.run(4 * 60_000)
  assert.deepEqual(runners(world, slot(late)), [])
  world.until('claimed', () => runners(world, slot(late)).length === 1, 2 * 60_000)
})

test('under an old disk no generation that runs is used again', () => {
  const { world, boards, b1, job } = updatedSinceItsDisk(0)
  world.kill(b1)
  const [running] = b1.tasks.values()
  b1.tasks.clear()
  const later = { ...running!, id: 'abcdef0123456789.form.app', alloc: 'abcdef0123456789' as AllocId, form: 'other' as Form, generation: 7 }
  b1.tasks.set(later.id, later)
  world.boot(b1)
  world.until('a copy runs again', () => b1.tasks.size === 1 && !b1.tasks.has(later.id), 60_000)
  world.run(10_000)
  assert.equal(claimOf(boards[0]!, slot(job), b1)!.generation, 8)
})
