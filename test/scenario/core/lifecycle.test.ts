// The life cycle of tasks on simulated boards (docs/adr/0029): in which order they start and stop, what their failures lead to, and that
// an agent that is killed between any two steps, or a board that loses power, goes on where it was.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, restartDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import { restartPath, stopGenerationPath } from '../../../crdt/documents/job.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type SlotId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import type { Board } from '../../../simulator/world.ts'
import { LifecycleLaws } from '../../support/lifecycle-laws.ts'
import { badly, group, patient, stateOf, stopJob, task, tasksOf, tasksRunning, watchTasks, well } from '../../support/lifecycle.ts'
import { bootPool, home, withDisk } from '../../support/pool.ts'
import { type JobOptions, claimOf, edit, jobSpec, runJob, slot } from '../../support/world.ts'

const minuteMs = 60_000

test('prestart, then main tasks beside their sidecars, then poststart; the sidecars go last, and poststop comes when all are gone', () => {
  const { world, first } = bootPool(1)
  const { lines } = watchTasks(world, { init: [well(5_000)], hello: [well(2_000)], bye: [well(3_000)] })
  const tasks = tasksOf({ app: 'main', bye: 'poststop', hello: 'poststart', init: 'prestart', proxy: 'beside', probe: 'after' })
  const job = runJob(world, first, jobSpec(group(tasks)))
  const id = slot(job)
  world.until('prestart runs', () => tasksRunning(world, id).includes('init'), 10_000)
  world.run(2_000)
  assert.deepEqual(tasksRunning(world, id), ['init', 'proxy'])
  assert.deepEqual([stateOf(first, id), claimOf(first, id, first)!.startedAt], ['starting', 0])
  assert.deepEqual([task(first, id, 'app')!.event, claimOf(first, id, first)!.reason], ['waits for prestart', 'prestart: init, proxy'])
  world.until('the copy runs', () => stateOf(first, id) === 'running', 10_000)
  assert.deepEqual([task(first, id, 'init')!.state, task(first, id, 'init')!.event], ['dead', 'complete'])
  world.until('healthy', () => claimOf(first, id, first)!.healthy, 10_000)
  world.run(5_000)
  assert.deepEqual(tasksRunning(world, id), ['app', 'probe', 'proxy'])
  stopJob(world, first, job)
  world.until('poststop runs', () => tasksRunning(world, id).includes('bye'), 5_000)
  assert.deepEqual([tasksRunning(world, id), stateOf(first, id)], [['bye'], 'stopping'])
  world.until('over', () => stateOf(first, id) === 'stopped', 10_000)
  assert.deepEqual(lines.join(' '), '+init +proxy init. +app +hello +probe hello. -app -probe -proxy +bye bye.')
})

test('what a hook’s outcome and the restart policy make of the copy', () => {
  const failed = 'failed'
  const cases: readonly (readonly [
    hook: 'prestart' | 'poststart' | 'poststop',
    runs: string,
    attempts: number,
    state: string,
    diary: string,
  ])[] = [
    ['prestart', 'w', 0, 'running', '+hook hook. +app'],
    ['prestart', 'bw', 1, 'running', '+hook hook! +hook hook. +app'],
    ['prestart', 'bw', 0, failed, '+hook hook!'],
    ['prestart', 'bb', 1, failed, '+hook hook! +hook hook!'],
    ['poststart', 'w', 0, 'running', '+app +hook hook.'],
    ['poststart', 'bw', 1, 'running', '+app +hook hook! +hook hook.'],
    ['poststart', 'bw', 0, failed, '+app +hook hook! -app'],
    ['poststart', 'bb', 1, failed, '+app +hook hook! +hook hook! -app'],
    ['poststop', 'w', 0, 'stopped', '+app -app +hook hook.'],
    ['poststop', 'bw', 1, 'stopped', '+app -app +hook hook! +hook hook.'],
    ['poststop', 'b', 0, 'stopped', '+app -app +hook hook!'],
    ['poststop', 'bb', 1, 'stopped', '+app -app +hook hook! +hook hook!'],
  ]
  for (const [hook, runs, attempts, state, diary] of cases) {
    const { world, first } = bootPool(1)
    const { lines } = watchTasks(world, { hook: runs.split('').map((one) => (one === 'w' ? well(1_000) : badly(1_000))) })
    const restart = { ...patient.restart!, attempts }
    const job = runJob(world, first, jobSpec(group(tasksOf({ app: 'main', hook }), { restart })))
    world.run(20_000)
    if (hook === 'poststop') stopJob(world, first, job)
    world.run(20_000)
    assert.deepEqual([stateOf(first, slot(job)), lines.join(' ')], [state, diary], `${hook} ${runs}, ${attempts} attempts`)
    if (state === 'running') assert.equal(claimOf(first, slot(job), first)!.healthy, true)
    world.release()
  }
})

