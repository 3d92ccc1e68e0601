// What tasks and drivers do wrong: the restart policy on the board, every code that a driver may answer with, and ports.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, networkDefaults, rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import type { DriverCode } from '../../../node/core/ports.ts'
import { unknownExit } from '../../../simulator/tasks.ts'
import { answer, bothTasks, bootPool, home, place } from '../../support/pool.ts'
import { claimOf, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const never = { ...rescheduleDefaults, delayMs: 3_600_000 }

test('a task is restarted so often within the interval, after the delay, and then the copy fails', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { group: { restart: { attempts: 2, intervalMs: 600_000, delayMs: 4_000, mode: 'fail' }, reschedule: never } })
  const id = slot(job)
  for (const restarts of [1, 2]) {
    const at = world.queue.now
    world.crash(first, id)
    world.until('restarted', () => runners(world, id).length === 1, 10_000)
    const waited = world.queue.now - at
    assert.ok(waited >= 4_000 && waited <= 5_050, `${waited}`)
    assert.equal(first.core!.state!.allocs.get(id)!.restarts, restarts)
  }
  world.crash(first, id)
  world.run(60_000)
  const claim = claimOf(first, id, first)!
  assert.deepEqual([claim.state, claim.tasks['app']!.event, claim.tasks['app']!.failed], ['failed', 'exited with code 1', true])
})

test('crashes outside of the interval do not count', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { group: { restart: { attempts: 1, intervalMs: 60_000, delayMs: 1_000, mode: 'fail' }, reschedule: never } })
  for (let i = 0; i < 5; i++) {
    world.crash(first, slot(job))
    world.run(70_000)
    assert.equal(runners(world, slot(job)).length, 1, `crash ${i + 1}`)
  }
})

test('mode delay never gives up: it waits until the interval is over', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { group: { restart: { attempts: 1, intervalMs: 60_000, delayMs: 1_000, mode: 'delay' }, reschedule: never } })
  const began = world.queue.now
  world.crash(first, slot(job))
  world.run(2_000)
  world.crash(first, slot(job))
  world.run(30_000)
  assert.equal(runners(world, slot(job)).length, 0)
  world.until('it runs again', () => runners(world, slot(job)).length === 1, 60_000)
  assert.ok(world.queue.now - began >= 60_000)
  assert.equal(claimOf(first, slot(job), first)!.generation, 1)
})

test('of a group of two only the task that ended starts again', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { group: { ...bothTasks(), restart: { ...restartDefaults, delayMs: 1_000 } } })
  const tasks = [...first.tasks.values()].map((task) => task.task).toSorted()
  assert.deepEqual(tasks, ['app', 'side'])
  world.crash(first, slot(job), 'side')
  world.run(10_000)
  assert.deepEqual(
    first.trail.map((entry) => entry.task.split('.')[2]),
    ['app', 'side', 'side'],
  )
  assert.equal(first.tasks.size, 2)
  assert.ok(first.core!.state!.allocs.get(slot(job))!.healthy)
})

test('a group of two fails as one: the task that runs is stopped', () => {
  const { world, first } = bootPool(1)
  const job = place(world, { group: { ...bothTasks(), restart: { ...restartDefaults, attempts: 0 }, reschedule: never } })
  world.crash(first, slot(job), 'side')
  world.run(5_000)
  assert.equal(first.tasks.size, 0)
  assert.equal(claimOf(first, slot(job), first)!.state, 'failed')
})

for (const code of ['E_CONFIG', 'E_IMAGE_MISSING'] as const satisfies readonly DriverCode[]) {
  test(`${code} is final here at once, and the copy goes elsewhere`, () => {
    const { world } = bootPool(2)
    const tried: string[] = []
    world.tasks.refuse = (board, _task, phase) => {
      if (phase !== 'prepare') return null
      tried.push(board.spec.name)
      return tried[0] === board.spec.name ? code : null
    }
    const group = { reschedule: { ...rescheduleDefaults, delayMs: 5_000 } }
    const job = runJob(world, world.board('b0'), jobSpec({ group }))
    world.until('it runs', () => runners(world, slot(job)).length === 1, 20_000)
    assert.equal(tried.length, 2)
    const failed = claimOf(world.board('b0'), slot(job), world.board(tried[0]!))!
    assert.deepEqual([failed.state, failed.reason.split(':')[0]], ['failed', code])
  })
}

