// New versions and operators' wishes: who moves, in which order, and what is never disturbed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  disconnectDefaults,
  networkDefaults,
  resourceDefaults,
  restartDefaults,
  rescheduleDefaults,
  updateDefaults,
} from '../../../crdt/documents/defaults.ts'
import { restartPath, stopGenerationPath } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { jobDocId, opsDocId } from '../../../crdt/ids.ts'
import { sampleTask } from '../../../simulator/sample-job.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const update = { ...updateDefaults, minHealthyMs: 2_000 }

function programOf(world: World, id: ReturnType<typeof slot>): string {
  return home(world, id).core!.state!.allocs.get(id)!.body.group.tasks[0]!.config.command ?? ''
}

test('a rolling update moves max_parallel copies at a time, in order, each in place at its generation', () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 6, group: { update: { ...update, maxParallel: 2 } } })
  const slots = slotsOf(job, 6)
  const homes = slots.map((id) => home(world, id))
  const began = world.queue.now
  runJob(world, first, jobSpec({ count: 6, command: '/bin/second', group: { update: { ...update, maxParallel: 2 } } }))
  let most = 0
  world.until(
    'all run the new version, healthy',
    () => {
      const held = slots.map((id, index) => homes[index]!.core!.state!.allocs.get(id)!)
      most = Math.max(most, held.filter((alloc) => !alloc.healthy).length)
      return held.every((alloc) => alloc.healthy && alloc.body.group.tasks[0]!.config.command === '/bin/second')
    },
    30_000,
  )
  assert.equal(most, 2)
  assert.ok(world.queue.now - began >= 3 * 2_000, 'three rounds, each as long as health takes')
  assert.deepEqual(
    slots.map((id) => home(world, id).spec.name),
    homes.map((board) => board.spec.name),
  )
  for (const [index, id] of slots.entries()) assert.equal(claimOf(first, id, homes[index]!)!.generation, 1)
  const stops = [...world.boards.values()].flatMap((board) => board.trail).filter((entry) => entry.what === 'stop')
  assert.deepEqual(
    stops.toSorted((a, b) => a.at - b.at).map((entry) => Math.trunc(slots.indexOf(entry.slot as never) / 2)),
    [0, 0, 1, 1, 2, 2],
  )
})

test('a roll-out passes a copy that is healthy at the new version, though its replacement failed at it during a cut', () => {
  const { world, boards, first } = bootPool(4)
  const spec = (command: string) => ({
    count: 2,
    command,
    group: {
      update: { ...update, maxParallel: 1 },
      restart: { ...restartDefaults, attempts: 0 },
      reschedule: { ...rescheduleDefaults, delayMs: 5_000 },
      disconnect: { ...disconnectDefaults, replaceAfterMs: 5_000 },
    },
  })
  const job = place(world, spec('/bin/first'))
  const [one, other] = [home(world, slot(job, 0)), home(world, slot(job, 1))]
  const rest = boards.filter((board) => board !== one)
  for (const board of rest) world.unavailable.add(`${board.spec.name}:/bin/first`)
  world.split([one], rest)
  world.until(
    'the replacement fails',
    () => (other.core!.state!.view.claims.get(slot(job)) ?? []).some((c) => c.state === 'failed'),
    60_000,
  )
  world.heal()
  world.run(30_000)
  world.unavailable.clear()
  for (const command of ['/bin/second', '/bin/first']) {
    runJob(world, first, jobSpec(spec(command)))
    const commandOf = (board: Board, index: number) => board.core!.state!.allocs.get(slot(job, index))?.body.group.tasks[0]!.config.command
    world.until(`both run ${command}`, () => [one, other].every((board, index) => commandOf(board, index) === command), 60_000)
  }
})

const asking = (memoryMib: number) => ({ tasks: [sampleTask({ resources: { ...resourceDefaults, memoryMib } })] })