test('a copy whose prestart failed for good, or which is stopped in it, has its poststop run; one that has begun nothing has not', () => {
  const { world, first } = bootPool(1)
  const { lines } = watchTasks(world, { init: [badly(1_000)], bye: [well(1_000)] })
  const tasks = tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' })
  const job = runJob(world, first, jobSpec(group(tasks, { restart: { ...restartDefaults, attempts: 0 } })))
  world.run(20_000)
  assert.deepEqual([stateOf(first, slot(job)), lines.join(' ')], ['failed', '+init init! +bye bye.'])

  lines.length = 0
  world.lifetimes.of = (_board, request) => (request.spec.name === 'bye' ? 1_000 : null)
  const other = runJob(world, first, jobSpec({ name: 'other', ...group(tasks) }))
  world.until('prestart runs', () => tasksRunning(world, slot(other)).length === 1, 10_000)
  stopJob(world, first, other)
  world.until('over', () => stateOf(first, slot(other)) === 'stopped', 10_000)
  assert.equal(lines.join(' '), '-init bye.')

  lines.length = 0
  world.unavailable.add('/bin/none')
  const none = tasksOf({ app: 'main', bye: 'poststop' }, { app: { config: { ...tasks[0]!.config, command: '/bin/none' } } })
  const never = runJob(world, first, jobSpec({ name: 'never', ...group(none) }))
  world.run(20_000)
  stopJob(world, first, never)
  world.run(10_000)
  assert.deepEqual([hasGone(first, slot(never)), lines.join(' ')], [true, ''])
})

const hasGone = (board: Board, id: SlotId): boolean => !board.core!.state!.allocs.has(id)

test('work that ends: sidecars are stopped and the copy is complete, also when its leader ended; a poststop that fails fails it', () => {
  const cases: readonly (readonly [
    kinds: Parameters<typeof tasksOf>[0],
    leader: string | null,
    bye: boolean,
    state: string,
    diary: string,
  ])[] = [
    [
      { app: 'main', init: 'prestart', proxy: 'beside', log: 'after' },
      null,
      true,
      'complete',
      '+init +proxy init. +app +log app. -log -proxy',
    ],
    [{ app: 'main', slow: 'main' }, null, true, 'complete', '+app +slow app. slow.'],
    [{ app: 'main', slow: 'main' }, 'app', true, 'complete', '+app +slow app. -slow'],
    [{ app: 'main', hello: 'poststart' }, null, true, 'complete', '+app +hello app. hello.'],
    [{ app: 'main', bye: 'poststop' }, null, true, 'complete', '+app app. +bye bye.'],
    [{ app: 'main', bye: 'poststop' }, null, false, 'failed', '+app app. +bye bye! +bye bye!'],
  ]
  for (const [kinds, leader, isByeWell, state, diary] of cases) {
    const { world, first } = bootPool(1)
    const bye = [isByeWell ? well(1_000) : badly(1_000)]
    const { lines } = watchTasks(world, { init: [well(1_000)], app: [well(3_000)], slow: [well(9_000)], hello: [well(6_000)], bye })
    const tasks = tasksOf(kinds, leader === null ? {} : { [leader]: { leader: true } })
    const job = runJob(world, first, jobSpec({ type: 'batch', ...group(tasks, { update: updateDefaults }) }))
    world.run(40_000)
    assert.deepEqual([stateOf(first, slot(job)), lines.join(' ')], [state, diary], JSON.stringify([kinds, leader]))
    world.release()
  }
})

