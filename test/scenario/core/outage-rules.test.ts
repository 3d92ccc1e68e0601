// The rules that protect an operator in the first real outage, each in virtual time on the real core.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobDocId, opsDocId } from '../../../crdt/ids.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { allAlive, areEqual, createWorld, edit, holderOf, jobSpec, runJob, runners, slot } from '../../support/world.ts'
import { disconnectDefaults, rescheduleDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'

function boot(count: number, options: Parameters<typeof createWorld>[1] = {}) {
  const world = createWorld(count, options)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 10_000)
  return { world, boards, first: boards[0]! }
}

function place(world: World, ...args: Parameters<typeof jobSpec>) {
  const job = runJob(world, [...world.boards.values()][0]!, jobSpec(...args))
  const count = args[0]?.count ?? 1
  world.until(
    'placed',
    () => Array.from({ length: count }, (_, index) => runners(world, slot(job, index)).length).every((n) => n === 1),
    10_000,
  )
  world.run(3_000)
  return job
}

const starts = (world: World, name: string): number => world.board(name).trail.filter((entry) => entry.what === 'start').length

test('a board alone in a pool of ten starts nothing that it did not hold', () => {
  const { world, boards } = boot(10)
  place(world, { count: 10 })
  const alone = boards[3]!
  const before = starts(world, 'b3')
  world.split(
    [alone],
    boards.filter((board) => board !== alone),
  )
  world.run(10 * 60_000)
  assert.equal(starts(world, 'b3'), before)
})

test('a site of two survives the loss of one', () => {
  const { world, boards } = boot(2)
  const job = place(world, { count: 2 })
  world.powerCut(boards[1]!)
  world.until('the other runs both', () => [0, 1].every((index) => runners(world, slot(job, index)).includes('b0')), 90_000)
})

test('on identical boards, with other jobs added meanwhile, the original stays after the heal', () => {
  const { world, boards } = boot(5)
  const job = place(world, { count: 1 })
  const original = runners(world, slot(job))[0]!
  const lost = world.board(original)
  const rest = boards.filter((board) => board !== lost)
  world.split([lost], rest)
  world.until('replaced', () => runners(world, slot(job)).length === 2, 90_000)
  runJob(world, lost, jobSpec({ name: 'more', count: 3 }))
  runJob(world, rest[0]!, jobSpec({ name: 'other', count: 2 }))
  world.run(20_000)
  world.heal()
  world.until('one left', () => runners(world, slot(job)).length === 1, 30_000)
  assert.deepEqual(runners(world, slot(job)), [original])
})

test('the better-ranked board keeps the slot after the heal', () => {
  const labels = (index: number) => ({ labels: { disk: index === 4 ? 'ssd' : 'sd' } })
  const { world, boards } = boot(5, { board: labels })
  world.split([boards[4]!], boards.slice(0, 4))
  world.run(5_000)
  const spec = jobSpec({ count: 1, group: { affinities: [{ attribute: '${label.disk}', operator: '=', value: 'ssd', weight: 100 }] } })
  const job = runJob(world, boards[0]!, spec)
  world.until('it runs on the large side', () => runners(world, slot(job)).length === 1, 20_000)
  const first = runners(world, slot(job))[0]!
  runJob(world, boards[4]!, spec)
  world.until('and on the better board', () => runners(world, slot(job)).length === 2, 20_000)
  world.heal()
  world.until('one left', () => runners(world, slot(job)).length === 1, 30_000)
  assert.deepEqual(runners(world, slot(job)), ['b4'])
  assert.notEqual(first, 'b4')
})

test('a new version whose image cannot be had never stops the copy that runs', () => {
  const { world, first } = boot(3)
  const group = { restart: { ...restartDefaults, attempts: 1 }, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } }
  const job = place(world, { count: 2, group })
  world.unavailable.add('/bin/missing')
  const before = world.board(runners(world, slot(job))[0]!).tasks.size
  runJob(world, first, jobSpec({ count: 2, command: '/bin/missing', group }))
  world.run(10 * 60_000)
  for (const index of [0, 1]) assert.equal(runners(world, slot(job, index)).length, 1)
  assert.equal([...world.boards.values()].flatMap((board) => board.trail).filter((entry) => entry.what === 'stop').length, 0)
  assert.ok(before > 0)
})