test('a copy that shrinks where it is frees nothing before its former task is gone', () => {
  const { world, first } = bootPool(1, { board: () => ({ capacity: { cpuMhz: 4_000, memoryMib: 700, diskMib: 8_192 } }) })
  const job = place(world, { count: 2, group: asking(300) })
  world.tasks.stopMs = 5_000
  runJob(world, first, jobSpec({ count: 3, group: asking(150) }))
  const asks = new Map<string, number>()
  let most = 0
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (effect.kind === 'start') asks.set(effect.task.id, effect.task.spec.resources.memoryMib)
    most = Math.max(
      most,
      [...first.tasks.keys()].reduce((sum, id) => sum + (asks.get(id) ?? 300), 0),
    )
    return effects
  }
  world.until('all three run', () => slotsOf(job, 3).every((id) => runners(world, id).length === 1), 60_000)
  assert.equal(most, 600)
})

test('an update in place starts nothing before all of the old form has stopped', () => {
  const { world, first } = bootPool(1)
  const job = place(world)
  world.tasks.stopMs = 3_000
  runJob(world, first, jobSpec({ command: '/bin/second' }))
  let most = 0
  world.until(
    'it runs the new version',
    () => {
      most = Math.max(most, first.tasks.size)
      return first.tasks.size === 1 && programOf(world, slot(job)) === '/bin/second' && count(world, 'start') === 2
    },
    10_000,
  )
  assert.equal(most, 1)
})

test('two copies on a lone board whose next version wants one port: one takes it where it is, the other goes on as it was', () => {
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8080, to: null }] }
  for (const maxParallel of [1, 2]) {
    const { world, first } = bootPool(1)
    const job = place(world, { count: 2 })
    runJob(world, first, jobSpec({ count: 2, command: '/bin/second', group: { network, update: { ...update, maxParallel } } }))
    world.run(60_000)
    assert.deepEqual(
      slotsOf(job, 2).map((id) => programOf(world, id)),
      ['/bin/second', '/bin/app'],
    )
    assert.deepEqual([count(world, 'start'), count(world, 'stop')], [3, 1], 'no try failed')
  }
})

test('a change of policies alone restarts nothing', () => {
  const { world, first } = bootPool(2)
  const job = place(world, { count: 2 })
  runJob(world, first, jobSpec({ count: 2, priority: 60, group: { restart: { ...restartDefaults, attempts: 1 } } }))
  world.run(30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 0])
  for (const id of slotsOf(job, 2)) assert.equal(home(world, id).core!.state!.allocs.get(id)!.body.group.restart.attempts, 1)
})

test('a new version that starts and fails halts the roll-out at the first copy', () => {
  const group = {
    update: { ...update, healthyDeadlineMs: 20_000 },
    restart: { ...restartDefaults, attempts: 0 },
    reschedule: { ...rescheduleDefaults, delayMs: 3_600_000 },
  }
  const { world, first } = bootPool(3)
  const job = place(world, { count: 3, group })
  world.tasks.refuse = (_board, task, phase) => (phase === 'start' && task.spec.config.command === '/bin/bad' ? 'E_START' : null)
  runJob(world, first, jobSpec({ count: 3, command: '/bin/bad', group }))
  world.run(10 * 60_000)
  assert.deepEqual(
    slotsOf(job, 3).map((id) => runners(world, id).length),
    [0, 1, 1],
  )
  assert.deepEqual(
    [1, 2].map((index) => programOf(world, slot(job, index))),
    ['/bin/app', '/bin/app'],
  )
  // Going back is a version like any other.
  runJob(world, first, jobSpec({ count: 3, group }))
  world.until('all run again', () => slotsOf(job, 3).every((id) => runners(world, id).length === 1), 10_000)
})

test('a new version that never gets healthy fails at its deadline and halts the roll-out', () => {
  const group = {
    update: { maxParallel: 1, minHealthyMs: 5_000, healthyDeadlineMs: 30_000 },
    restart: { attempts: 1000, intervalMs: 3_600_000, delayMs: 100, mode: 'fail' as const },
  }
  const { world, first } = bootPool(2)
  const job = place(world, { count: 2, group })
  world.run(5_000)
  runJob(world, first, jobSpec({ count: 2, command: '/bin/bad', group }))
  const at = home(world, slot(job))
  for (let i = 0; i < 40; i++) {
    world.run(1_000)
    world.crash(at, slot(job))
  }
  assert.match(claimOf(first, slot(job), at)?.reason ?? '', /^unhealthy/)
  assert.equal(programOf(world, slot(job, 1)), '/bin/app')
})