test('a sidecar is restarted, also when it ends well; while it is away no copy runs, and no main task starts', () => {
  const { world, first } = bootPool(1)
  const { lines } = watchTasks(world, { proxy: [well(5_000), well(minuteMs)], app: [badly(5_500), well(2 * minuteMs)] })
  const restart = { ...restartDefaults, attempts: 5, delayMs: 3_000 }
  const job = runJob(
    world,
    first,
    jobSpec({ type: 'batch', ...group(tasksOf({ app: 'main', proxy: 'beside' }), { restart, update: updateDefaults }) }),
  )
  world.until('the sidecar has ended', () => lines.includes('proxy.'), 20_000)
  assert.equal(first.core!.state!.allocs.get(slot(job))!.state, 'starting')
  world.until('both run again', () => tasksRunning(world, slot(job)).length === 2, 20_000)
  assert.equal(lines.join(' '), '+proxy +app proxy. app! +proxy +app')
})

test('the leader of a service goes first when the copy is stopped, and everything waits for its shutdown_delay', () => {
  const { world, first } = bootPool(1)
  const tasks = tasksOf(
    { app: 'main', log: 'beside', side: 'main' },
    { app: { shutdownDelayMs: 2_000 }, side: { leader: true, shutdownDelayMs: 4_000 } },
  )
  const job = runJob(world, first, jobSpec(group(tasks, { shutdownDelayMs: 10_000 })))
  world.run(15_000)
  const began = world.queue.now
  stopJob(world, first, job)
  world.until('over', () => stateOf(first, slot(job)) === 'stopped', minuteMs)
  const told = first.trail
    .filter(({ what }) => what === 'stop')
    .map(({ at, task: id }) => [id.split('.').at(-1), Math.round((at - began) / 1_000)])
  assert.deepEqual(told, [
    ['side', 14],
    ['app', 16],
    ['log', 16],
  ])
})

test('kill_signal, kill_timeout and shutdown_delay of a newer version are for the tasks that run, without a restart', () => {
  const { world, first } = bootPool(1)
  const told: unknown[] = []
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (effect.kind === 'stop') told.push([effect.signal, effect.timeoutMs, world.queue.now - began])
    return effects
  }
  let began = 0
  const version = (wishes: object): JobOptions => group(tasksOf({ app: 'main' }, { app: wishes }))
  const job = runJob(world, first, jobSpec(version({})))
  world.run(15_000)
  runJob(world, first, jobSpec(version({ killSignal: 'SIGINT', killTimeoutMs: 77_000, shutdownDelayMs: 3_000 })))
  world.run(10_000)
  assert.deepEqual([told, first.trail.length], [[], 1])
  began = world.queue.now
  stopJob(world, first, job)
  world.run(30_000)
  assert.deepEqual(told, [['SIGINT', 77_000, 3_000]])
})

/** One board that runs `job` through all stages; killed, or without power, at that moment for so long; then the job is stopped. */
function interrupted(how: 'kill' | 'powerCut', atMs: number, forMs: number) {
  const { world, first } = bootPool(1)
  const { lines } = watchTasks(world, { init: [well(3_000)], hello: [well(2_000)], bye: [well(2_000)] })
  const tasks = tasksOf({ app: 'main', bye: 'poststop', hello: 'poststart', init: 'prestart', proxy: 'beside' })
  const laws = new LifecycleLaws(world, Object.fromEntries(tasks.map(({ name, lifecycle }) => [name, lifecycle])))
  const job = runJob(world, first, jobSpec(group(tasks)))
  world.until('it begins', () => tasksRunning(world, slot(job)).length > 0, 20_000)
  const began = world.queue.now
  const interrupt = (): void => {
    world[how](first)
    world.run(forMs)
    world.boot(first)
  }
  if (atMs < 9_000) world.run(atMs)
  if (atMs < 9_000) interrupt()
  world.until('it runs', () => stateOf(first, slot(job)) === 'running', 30_000)
  world.run(Math.max(3_000, began + 9_000 - world.queue.now))
  stopJob(world, first, job)
  if (atMs >= 9_000) world.run(atMs - 9_000)
  if (atMs >= 9_000) interrupt()
  world.until('over', () => stateOf(first, slot(job)) === 'stopped', 60_000)
  assert.deepEqual([laws.broken, laws.missed()], [[], []], `${how} at ${atMs} for ${forMs}: ${lines.join(' ')}`)
  world.release()
  return lines
}

