// Scenarios on the real core: what they report is what the same faults do in the scenarios of the core; and the sums over it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseBoards, expandName } from '../../../simulator/scenario/choose.ts'
import { playScenario } from '../../../simulator/scenario/play.ts'
import { type Report, type Span, coverage } from '../../../simulator/scenario/report.ts'
import type { Scenario, ScenarioEvent } from '../../../simulator/scenario/scenario.ts'
import { jobWith } from '../../../simulator/sample-job.ts'
import { disconnectDefaults, periodicDefaults } from '../../../crdt/documents/defaults.ts'
import type { JobId, SlotId } from '../../../crdt/ids.ts'
import type { JobSpec } from '../../../crdt/spec.ts'

const shop = 'default/shop' as JobId
const job = (count: number, replaceAfterMs = 5_000) => jobWith({ count, disconnect: { ...disconnectDefaults, replaceAfterMs } })

function scenario(boards: readonly string[], timeline: readonly ScenarioEvent[], durationMs = 120_000): Scenario {
  return {
    name: 'test',
    seed: 1,
    durationMs,
    delayMs: 5,
    lossPercent: 0,
    timeline,
    boards: boards.map((name) => ({
      name,
      id: null,
      kbitPerS: null,
      joinsMs: 0,
      pool: 'default',
      labels: { site: name.slice(0, 1) },
      attributes: {},
      capacity: { cpuMhz: 4_000, memoryMib: 1_024, diskMib: 8_192 },
      drivers: ['raw_exec'],
    })),
  }
}

const run = (atMs: number, count: number): ScenarioEvent => ({ atMs, kind: 'run', spec: job(count), via: null })
const slotOf = (report: Report, index = 0) => report.slots.find(({ slot }) => slot === `default/shop/web/${index}`)!
const total = (spans: readonly Span[]): number => spans.reduce((sum, [from, to]) => sum + to - from, 0)

test('0:00 is when all boards know one another: what is handed in then is spread as in a fleet that has run for a while', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const { slots, boards, jobs, notes } = playScenario(scenario(names, [run(0, 5)], 10_000))
  assert.deepEqual(
    slots.map(({ copies }) => copies.map(({ board }) => board)).toSorted(),
    names.map((name) => [name]),
  )
  assert.ok(jobs[0]!.firstRunningMs! < 2_000)
  assert.deepEqual(notes, [])
  assert.ok(boards.every(({ messagesSent }) => messagesSent > 0 && messagesSent < 1_000))
  // Nobody waits for a board that comes later, and for one that cannot be met only so long.
  const { boards: all, ...rest } = scenario(names, [run(0, 5)], 10_000)
  const early = playScenario({ ...rest, boards: all.map((board, at) => ({ ...board, joinsMs: at === 4 ? 5_000 : 0 })) })
  assert.deepEqual(early.notes, [])
  const thin = playScenario({ ...rest, boards: all.map((board, at) => ({ ...board, kbitPerS: at === 4 ? 1 : null })) })
  assert.deepEqual(
    thin.notes.map(({ atMs, text }) => [atMs, text.replace(/: .*/, '')]),
    [[0, 'after 60 s of waiting not everybody knows all others']],
  )
})

test('jobs that run already: each copy is where it was found, from 0:00 on, and stays there', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  // Nobody would place them so now.
  const slots = new Map([
    ['web/0', 'c'],
    ['web/1', 'c'],
    ['web/2', 'e'],
  ])
  const found = { ...scenario(names, [], 60_000), placed: [{ spec: job(3), via: 'a', slots }] }
  const played = playScenario(found)
  assert.deepEqual(
    played.slots.map(({ copies }) => copies.map(({ board, fromMs, toMs }) => [board, fromMs, toMs])),
    [[['c', 0, 60_000]], [['c', 0, 60_000]], [['e', 0, 60_000]]],
  )
  assert.deepEqual([played.jobs[0]!.availablePercent, played.jobs[0]!.firstRunningMs, played.notes], [100, 0, []])
  // What cannot be is said.
  const boards = found.boards.map((board) => (board.name === 'e' ? { ...board, drivers: ['docker'] as const } : board))
  assert.deepEqual(
    playScenario({ ...found, boards }).notes.map(({ text }) => text),
    ['default/shop/web/2 could not be started on e, where it was said to run'],
  )
})