test('a port that a new version asks for is held from the moment at which the former one is told to stop', () => {
  // Seed 35: the former tasks took their time, and the port was given to another copy meanwhile.
  const { world, first } = bootPool(1)
  const port = (number: number | null) => ({
    network: { ...networkDefaults, ports: [{ label: 'http', static: number, to: null }] },
    update,
  })
  const early = place(world, { name: 'early', group: port(null) })
  world.tasks.stopMs = 5_000
  runJob(world, first, jobSpec({ name: 'early', group: port(8_080) }))
  world.run(1_000)
  const late = runJob(world, first, jobSpec({ name: 'late', group: port(8_080) }))
  world.run(20_000)
  const [task] = [...first.tasks.values()]
  assert.deepEqual([first.tasks.size, task?.slot, task?.ports], [1, slot(early, 0), { http: 8_080 }])
  assert.equal(claimOf(first, slot(late, 0), first), undefined, 'the other one waits for the port')
})

for (const [how, next] of [
  ['gives up', null],
  ['changes', 9_090],
] as const) {
  test(`a port that a new version ${how} goes to nobody else before the former task is gone`, () => {
    const { world, first } = bootPool(1)
    const ports = (number: number | null) => (number === null ? [] : [{ label: 'http', static: number, to: null }])
    const asking = (number: number | null) => ({ network: { ...networkDefaults, ports: ports(number) }, update })
    const early = place(world, { name: 'early', group: asking(8_080) })
    const [former] = [...first.tasks.keys()]
    world.tasks.stopMs = 5_000
    runJob(world, first, jobSpec({ name: 'early', group: asking(next) }))
    const late = runJob(world, first, jobSpec({ name: 'late', group: asking(8_080) }))
    let isShared = false
    world.watch = (board, _event, step) => {
      isShared ||= board.tasks.has(former!) && runners(world, slot(late)).length > 0
      return step()
    }
    world.until('both run', () => [early, late].every((job) => runners(world, slot(job)).length === 1) && first.tasks.size === 2, 60_000)
    assert.equal(isShared, false)
    assert.equal(claimOf(first, slot(late), first)!.generation, 1, 'no try failed')
    assert.deepEqual(claimOf(first, slot(early), first)!.ports, next === null ? {} : { http: next })
  })
}

test('a claim names the ports that its form asks for before anything of it runs', () => {
  // Seed 141: it named none yet, so those that its job asked for by then counted in their place, and its own were given away.
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8_080, to: null }] }
  const { world, first } = bootPool(1)
  const job = runJob(world, first, jobSpec({ group: { network } }))
  world.until('claimed', () => claimOf(first, slot(job), first) !== undefined, 5_000)
  const { state, ports } = claimOf(first, slot(job), first)!
  assert.deepEqual([state, ports], ['claimed', { http: 8_080 }])
})

test('scaling up adds copies, scaling down stops the highest, and the others are not touched', () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 2 })
  runJob(world, first, jobSpec({ count: 5 }))
  world.until('five', () => slotsOf(job, 5).every((id) => runners(world, id).length === 1), 10_000)
  runJob(world, first, jobSpec({ count: 1 }))
  world.until('one', () => slotsOf(job, 5).filter((id) => runners(world, id).length > 0).length === 1, 10_000)
  world.run(10_000)
  assert.equal(runners(world, slot(job)).length, 1)
  assert.equal(count(world, 'start', { slot: slot(job) }), 1)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [5, 4])
})

test('a stopped job that is run again starts at a higher generation', () => {
  const { world, first } = bootPool(2)
  const job = place(world, { count: 2 })
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.until('stopped', () => [...world.boards.values()].every((board) => board.tasks.size === 0), 10_000)
  world.run(5_000)
  runJob(world, first, jobSpec({ count: 2 }))
  world.until('running', () => slotsOf(job, 2).every((id) => runners(world, id).length === 1), 10_000)
  for (const id of slotsOf(job, 2)) assert.equal(home(world, id).core!.state!.allocs.get(id)!.generation, 2)
})