test('an image that cannot be had now is tried again, further and further apart, as often as the restart policy says', () => {
  const { world, first } = bootPool(1)
  const times: number[] = []
  world.tasks.refuse = (_board, _task, phase) => {
    if (phase !== 'prepare') return null
    times.push(world.queue.now)
    return 'E_IMAGE_PULL'
  }
  const job = runJob(world, first, jobSpec({ group: { restart: { ...restartDefaults, attempts: 3 }, reschedule: never } }))
  world.run(10 * 60_000)
  assert.deepEqual(
    times.slice(1).map((time, index) => time - times[index]!),
    [5_005, 10_005, 20_005],
  )
  assert.equal(claimOf(first, slot(job), first)!.state, 'failed')
})

for (const when of ['prepare', 'start'] as const) {
  test(`an engine that is down (${when}) is waited for, and counts as no failure of the task`, () => {
    const { world, first } = bootPool(1)
    const upAt = world.queue.now + 120_000
    world.tasks.refuse = (_board, _task, phase) => (phase === when && world.queue.now < upAt ? 'E_DRIVER_DOWN' : null)
    const job = runJob(world, first, jobSpec({ group: { restart: { ...restartDefaults, attempts: 0 }, reschedule: never } }))
    world.run(115_000)
    assert.equal(runners(world, slot(job)).length, 0)
    world.until('it runs', () => runners(world, slot(job)).length === 1, 10_000)
    assert.deepEqual([claimOf(first, slot(job), first)!.generation, claimOf(first, slot(job), first)!.restarts], [1, 0])
  })

  test(`an engine that stays down (${when}) fails the claim, and the copy goes elsewhere`, () => {
    const { world, first } = bootPool(2)
    let down = ''
    world.tasks.refuse = (board, _task, phase) => {
      if (phase !== when) return null
      down ||= board.spec.name
      return board.spec.name === down ? 'E_DRIVER_DOWN' : null
    }
    const job = runJob(
      world,
      first,
      jobSpec({ group: { restart: { ...restartDefaults, attempts: 0 }, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } } }),
    )
    world.until('it runs elsewhere', () => runners(world, slot(job)).length === 1, 4 * 60_000)
    assert.notEqual(home(world, slot(job)).spec.name, down)
    assert.match(claimOf(first, slot(job), world.board(down))!.reason, /E_DRIVER_DOWN/)
  })
}

test('with mode delay an image that cannot be had now is tried for ever', () => {
  const { world, first } = bootPool(1)
  world.unavailable.add('/bin/app')
  const job = runJob(
    world,
    first,
    jobSpec({ group: { restart: { attempts: 1, intervalMs: 60_000, delayMs: 1_000, mode: 'delay' }, reschedule: never } }),
  )
  world.run(10 * 60_000)
  world.unavailable.clear()
  world.until('it runs', () => runners(world, slot(job)).length === 1, 6 * 60_000)
  assert.equal(claimOf(first, slot(job), first)!.generation, 1)
})

test('E_START counts as a failure of the task', () => {
  const { world, first } = bootPool(1)
  let tries = 0
  world.tasks.refuse = (_board, _task, phase) => (phase === 'start' && ++tries <= 2 ? 'E_START' : null)
  const job = runJob(world, first, jobSpec({ group: { restart: { ...restartDefaults, delayMs: 1_000 }, reschedule: never } }))
  world.until('it runs', () => runners(world, slot(job)).length === 1, 20_000)
  assert.equal(first.core!.state!.allocs.get(slot(job))!.restarts, 2)
})

test('a dynamic port that turns out to be taken is replaced by another', () => {
  const { world, first } = bootPool(1)
  const network = { ...networkDefaults, ports: [{ label: 'http', static: null, to: null }] }
  let taken: number | undefined
  world.tasks.refuse = (_board, task, phase) => {
    if (phase !== 'start') return null
    taken ??= task.ports['http']
    return task.ports['http'] === taken ? 'E_PORT_IN_USE' : null
  }
  const job = runJob(world, first, jobSpec({ group: { network } }))
  world.until('it runs', () => runners(world, slot(job)).length === 1, 10_000)
  world.run(1_000)
  const claim = claimOf(first, slot(job), first)!
  assert.notEqual(claim.ports['http'], taken)
  assert.deepEqual([claim.generation, claim.restarts], [1, 0])
})