test('orders about one slot, one group and one board', () => {
  const slots = new Map([
    ['web/0', 'a'],
    ['web/1', 'b'],
  ])
  const timeline: ScenarioEvent[] = [
    { atMs: 0, kind: 'ineligible', boards: ['d', 'e'], via: null },
    { atMs: 10_000, kind: 'scale', job: shop, group: 'web', count: 5, via: null },
    { atMs: 20_000, kind: 'stop-copy', slot: 'default/shop/web/0' as SlotId, via: 'b' },
    { atMs: 30_000, kind: 'evict', boards: ['b'], via: 'a' },
    { atMs: 40_000, kind: 'eligible', boards: ['d', 'e'], via: null },
    { atMs: 50_000, kind: 'scale', job: 'default/none' as JobId, group: 'web', count: 5, via: null },
    { atMs: 50_000, kind: 'stop-copy', slot: 'default/shop/web/9' as SlotId, via: null },
  ]
  const played = playScenario({ ...scenario(['a', 'b', 'c', 'd', 'e'], timeline, 60_000), placed: [{ spec: job(2), via: null, slots }] })
  assert.equal(played.slots.length, 5)
  for (const { copies } of played.slots)
    for (const { board, fromMs, toMs } of copies) {
      assert.ok(!['d', 'e'].includes(board) || fromMs >= 40_000, 'not while it is not eligible')
      assert.ok(board !== 'b' || toMs < 35_000, 'not once it is evicted')
    }
  assert.deepEqual(slotOf(played).copies.map(({ toMs }) => toMs > 20_000 && toMs < 25_000)[0], true, 'the copy that was stopped')
  assert.equal(slotOf(played, 4).wanted[0]![0], 10_000)
  assert.deepEqual(
    played.notes.map(({ text }) => text),
    ['a does not know default/none/web: nobody took the order', 'a knows no copy of default/shop/web/9: nobody took the order'],
  )
})

test('a power cut: nobody runs the copy until replace_after is over, and the original is back on its board', () => {
  const played = playScenario(
    scenario(
      ['a', 'b', 'c', 'd', 'e'],
      [run(1_000, 5), { atMs: 30_000, kind: 'power-cut', boards: ['b'] }, { atMs: 60_000, kind: 'power-on', boards: ['b'] }],
    ),
  )
  const [row] = played.jobs
  const slot = played.slots.find(({ nobody }) => nobody.some(([from]) => from === 30_000))!
  assert.ok(
    slot.copies.some(({ board, toMs }) => board === 'b' && toMs === 30_000),
    'the copy of the dead board ends with its power',
  )
  const gap = slot.nobody.find(([from]) => from === 30_000)!
  assert.ok(gap[1] - gap[0] >= 5_000 && gap[1] - gap[0] < 15_000, `nobody ran it for ${gap[1] - gap[0]} ms`)
  assert.equal(row!.longestGapMs, gap[1] - gap[0])
  assert.ok(slot.copies.at(-1)!.toMs === 120_000 && total(slot.several) < 15_000, 'one copy in the end')
  assert.equal(played.boards.find(({ name }) => name === 'b')!.boots, 2)
  assert.ok(row!.availablePercent > 95 && row!.availablePercent < 100)
})

test('a periodic job has the runs that are due after it was ordered, and nobody misses them before; a parameterized one has none', () => {
  const periodic = { ...periodicDefaults, crons: ['30 7 * * *', '2 8 * * *'] }
  const batch = (name: string): JobSpec => ({ ...job(1), name, type: 'batch' })
  const template: JobSpec = { ...batch('template'), parameterized: { payload: 'optional', metaRequired: [], metaOptional: [] } }
  const order = (atMs: number, spec: JobSpec): ScenarioEvent => ({ atMs, kind: 'run', spec, via: null })
  const times = { ...batch('times'), periodic }
  // Ordered again, it is as it was. The world begins at 08:00.
  const played = playScenario(scenario(['a', 'b'], [order(1_000, times), order(1_000, template), order(121_000, times)], 150_000))
  assert.deepEqual(
    played.slots.map(({ slot, copies }) => [slot, copies.length]),
    [['default/times/web-1800000120/0', 1]],
  )
  assert.deepEqual(
    played.jobs.map(({ longestGapMs }) => longestGapMs),
    played.jobs.map(() => 0),
  )
})

test('a cut in the middle: both sides run what they can, and one copy of each is left after the heal', () => {
  const sides = { from: ['a1', 'a2', 'a3'], to: ['b1', 'b2'] }
  const played = playScenario(
    scenario(
      ['a1', 'a2', 'a3', 'b1', 'b2'],
      [run(5_000, 3), { atMs: 20_000, kind: 'cut', ...sides, oneWay: false }, { atMs: 60_000, kind: 'heal', ...sides }],
    ),
  )
  for (const { several, copies } of played.slots) {
    for (const [from, to] of several) assert.ok(from > 20_000 && to < 75_000, `more than one from ${from} to ${to}`)
    assert.equal(copies.filter(({ toMs }) => toMs === 120_000).length, 1)
  }
  assert.ok(played.jobs[0]!.severalMs > 0, 'the majority replaced what it could not see')
  assert.deepEqual(
    played.happenings.map(({ text }) => text),
    ['run default/shop', 'cut a1, a2, a3 ⟷ b1, b2', 'heal a1, a2, a3 ⟷ b1, b2'],
  )
})

