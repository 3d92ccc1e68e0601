// The `disconnect` block of a group, each word of it: who replaces whom, when, and which copy stays after the heal.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, networkDefaults, restartDefaults } from '../../../crdt/documents/defaults.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import type { DisconnectPolicy } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { areEqual, claimOf, createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const disconnecting = (policy: Partial<DisconnectPolicy>) => ({ group: { disconnect: { ...disconnectDefaults, ...policy } } })

function cutOff(world: World, board: Board): void {
  world.split(
    [board],
    [...world.boards.values()].filter((other) => other !== board),
  )
}

test('stop_on_client_after: a board that hears nobody for so long stops its copy, however long all was quiet before', () => {
  const { world } = bootPool(3)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 30_000, replaceAfterMs: 60_000 }))
  world.run(10 * 60_000)
  const alone = home(world, slot(job))
  const began = world.queue.now
  cutOff(world, alone)
  world.until('stopped there', () => !runners(world, slot(job)).includes(alone.spec.name), 60_000)
  const took = world.queue.now - began
  assert.ok(took >= 30_000 && took < 40_000, `${took}`)
  assert.match(claimOf(alone, slot(job), alone)!.reason, /^alone/)
  world.until('replaced', () => runners(world, slot(job)).length === 1, 60_000)
})

test('a copy that was stopped for being alone stays stopped over a reboot until somebody is heard', () => {
  const { world } = bootPool(2)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 10_000, replace: false }))
  const alone = home(world, slot(job))
  cutOff(world, alone)
  world.run(30_000)
  assert.equal(alone.tasks.size, 0)
  world.powerCut(alone)
  world.run(1_000)
  world.boot(alone)
  world.run(120_000)
  assert.equal(count(world, 'start'), 1)
  world.heal()
  world.until('it runs again', () => runners(world, slot(job)).length === 1, 30_000)
})

test('a copy that was stopped for being alone runs again once its board has been told that all others are gone', () => {
  const { world, boards } = bootPool(2)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 10_000, replace: false }))
  const alone = home(world, slot(job))
  cutOff(world, alone)
  world.run(30_000)
  assert.equal(alone.tasks.size, 0)
  const other = boards.find((board) => board !== alone)!
  edit(world, alone, opsDocId(other.spec.id), 'default', () => new Map([['evicted', true]]))
  world.until('it runs again', () => alone.tasks.size === 1, 30_000)
  world.run(120_000)
  assert.equal(alone.tasks.size, 1, 'and stays: nobody is waited for')
})

test('a board that takes an eviction back is alone from then on, however long ago it last planned', () => {
  const { world, boards } = bootPool(2)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 40_000, replace: false }))
  const alone = home(world, slot(job))
  const other = opsDocId(boards.find((board) => board !== alone)!.spec.id)
  edit(world, alone, other, 'default', () => new Map([['evicted', true]]))
  cutOff(world, alone)
  world.run(30_000)
  edit(world, alone, other, 'default', () => new Map([['evicted', false]]))
  world.run(35_000)
  assert.equal(alone.tasks.size, 1, 'while all others were evicted it waited for nobody')
  world.run(10_000)
  assert.equal(alone.tasks.size, 0)
})

test('a board that loses power while it stops a copy for being alone does not start it again', () => {
  const { world } = bootPool(2)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 10_000, replace: false }))
  const alone = home(world, slot(job))
  cutOff(world, alone)
  world.until('it stops it', () => claimOf(alone, slot(job), alone)?.state === 'stopping', 30_000)
  world.powerCut(alone)
  world.run(1_000)
  world.boot(alone)
  world.run(60_000)
  assert.equal(count(world, 'start'), 1)
  assert.equal(claimOf(alone, slot(job), alone)!.state, 'stopped')
})