test('a static port that is taken fails the claim with the reason, and another board takes it', () => {
  const { world, first } = bootPool(2)
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8080, to: null }] }
  const job = runJob(world, first, jobSpec({ group: { network, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } } }))
  const [chosen] = [first.core!.state!.plan!.bySlot.get(slot(job))!.candidate]
  const busy = world.boards.get(chosen!)!
  world.tasks.takenPorts.add(`${busy.spec.name}:8080`)
  world.until('it runs', () => runners(world, slot(job)).length === 1, 20_000)
  assert.notEqual(home(world, slot(job)).spec.name, busy.spec.name)
  assert.match(claimOf(first, slot(job), busy)!.reason, /^port-in-use: /)
  const shown = answer(world, first, 'job', { method: 'job.status', job }).job.allocs.find((row) => row.nodeName === busy.spec.name)!
  assert.match(shown.reason, /8080/)
})

test('two copies with one static port never meet on one board', () => {
  const { world } = bootPool(2)
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8080, to: null }] }
  place(world, { count: 2, group: { network } })
  assert.deepEqual(
    [...world.boards.values()].map((board) => board.tasks.size),
    [1, 1],
  )
})

test('a task of a group restarts although its own group holds the ports', () => {
  const { world, first } = bootPool(1)
  const network = {
    ...networkDefaults,
    ports: [
      { label: 'http', static: 8080, to: null },
      { label: 'admin', static: null, to: null },
    ],
  }
  const asked: (boolean | undefined)[] = []
  world.tasks.refuse = (_board, task, phase) => {
    if (phase === 'start') asked.push(task.portsHeld)
    return null
  }
  const job = place(world, { group: { ...bothTasks(), network, restart: { ...restartDefaults, delayMs: 1_000 } } })
  const ports = { ...claimOf(first, slot(job), first)!.ports }
  world.crash(first, slot(job), 'side')
  world.run(10_000)
  assert.deepEqual(asked, [false, true, true])
  assert.equal(first.tasks.size, 2)
  assert.deepEqual(claimOf(first, slot(job), first)!.ports, ports)
})

test('when the ports of a group change, all of its tasks hear of it', () => {
  const { world, first } = bootPool(1)
  const network = { ...networkDefaults, ports: [{ label: 'http', static: null, to: null }] }
  let refused = false
  world.tasks.refuse = (_board, task, phase) => {
    if (phase !== 'start' || task.spec.name !== 'app' || refused) return null
    refused = true
    return 'E_PORT_IN_USE'
  }
  const job = place(world, { group: { ...bothTasks(), network } })
  const { ports } = claimOf(first, slot(job), first)!
  assert.deepEqual(
    [...first.tasks.values()].map((task) => task.ports['http']),
    [ports['http'], ports['http']],
  )
})

test('no copy that runs is stopped for one whose task has crashed and waits to be started again', () => {
  const { world } = bootPool(3)
  const restart = { attempts: 5, intervalMs: 600_000, delayMs: 60_000, mode: 'fail' as const }
  const job = place(world, { group: { restart, disconnect: { ...disconnectDefaults, replaceAfterMs: 0 } } })
  const original = home(world, slot(job))
  world.split(
    [original],
    [...world.boards.values()].filter((board) => board !== original),
  )
  world.until('replaced', () => runners(world, slot(job)).length === 2, 30_000)
  world.crash(original, slot(job))
  world.heal()
  let fewest = 1
  world.until(
    'the original runs again and stays',
    () => {
      fewest = Math.min(fewest, runners(world, slot(job)).length)
      return runners(world, slot(job)).join() === original.spec.name
    },
    120_000,
  )
  assert.equal(fewest, 1)
})

test('how a task ended before its agent was back does not end what is started in its place', () => {
  const { world, boards } = bootPool(1)
  const job = place(world, { group: { restart: { ...restartDefaults, attempts: 0, mode: 'fail' } } })
  const board = boards[0]!
  const [task] = board.tasks.keys()
  world.powerCut(board)
  board.ended.clear()
  world.run(1_000)
  world.boot(board)
  world.until('it is being started again', () => board.starting.has(task!), 30_000)
  // A driver that comes after the agent tells it only now.
  world.feed(board, { kind: 'exited', now: world.queue.now, task: task!, exit: unknownExit })
  world.until('it runs again', () => runners(world, slot(job)).length === 1, 30_000)
  world.run(60_000)
  const claim = claimOf(board, slot(job), board)!
  assert.deepEqual([claim.state, claim.generation, runners(world, slot(job)).length], ['running', 1, 1])
})