test('the end of a cut tells nobody where a board is: without names it stays alone, and those who knew each other meet again', () => {
  const played = (alone: string): Report => {
    const { boards, ...rest } = scenario(
      ['a', 'b', 'c'],
      [
        run(1_000, 3),
        { atMs: 10_000, kind: 'dns', boards: ['a', 'b', 'c'], state: 'broken' },
        { atMs: 40_000, kind: 'cut', from: [alone], to: ['a', 'b'], oneWay: false },
        { atMs: 70_000, kind: 'heal', from: [alone], to: ['a', 'b'] },
      ],
    )
    return playScenario({ ...rest, boards: boards.map((board) => ({ ...board, joinsMs: board.name === 'c' ? 20_000 : 0 })) })
  }
  assert.equal(played('c').boards.find(({ name }) => name === 'c')!.bytesSent, 0)
  const { slots, durationMs } = played('b')
  for (const { copies } of slots) assert.equal(copies.filter(({ toMs }) => toMs === durationMs).length, 1, 'one copy after the heal')
})

test('the same scenario is the same report', () => {
  const boards = ['a', 'b', 'c']
  const timeline: ScenarioEvent[] = [
    run(1_000, 2),
    { atMs: 20_000, kind: 'kill', boards: ['a'] },
    { atMs: 25_000, kind: 'start', boards: ['a'] },
  ]
  const make = (): Report => playScenario({ ...scenario(boards, timeline, 60_000), lossPercent: 20 })
  assert.deepEqual(make(), make())
})

test('a killed agent leaves its tasks alone; a crash is a restart on the same board', () => {
  const played = playScenario(
    scenario(
      ['a', 'b', 'c'],
      [
        run(1_000, 3),
        { atMs: 20_000, kind: 'kill', boards: ['a'] },
        { atMs: 22_000, kind: 'start', boards: ['a'] },
        { atMs: 40_000, kind: 'crash', job: shop, boards: ['b'] },
      ],
    ),
  )
  const [row] = played.jobs
  assert.deepEqual([row!.moves, row!.restarts], [0, 1])
})

test('orders: scaled down, stopped, drained; an order to a board that is down is told', () => {
  const played = playScenario(
    scenario(
      ['a', 'b', 'c'],
      [
        run(1_000, 3),
        { atMs: 20_000, kind: 'run', spec: job(1), via: 'b' },
        { atMs: 40_000, kind: 'power-cut', boards: ['c'] },
        { atMs: 41_000, kind: 'stop', job: shop, via: 'c' },
        { atMs: 60_000, kind: 'stop', job: shop, via: null },
      ],
    ),
  )
  assert.deepEqual(slotOf(played, 2).wanted, [[1_000, 20_000]])
  assert.deepEqual(slotOf(played, 0).wanted, [
    [1_000, 20_000],
    [20_000, 60_000],
  ])
  assert.ok(slotOf(played, 0).copies.every(({ toMs }) => toMs < 70_000))
  assert.deepEqual(played.notes, [{ atMs: 41_000, text: 'c is down: nobody took the order' }])
})

test('coverage: how many spans cover each part', () => {
  const parts = coverage(
    [
      [0, 10],
      [5, 15],
      [20, 30],
    ],
    [2, 25],
  ).map(({ span, count }) => [...span, count])
  assert.deepEqual(parts, [
    [2, 5, 1],
    [5, 10, 2],
    [10, 15, 1],
    [15, 20, 0],
    [20, 25, 1],
  ])
  assert.deepEqual(
    coverage(
      [
        [0, 5],
        [5, 10],
      ],
      [0, 10],
    ),
    [{ span: [0, 10], count: 1 }],
    'one copy takes over from another',
  )
})

test('boards by name, pattern and label', () => {
  const boards = ['shop-1', 'shop-22', 'hub'].map((name, at) => ({ name, labels: { site: at === 2 ? 'north' : 'south' } }))
  const chosen = (word: string): string[] => chooseBoards(boards, word)
  assert.deepEqual(chosen('shop-*'), ['shop-1', 'shop-22'])
  assert.deepEqual(chosen('*-*2'), ['shop-22'])
  assert.deepEqual(chosen('site=north'), ['hub'])
  assert.deepEqual(chosen('site=*'), ['shop-1', 'shop-22', 'hub'])
  assert.deepEqual(chosen('all'), ['shop-1', 'shop-22', 'hub'])
  assert.deepEqual([chosen('shop'), chosen('constructor=x'), chosen('hu*ub'), chosen('')], [[], [], [], []])
  assert.deepEqual(expandName('shop-{08..11}'), ['shop-08', 'shop-09', 'shop-10', 'shop-11'])
  assert.deepEqual(expandName('{a,b}-{1..2}'), ['a-1', 'a-2', 'b-1', 'b-2'])
  assert.ok(expandName('x{1..999999}').length <= 1_001, 'bounded')
})