test('an agent killed while it stops a copy goes on stopping it', () => {
  const { world } = bootPool(2)
  const job = place(world, disconnecting({ stopOnClientAfterMs: 10_000, replace: false }))
  const alone = home(world, slot(job))
  cutOff(world, alone)
  world.until('it stops it', () => claimOf(alone, slot(job), alone)?.state === 'stopping', 30_000)
  world.kill(alone)
  assert.equal(alone.tasks.size, 1)
  world.run(1_000)
  world.boot(alone)
  world.run(2_000)
  assert.equal(alone.tasks.size, 0)
})

test('a board that has been alone for stop_on_client_after claims nothing that it would stop at once, and does when it hears somebody', () => {
  const { world, boards } = bootPool(2)
  const alone = boards[0]!
  cutOff(world, alone)
  world.run(30_000)
  const job = runJob(world, alone, jobSpec({ count: 2, ...disconnecting({ stopOnClientAfterMs: 10_000 }) }))
  world.run(60_000)
  assert.deepEqual(
    slotsOf(job, 2).map((id) => claimOf(alone, id, alone)),
    [undefined, undefined],
  )
  world.heal()
  world.until('both run', () => slotsOf(job, 2).every((id) => runners(world, id).length === 1), 30_000)
})

test('what a lone board does not take keeps no port and no room from what it does', () => {
  // Seed 4054: it stayed the only candidate for the copy that it had stopped.
  const network = { ...networkDefaults, ports: [{ label: 'http', static: 8_080, to: null }] }
  const { world, boards } = bootPool(2)
  const [b0, b1] = boards as [Board, Board]
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  const stops = disconnecting({ stopOnClientAfterMs: 10_000, partition: 'any' })
  const first = place(world, { name: 'a', group: { ...stops.group, network } })
  cutOff(world, b0)
  world.until('stopped for being alone', () => b0.tasks.size === 0, 30_000)
  const second = runJob(world, b0, jobSpec({ name: 'b', group: { network } }))
  world.until('the other job has its port', () => runners(world, slot(second)).includes('b0'), 60_000)
  assert.equal(runners(world, slot(first)).includes('b0'), false)
})

test('replace: false leaves the slot to the silent board, and says so', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, disconnecting({ replace: false }))
  const lost = home(world, slot(job))
  cutOff(world, lost)
  world.run(20 * 60_000)
  assert.equal(count(world, 'start'), 1)
  const seen = boards.find((board) => board !== lost)!
  assert.equal(seen.core!.state!.plan!.bySlot.get(slot(job))!.reason, 'replace-disabled')
  world.heal()
  world.run(30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [1, 0])
})

test('replace: false with lost_after: replaced then, with a mark, and the late one stops', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, disconnecting({ replace: false, lostAfterMs: 180_000, lostAfterExplicit: true }))
  const lost = home(world, slot(job))
  cutOff(world, lost)
  world.run(170_000)
  assert.equal(count(world, 'start'), 1)
  world.until('replaced', () => runners(world, slot(job)).length === 2, 30_000)
  const heir = boards.find((board) => board !== lost && runners(world, slot(job)).includes(board.spec.name))!
  world.run(5_000)
  assert.equal(claimOf(heir, slot(job), heir)!.lost.get(lost.spec.id), 1)
  world.heal()
  world.until('one is left', () => runners(world, slot(job)).length === 1, 30_000)
  assert.equal(home(world, slot(job)).spec.name, heir.spec.name)
})

test('lost_after passes while a replacement runs: it writes the mark, and keeps the slot after the heal', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, disconnecting({ lostAfterMs: 180_000, lostAfterExplicit: true }))
  const lost = home(world, slot(job))
  cutOff(world, lost)
  world.until('replaced', () => runners(world, slot(job)).length === 2, 90_000)
  const heir = boards.find((board) => board !== lost && runners(world, slot(job)).includes(board.spec.name))!
  world.run(30_000)
  assert.equal(claimOf(heir, slot(job), heir)!.lost.size, 0)
  world.run(120_000)
  assert.equal(claimOf(heir, slot(job), heir)!.lost.get(lost.spec.id), 1)
  world.heal()
  world.until('one is left', () => runners(world, slot(job)).length === 1, 30_000)
  assert.equal(home(world, slot(job)).spec.name, heir.spec.name)
})