test('a whole pool that boots at once does not deadlock, and runs what it ran', () => {
  const { world, boards } = boot(6)
  const job = place(world, { count: 6 })
  const before = [0, 1, 2, 3, 4, 5].map((index) => runners(world, slot(job, index))[0])
  for (const board of boards) world.powerCut(board)
  world.run(1_000)
  world.bootAll()
  world.until('all run again', () => [0, 1, 2, 3, 4, 5].every((index) => runners(world, slot(job, index)).length === 1), 10_000)
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((index) => runners(world, slot(job, index))[0]),
    before,
  )
})

test('a board that boots with no peer starts its last known work', () => {
  const { world, boards } = boot(3)
  const job = place(world, { count: 3 })
  world.split([boards[0]!], boards.slice(1))
  world.powerCut(boards[0]!)
  world.run(500)
  world.boot(boards[0]!)
  const own = [0, 1, 2].find((index) => boards[0]!.core!.state!.allocs.has(slot(job, index)))!
  world.until('it runs again', () => runners(world, slot(job, own)).includes('b0'), 2_000)
})

test('an evicted board learns of it when it returns, and stops its copies', () => {
  const { world, boards } = boot(4)
  const job = place(world, { count: 4 })
  const index = [0, 1, 2, 3].find((at) => runners(world, slot(job, at))[0] === 'b2')!
  world.split(
    [boards[2]!],
    boards.filter((board) => board !== boards[2]),
  )
  world.run(10_000)
  edit(world, boards[0]!, opsDocId(boards[2]!.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.until('replaced', () => runners(world, slot(job, index)).length === 2, 90_000)
  world.heal()
  world.until('stopped there', () => !runners(world, slot(job, index)).includes('b2'), 30_000)
  assert.equal(boards[2]!.tasks.size, 0)
  assert.equal(runners(world, slot(job, index)).length, 1)
})

test('a board evicted while connected stops and is cut off: it learns nothing more, its reads are refused; taken back, all meet again', () => {
  const { world, boards, first } = boot(3)
  const job = place(world, { count: 3 })
  const evicted = boards[2]!
  const isServed = (): boolean => boards.slice(0, 2).some((board) => board.core!.state!.peers.has(evicted.spec.id))
  const wish = (value: boolean): void =>
    edit(world, first, opsDocId(evicted.spec.id), 'default', () => new Map([[opsPaths.evicted, value]]))
  wish(true)
  world.until('it is hung up on', () => !isServed(), 5_000)
  assert.equal(evicted.tasks.size, 0)
  const later = runJob(world, first, jobSpec({ name: 'later' }))
  world.run(60_000)
  assert.equal(evicted.core!.state!.docs.has(jobDocId(later)), false)
  assert.equal(world.request(first, { method: 'job.status', job: 'later' }, evicted.spec.id)[0]?.kind, 'error')
  assert.ok([0, 1, 2].every((index) => runners(world, slot(job, index)).length === 1))
  wish(false)
  world.until('all are alive again', () => allAlive(boards), 30_000)
  world.run(5_000)
  assert.ok(areEqual(boards))
  assert.equal(world.request(first, { method: 'job.status', job: 'later' }, evicted.spec.id)[0]?.kind, 'job')
})

test('an eviction that is taken back at once costs no connection', () => {
  const { world, boards, first } = boot(3)
  const evicted = boards[2]!
  const ops = opsDocId(evicted.spec.id)
  let downs = 0
  world.watch = (_board, event, step) => {
    if (event.kind === 'peer-down') downs += 1
    return step()
  }
  for (const value of [true, false]) {
    edit(world, first, ops, 'default', () => new Map([[opsPaths.evicted, value]]))
    world.run(1_000)
  }
  world.run(10_000)
  assert.equal(downs, 0)
  assert.ok(allAlive(boards) && areEqual(boards))
})

test('an agent killed and back within replace_after adopts its tasks; no replacement is made', () => {
  const { world, boards } = boot(4)
  const job = place(world, { count: 1 })
  const name = runners(world, slot(job))[0]!
  world.kill(world.board(name))
  world.run(20_000)
  world.boot(world.board(name))
  world.run(60_000)
  assert.deepEqual(runners(world, slot(job)), [name])
  assert.equal(
    boards.reduce((sum, board) => sum + board.trail.length, 0),
    1,
    'one start in all',
  )
})

test('edits of different fields on both sides of a cut are both in force after the heal, at the newest version everywhere', () => {
  const { world, boards } = boot(4)
  const group = { disconnect: { ...disconnectDefaults, partition: 'any' as const } }
  const job = place(world, { count: 2, group })
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(5_000)
  runJob(world, boards[0]!, jobSpec({ count: 4, group }))
  runJob(world, boards[2]!, jobSpec({ count: 2, command: '/bin/second', group }))
  world.run(20_000)
  world.heal()
  world.until('heads equal', () => areEqual(boards), 20_000)
  world.run(60_000)
  for (const board of boards) {
    const spec = board.core!.state!.view.jobs.get(job)!.spec!
    assert.equal(spec.groups[0]!.count, 4)
    assert.equal(spec.groups[0]!.tasks[0]!.config.command, '/bin/second')
  }
  for (const index of [0, 1, 2, 3]) {
    assert.equal(runners(world, slot(job, index)).length, 1, `slot ${index}`)
    const versions = boards.map((board) => holderOf(board, slot(job, index)))
    assert.equal(new Set(versions).size, 1)
  }
})

test('a task that keeps failing gives up here and is placed elsewhere', () => {
  const { world, boards } = boot(3)
  const group = { restart: { ...restartDefaults, attempts: 1, delayMs: 100 }, reschedule: { ...rescheduleDefaults, delayMs: 5_000 } }
  const job = place(world, { count: 1, group })
  const name = runners(world, slot(job))[0]!
  world.crash(world.board(name), slot(job))
  world.until('restarted in place', () => runners(world, slot(job))[0] === name, 5_000)
  world.crash(world.board(name), slot(job))
  world.until('elsewhere', () => runners(world, slot(job)).some((other) => other !== name), 60_000)
  assert.ok(boards.length === 3)
})

test('gossip that loses everything is made good by anti-entropy', () => {
  const { world, boards } = boot(5, { loses: () => true })
  const job = runJob(world, boards[0]!, jobSpec({ count: 5 }))
  world.until('all run', () => [0, 1, 2, 3, 4].every((index) => runners(world, slot(job, index)).length >= 1), 60_000)
  world.until('heads equal', () => areEqual(boards), 60_000)
})

test('a stopped job stops everywhere, a removed one too, and a returning board does not bring it back', async () => {
  const { world, boards, first } = boot(4)
  const job = place(world, { count: 4 })
  world.split([boards[3]!], boards.slice(0, 3))
  world.run(5_000)
  edit(world, first, `job/${job}` as never, 'default', () => new Map([['state/desired', 'removed']]))
  world.until('gone on this side', () => boards.slice(0, 3).every((board) => board.tasks.size === 0), 20_000)
  world.heal()
  world.until('gone everywhere', () => boards.every((board) => board.tasks.size === 0), 30_000)
  world.run(120_000)
  assert.ok(boards.every((board) => board.tasks.size === 0))
})

test('a board evicted on one side of a cut and taken back on the other: all agree after the heal', () => {
  for (const takenBackLast of [true, false]) {
    const { world, boards } = boot(3)
    const job = place(world, { count: 3 })
    const [first, , there] = boards as [Board, Board, Board]
    const wish = (board: Board, value: boolean): void =>
      edit(world, board, opsDocId(there.spec.id), 'default', () => new Map([[opsPaths.evicted, value]]))
    world.split([there], boards.slice(0, 2))
    world.run(10_000)
    wish(first, true)
    // Of two concurrent values the one with more changes behind it wins.
    if (takenBackLast) for (const value of [true, false]) wish(there, value)
    else wish(there, false)
    world.run(90_000)
    world.heal()
    const isEvicted = (board: Board): boolean | undefined => board.core!.state!.view.nodes.get(there.spec.id)?.evicted
    world.run(60_000)
    assert.equal(new Set(boards.map(isEvicted)).size, 1)
    if (isEvicted(first) === true) assert.equal(there.tasks.size, 0)
    else assert.ok(allAlive(boards) && areEqual(boards))
    if (takenBackLast) assert.equal(isEvicted(first), false)
    for (const index of [0, 1, 2]) assert.equal(runners(world, slot(job, index)).length, 1)
  }
})

test('two boards of which each is evicted on the other’s side of a cut: both learn of it, both stop', () => {
  const { world, boards } = boot(2)
  place(world, { count: 2 })
  const [left, right] = boards as [Board, Board]
  world.split([left], [right])
  world.run(10_000)
  edit(world, left, opsDocId(right.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  edit(world, right, opsDocId(left.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(10_000)
  world.heal()
  world.until('nothing runs', () => left.tasks.size + right.tasks.size === 0, 60_000)
  edit(world, left, opsDocId(right.spec.id), 'default', () => new Map([[opsPaths.evicted, false]]))
  edit(world, left, opsDocId(left.spec.id), 'default', () => new Map([[opsPaths.evicted, false]]))
  world.until('taken back, they belong together again', () => allAlive(boards) && areEqual(boards), 120_000)
})