test('an agent that is killed at any moment, for a short while or a long one, goes on where its tasks are: nothing runs twice', () => {
  for (let atMs = 0; atMs <= 12_000; atMs += 500) {
    for (const forMs of [300, 8_000]) {
      const lines = interrupted('kill', atMs, forMs)
      const starts = lines.filter((line) => line.startsWith('+')).toSorted()
      assert.deepEqual(starts, ['+app', '+bye', '+hello', '+init', '+proxy'], `at ${atMs} for ${forMs}: ${lines.join(' ')}`)
    }
  }
})

test('a board that loses power at any moment starts again what ran, and nothing that had been done', () => {
  for (let atMs = 0; atMs <= 12_000; atMs += 500) interrupted('powerCut', atMs, 1_000)
})

test('a copy in prestart is none that runs: no other stops for it, and it goes when another runs', () => {
  const { world, boards } = bootPool(3)
  watchTasks(world, { init: [well(20_000)] })
  const tasks = tasksOf({ app: 'main', init: 'prestart' })
  const disconnect = { ...disconnectDefaults, replaceAfterMs: 1_000, partition: 'any', reconcile: 'keep_replacement' } as const
  const id = slot(runJob(world, boards[0]!, jobSpec(group(tasks, { disconnect }))))
  const running = (): string[] =>
    boards.filter((board) => [...board.tasks.values()].some(({ task: name }) => name === 'app')).map(({ spec }) => spec.name)
  world.until('it runs', () => running().length === 1, 40_000)
  const old = world.board(running()[0]!)
  const others = boards.filter((board) => board !== old)
  world.split([old], others)
  world.until('a replacement is in prestart', () => others.some((board) => board.tasks.size > 0), 30_000)
  world.heal()
  world.run(5_000)
  assert.deepEqual(running(), [old.spec.name], 'the replacement, though it is to stay, does not run yet')
  const gapFrom = world.queue.now
  while (world.queue.now - gapFrom < minuteMs) {
    world.run(100)
    assert.ok(running().length > 0, 'at no moment does none run')
  }
  assert.deepEqual([running().length, running().includes(old.spec.name)], [1, false])
  assert.equal(claimOf(boards[0]!, id, old)!.state, 'stopped')
})

test('a poststop that never ends is stopped after its time, and so is one that fails for ever in mode delay', () => {
  const { world, first } = bootPool(1)
  const restart = { ...restartDefaults, attempts: 2, delayMs: 1_000, mode: 'delay' } as const
  const { lines } = watchTasks(world, { bad: [badly(1_000)] })
  const job = runJob(world, first, jobSpec(group(tasksOf({ app: 'main', bad: 'poststop', bye: 'poststop' }), { restart })))
  world.run(20_000)
  stopJob(world, first, job)
  world.run(coreLimits.poststopMsMax - minuteMs)
  assert.equal(stateOf(first, slot(job)), 'stopping')
  world.until('over', () => stateOf(first, slot(job)) === 'stopped', 2 * minuteMs)
  assert.deepEqual(
    lines.filter((line) => line.endsWith('bad')),
    ['+bad', '+bad', '+bad'],
  )
  assert.deepEqual(
    lines.filter((line) => line.endsWith('bye')),
    ['+bye', '-bye'],
  )
})

test('restarting a copy restarts what runs: prestart and poststart tasks that are done stay so', () => {
  const { world, first } = bootPool(1)
  const { lines } = watchTasks(world, { init: [well(1_000)], hello: [well(1_000)] })
  const job = runJob(world, first, jobSpec(group(tasksOf({ app: 'main', hello: 'poststart', init: 'prestart', proxy: 'beside' }))))
  world.run(20_000)
  lines.length = 0
  edit(world, first, jobDocId(job), 'default', () => new Map([[restartPath('g', 0), 1]]))
  world.run(20_000)
  assert.deepEqual([lines.toSorted().join(' '), lines.slice(2).join(' ')], ['+app +proxy -app -proxy', '+proxy +app'])
  assert.equal(claimOf(first, slot(job), first)!.healthy, true)
})