const stays = { best_score: 'original', keep_original: 'original', keep_replacement: 'replacement', longest_running: 'original' } as const

for (const reconcile of ['best_score', 'keep_original', 'keep_replacement', 'longest_running'] as const) {
  test(`reconcile ${reconcile}: on equal boards the ${stays[reconcile]} stays, and all agree`, () => {
    const { world, boards } = bootPool(3)
    const job = place(world, disconnecting({ reconcile }))
    const original = home(world, slot(job))
    cutOff(world, original)
    world.until('replaced', () => runners(world, slot(job)).length === 2, 90_000)
    world.run(5_000)
    world.heal()
    world.until('one is left', () => runners(world, slot(job)).length === 1, 30_000)
    assert.equal(home(world, slot(job)) === original ? 'original' : 'replacement', stays[reconcile])
    assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 1])
    world.run(30_000)
    assert.ok(areEqual(boards))
  })
}

test('keep_original keeps the original even when the replacement is on a better board', () => {
  const labels = (index: number) => ({ labels: { disk: index === 2 ? 'ssd' : 'sd' } })
  for (const reconcile of ['keep_original', 'best_score'] as const) {
    const world = createWorld(3, { board: labels })
    const b2 = world.board('b2')
    for (const board of world.boards.values()) if (board !== b2) world.boot(board)
    world.run(8_000)
    const affinities = [{ attribute: '${label.disk}', operator: '=' as const, value: 'ssd', weight: 100 }]
    const job = place(world, { group: { ...disconnecting({ reconcile }).group, affinities } })
    const original = home(world, slot(job))
    world.boot(b2)
    world.run(10_000)
    cutOff(world, original)
    world.until('replaced on the better board', () => runners(world, slot(job)).includes('b2'), 90_000)
    world.run(5_000)
    world.heal()
    world.until('one is left', () => runners(world, slot(job)).length === 1, 30_000)
    assert.equal(home(world, slot(job)).spec.name, reconcile === 'best_score' ? 'b2' : original.spec.name)
  }
})

test('partition any: both sides run everything; half: only the larger one replaces', () => {
  for (const partition of ['any', 'half'] as const) {
    const { world, boards } = bootPool(5)
    const job = place(world, { count: 5, ...disconnecting({ partition }) })
    world.split(boards.slice(0, 2), boards.slice(2))
    // Two of five are more than a third: replacements are paced.
    world.run(8 * 60_000)
    const left = slotsOf(job, 5).filter((id) => runners(world, id).some((name) => ['b0', 'b1'].includes(name))).length
    const right = slotsOf(job, 5).filter((id) => runners(world, id).some((name) => ['b2', 'b3', 'b4'].includes(name))).length
    assert.deepEqual([left, right], partition === 'any' ? [5, 5] : [2, 5])
    world.heal()
    world.until('one of each', () => slotsOf(job, 5).every((id) => runners(world, id).length === 1), 30_000)
    world.run(30_000)
    assert.ok(areEqual(boards))
    assert.equal(count(world, 'start') - count(world, 'stop'), 5)
  }
})