test('a removed job leaves nothing behind that its next life could meet', () => {
  const { world, first } = bootPool(1)
  const removed: string[] = []
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (effect.kind === 'remove') removed.push(effect.task)
    return effects
  }
  const job = place(world)
  const [used] = [...first.tasks.keys()]
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'removed']]))
  world.run(5_000)
  assert.deepEqual(removed, [used])
  assert.equal(claimOf(first, slot(job), first), undefined)
  runJob(world, first, jobSpec())
  world.until('running', () => runners(world, slot(job)).length === 1, 10_000)
})

test('alloc restart restarts the copy once, where it is', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 3 })
  const at = home(world, slot(job, 1))
  edit(world, first, jobDocId(job), 'default', () => new Map([[restartPath('g', 1), 1]]))
  world.run(60_000)
  assert.equal(home(world, slot(job, 1)).spec.name, at.spec.name)
  assert.deepEqual(
    slotsOf(job, 3).map((id) => count(world, 'start', { slot: id })),
    [1, 2, 1],
  )
  assert.equal(claimOf(first, slot(job, 1), at)!.generation, 1)
  // Not again after a reboot, and not by whoever takes the slot over.
  world.kill(at)
  world.run(1_000)
  world.boot(at)
  world.run(20_000)
  assert.equal(count(world, 'start', { slot: slot(job, 1) }), 2)
  world.powerCut(at)
  world.until('elsewhere', () => runners(world, slot(job, 1)).length === 1, 90_000)
  world.run(20_000)
  assert.equal(count(world, 'start', { slot: slot(job, 1) }), 3)
  assert.equal(boards.length, 3)
})

test('alloc stop moves the copy to a higher generation', () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 1 })
  edit(world, first, jobDocId(job), 'default', () => new Map([[stopGenerationPath('g', 0), 1]]))
  world.until(
    'it runs at generation 2',
    () => runners(world, slot(job)).length === 1 && home(world, slot(job)).core!.state!.allocs.get(slot(job))?.generation === 2,
    10_000,
  )
  world.run(30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 1])
})

test('a draining board hands over each copy only once it runs elsewhere', () => {
  const { world, first } = bootPool(3)
  const job = place(world, { count: 3 })
  const slots = slotsOf(job, 3)
  const [moving] = slots.filter((id) => home(world, id).spec.name === 'b1')
  let fewest = 3
  edit(world, first, opsDocId(world.board('b1').spec.id), 'default', () => new Map([[opsPaths.draining, true]]))
  world.until(
    'b1 is empty',
    () => {
      fewest = Math.min(fewest, slots.filter((id) => runners(world, id).length > 0).length)
      return world.board('b1').tasks.size === 0
    },
    20_000,
  )
  assert.equal(fewest, 3)
  assert.equal(runners(world, moving!).length, 1)
  assert.equal(count(world, 'start'), 4, 'the others stayed')
  edit(world, first, opsDocId(world.board('b1').spec.id), 'default', () => new Map([[opsPaths.draining, false]]))
  world.run(30_000)
  assert.equal(count(world, 'start'), 4, 'and nothing comes back by itself')
})

test('a board that is not eligible keeps what it runs and takes nothing new', () => {
  const { world, first } = bootPool(2)
  place(world, { count: 2 })
  const b1 = world.board('b1')
  const before = b1.tasks.size
  edit(world, first, opsDocId(b1.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  place(world, { name: 'more', count: 2 })
  assert.equal(b1.tasks.size, before)
})

test('a label that an operator sets opens a board to a constraint, and is no reason to stop what runs when it goes', () => {
  const { world, first } = bootPool(3)
  const b2 = world.board('b2')
  const spec = jobSpec({ count: 1, group: { constraints: [{ attribute: '${label.zone}', operator: '=', value: 'a' }] } })
  const job = runJob(world, first, spec)
  world.run(5_000)
  assert.equal(runners(world, slot(job)).length, 0)
  edit(world, first, opsDocId(b2.spec.id), 'default', () => new Map([[opsPaths.label('zone'), 'a']]))
  world.until('it runs there', () => runners(world, slot(job)).includes('b2'), 10_000)
  edit(world, first, opsDocId(b2.spec.id), 'default', () => new Map([[opsPaths.label('zone'), null]]))
  world.run(60_000)
  assert.deepEqual(runners(world, slot(job)), ['b2'])
})