test('a drain waits until the next copy serves; alloc stop does not, and its board ends with poststop either way', () => {
  const { world, boards, first } = bootPool(3)
  const { lines } = watchTasks(world, { init: [well(10_000)], bye: [well(10_000)] })
  const tasks = tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' })
  const job = runJob(world, first, jobSpec(group(tasks)))
  const id = slot(job)
  const homeOf = (name: string): Board | undefined =>
    boards.find((board) => [...board.tasks.values()].some((run) => run.slot === id && run.task === name))
  world.until('it runs', () => homeOf('app') !== undefined, 40_000)
  const one = homeOf('app')!
  edit(world, first, opsDocId(one.spec.id), 'default', () => new Map([[opsPaths.draining, true]]))
  world.until('it has moved', () => homeOf('bye') === one, 40_000)
  assert.notEqual(homeOf('app'), undefined)
  assert.equal(lines.join(' '), '+init init. +app +init init. +app -app +bye')
  world.until('its board is empty', () => one.tasks.size === 0, 20_000)

  lines.length = 0
  const two = homeOf('app')!
  const { generation } = claimOf(two, id, two)!
  edit(world, first, jobDocId(job), 'default', () => new Map([[stopGenerationPath('g', 0), generation]]))
  world.until('the next one begins', () => homeOf('init') !== undefined, 10_000)
  assert.equal(homeOf('bye'), two)
  world.until('it runs', () => homeOf('app') !== undefined, 20_000)
  assert.deepEqual([lines.toSorted().join(' '), stateOf(two, id)], ['+app +bye +init -app bye. init.', 'stopped'])
})

test('a board whose disk was lost takes up the main task that it runs, and knows by it that prestart is through', () => {
  const { world, first } = bootPool(2)
  const { lines } = watchTasks(world, { init: [well(2_000)], bye: [well(1_000)] })
  const job = runJob(world, first, jobSpec(group(tasksOf({ app: 'main', bye: 'poststop', init: 'prestart' }))))
  world.until('it runs', () => tasksRunning(world, slot(job)).includes('app'), 40_000)
  const board = home(world, slot(job))
  withDisk(world, board, (disk) => disk.clear())
  world.until('taken up', () => stateOf(board, slot(job)) === 'running', minuteMs)
  world.run(minuteMs)
  assert.equal(lines.join(' '), '+init init. +app')
  stopJob(world, first, job)
  world.until('over', () => stateOf(board, slot(job)) === 'stopped', 30_000)
  assert.equal(lines.slice(3).join(' '), '-app +bye bye.')
})

test('ports that a prestart task was told stay: if one is taken before the main task starts, the copy fails', () => {
  const { world, first } = bootPool(1)
  watchTasks(world, { init: [well(5_000)] })
  const network = { mode: 'host', ports: [{ label: 'http', static: null, to: null }] } as const
  const id = slot(runJob(world, first, jobSpec(group(tasksOf({ app: 'main', init: 'prestart' }), { network }))))
  world.until('prestart runs', () => tasksRunning(world, id).length === 1, 20_000)
  const port = first.core!.state!.allocs.get(id)!.ports['http']!
  world.tasks.takenPorts.add(`${first.spec.name}:${port}`)
  world.until('it has failed', () => stateOf(first, id) === 'failed', 20_000)
  assert.match(claimOf(first, id, first)!.reason, /^port-in-use: /)
})

test('a copy runs while its poststart task cannot be started yet, and is healthy only once that runs', () => {
  const { world, first } = bootPool(1)
  watchTasks(world)
  world.tasks.refuse = (_board, { spec }, phase) => (phase === 'start' && spec.name === 'log' ? 'E_DRIVER_DOWN' : null)
  const id = slot(runJob(world, first, jobSpec(group(tasksOf({ app: 'main', log: 'after' })))))
  world.until('it runs', () => stateOf(first, id) === 'running', 20_000)
  world.run(30_000)
  assert.deepEqual([stateOf(first, id), claimOf(first, id, first)!.healthy], ['running', false])
  world.tasks.refuse = () => null
  world.until('healthy', () => claimOf(first, id, first)!.healthy, 10_000)
  assert.deepEqual(tasksRunning(world, id), ['app', 'log'])
})