test('when much of a pool falls silent at once, a tenth of its slots is replaced a minute', () => {
  const roomy = { capacity: { cpuMhz: 40_000, memoryMib: 40_000, diskMib: 80_000 } }
  const { world, boards } = bootPool(6, { board: () => roomy })
  const job = place(world, { count: 30 })
  const lost = boards.slice(0, 3)
  const slots = slotsOf(job, 30).filter((id) => lost.includes(home(world, id)))
  assert.ok(slots.length >= 9, `${slots.length} slots are on the boards that go`)
  for (const board of lost) world.powerCut(board)
  world.run(62_000)
  const replaced = (): number => slots.filter((id) => runners(world, id).length === 1).length
  const counts: number[] = []
  for (let minute = 0; minute < 3; minute++) {
    world.run(60_000)
    counts.push(replaced())
  }
  assert.deepEqual(
    counts.map((now, index) => now - (counts[index - 1] ?? 0) <= 4),
    [true, true, true],
    counts.join(' '),
  )
  assert.ok(counts[2]! >= 6, counts.join(' '))
  world.until('in the end all are', () => replaced() === slots.length, 10 * 60_000)
})

test('a heal disturbs nothing that was started on one side only', () => {
  const roomy = { capacity: { cpuMhz: 40_000, memoryMib: 40_000, diskMib: 80_000 } }
  const { world, boards, first } = bootPool(6, { board: () => roomy })
  world.split(boards.slice(0, 3), boards.slice(3))
  world.run(10_000)
  for (let n = 0; n < 8; n++) runJob(world, first, jobSpec({ name: `job-${n}`, count: 3 }))
  world.run(10_000)
  world.heal()
  world.run(30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [24, 0])
  assert.ok(areEqual(boards))
})

test('one way: nobody is told, and both boards still agree', () => {
  const { world, boards } = bootPool(4)
  const job = place(world, { count: 4 })
  world.cut(boards[0]!, boards[1]!, true)
  world.run(180_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [4, 0], 'both are heard through the others')
  world.heal()
  world.run(30_000)
  assert.ok(areEqual(boards))
  assert.equal(slotsOf(job, 4).length, 4)
})

test('one board that falls twice within a minute is no mass event: it is replaced as fast as the first time', () => {
  const { world } = bootPool(5)
  const job = place(world, { count: 1, ...disconnecting({ replaceAfterMs: 0 }) })
  const lost = home(world, slot(job))
  for (let fall = 0; fall < 3; fall++) {
    cutOff(world, lost)
    world.until('replaced', () => runners(world, slot(job)).length === 2, 10_000)
    world.heal()
    world.until('the original stays', () => runners(world, slot(job)).length === 1, 40_000)
  }
})

test('boards that restart one after another are no mass event', () => {
  const { world, boards } = bootPool(6)
  const job = place(world, { count: 6, ...disconnecting({ replaceAfterMs: 0 }) })
  for (const board of boards.slice(0, 4)) {
    const id = slotsOf(job, 6).find((one) => runners(world, one)[0] === board.spec.name)!
    world.powerCut(board)
    world.until('replaced', () => runners(world, id).length === 1, 10_000)
    world.boot(board)
    world.until('back, and the copies are where they were', () => runners(world, id)[0] === board.spec.name, 20_000)
  }
})

test('a copy that waits to be started again sends none away that runs', () => {
  const { world } = bootPool(3, { board: (index) => ({ labels: { best: index === 0 ? 'yes' : 'no' } }) })
  const restart = { ...restartDefaults, attempts: 1, delayMs: 300_000, intervalMs: 600_000, mode: 'delay' } as const
  const affinities = [{ attribute: '${label.best}', operator: '=', value: 'yes', weight: 100 }] as const
  const job = place(world, { group: { restart, affinities, disconnect: { ...disconnectDefaults, replaceAfterMs: 5_000 } } })
  const best = world.board('b0')
  cutOff(world, best)
  world.until('replaced', () => runners(world, slot(job)).length === 2, 20_000)
  world.crash(best, slot(job))
  world.heal()
  for (let at = 0; at < 60; at++) {
    world.run(1_000)
    assert.equal(runners(world, slot(job)).length, 1, `after ${at + 1} s`)
  }
  world.until('the better board runs it again', () => runners(world, slot(job)).includes('b0'), 900_000)
  world.until('and only that', () => runners(world, slot(job)).length === 1, 20_000)
})
