// Every example is played to its end, and shows what its first lines tell the reader to look for.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Io } from '../../../cli/io.ts'
import { loadScenario } from '../../../cli/scenario/play-scenario.ts'
import { playScenario } from '../../../simulator/scenario/play.ts'
import type { CopyReport, Report, SlotReport } from '../../../simulator/scenario/report.ts'

/** Job files are read from the disk, never from the terminal. */
const io = {} as Io
const folder = 'examples/scenarios'

const minute = 60_000
const hour = 60 * minute

const slotsOf = (report: Report, job: string): SlotReport[] => report.slots.filter(({ slot }) => slot.startsWith(`default/${job}/`))
const copiesOf = (report: Report): CopyReport[] => report.slots.flatMap(({ copies }) => copies)
/** Who runs a copy at that time, sorted; a board as often as it runs one. */
const holdersAt = (copies: readonly CopyReport[], atMs: number): string[] =>
  copies
    .filter(({ fromMs, toMs }) => fromMs < atMs && atMs <= toMs)
    .map(({ board }) => board)
    .toSorted()

/** A copy on `board` that runs from its order to the end, and who else ran it: from … to …. */
function besides(report: Report, board: string): CopyReport[] {
  const slot = slotsOf(report, 'till').find(({ copies }) => copies[0]!.board === board)
  assert.ok(slot !== undefined, `the board that is struck holds a copy`)
  assert.equal(slot.copies[0]!.toMs, report.durationMs, 'the copy stays where it is')
  return slot.copies.slice(1)
}

/** Of a job whose copies nobody had any reason to touch but these. */
function untouched(report: Report, except: string): void {
  for (const { copies } of slotsOf(report, 'till'))
    if (copies[0]!.board !== except) assert.equal(copies.length, 1, `${copies[0]!.board} has nothing to do with it`)
}

function oneWay(report: Report): void {
  const others = besides(report, 'board-4')
  assert.equal(others.length, 1, 'it is replaced once')
  const [{ fromMs, toMs }] = others as [CopyReport]
  assert.ok(fromMs > 1.5 * minute && fromMs < 2 * minute, 'half a minute after it fell silent')
  assert.ok(toMs > 5 * minute && toMs < 5.5 * minute, 'until the cut ends')
  untouched(report, 'board-4')
}

/** File → what must be seen in it. */
const sights: Readonly<Record<string, (report: Report) => void>> = {
  'one-way-in.yaml': oneWay,
  'one-way-out.yaml': oneWay,
  'long-silence.yaml'(report) {
    const south = slotsOf(report, 'till').filter(({ copies }) => copies[0]!.board.startsWith('south'))
    assert.equal(south.length, 2, 'the smaller side has copies')
    for (const { copies } of south) {
      assert.equal(copies.length, 2)
      const [old, other] = copies as [CopyReport, CopyReport]
      assert.equal(old.toMs, report.durationMs, 'the copy of the south is the older one')
      assert.ok(other.board.startsWith('north') && other.fromMs > 5.5 * minute && other.fromMs < 7 * minute)
      assert.ok(other.toMs > 125 * minute && other.toMs < 126 * minute, 'one of each after the heal')
    }
    const [menu] = slotsOf(report, 'menu')
    assert.deepEqual(
      menu!.copies.map(({ board, toMs }) => [board.slice(0, 5), toMs]),
      [['south', report.durationMs]],
      'the south took an order, and kept what it runs',
    )
  },
  'days-offline.yaml'(report) {
    const slot = slotsOf(report, 'till').find(({ copies }) => copies[0]!.board === 'board-3')
    assert.ok(slot !== undefined, 'the board that is off had a copy')
    const gaps = slot.nobody.filter(([fromMs]) => fromMs === 10 * minute)
    assert.ok(gaps.length === 1 && gaps[0]![1] < 11 * minute, 'the work goes elsewhere')
    const back = slot.copies.filter(({ board, fromMs }) => board === 'board-3' && fromMs > 48 * hour)
    assert.deepEqual([back.length, back[0]!.version], [1, 1], 'it goes on with what it knows')
    assert.ok(back[0]!.toMs < 48.5 * hour + 5_000, 'and hears at once that this is over')
    assert.deepEqual(
      slotsOf(report, 'till').map(({ copies }) => copies.filter(({ toMs }) => toMs === report.durationMs).map(({ version }) => version)),
      [[2], [2], [2]],
    )
  },
  'flapping.yaml'(report) {
    const others = besides(report, 'board-4')
    const during = (from: number, to: number): number =>
      others.filter(({ fromMs }) => fromMs >= from * minute && fromMs < to * minute).length
    assert.equal(during(2, 13), 0, 'half a second and three seconds are not noticed')
    assert.ok(during(13, 20) > 0 && during(20, 30) > 0, 'ten and sixty are')
    assert.ok(
      others.every(({ toMs }) => toMs < 27 * minute),
      'no replacement outlives the flapping',
    )
    untouched(report, 'board-4')
  },
  'three-sites.yaml'(report) {
    const west = slotsOf(report, 'till').filter(({ copies }) => copies[0]!.board.startsWith('west'))
    assert.equal(west.length, 2, 'the site that is cut off has copies')
    for (const { copies } of west) {
      assert.equal(copies.length, 2)
      const [old, other] = copies as [CopyReport, CopyReport]
      assert.equal(old.toMs, report.durationMs)
      assert.ok(!other.board.startsWith('west'))
      assert.ok(other.fromMs > 6.5 * minute && other.fromMs < 7 * minute, 'not while the middle hears both')
      assert.ok(other.toMs > 14 * minute && other.toMs < 15 * minute, 'until all meet again')
    }
    untouched({ ...report, slots: report.slots.filter((slot) => !west.includes(slot)) }, 'nobody')
  },
  'site-power-cut.yaml'(report) {
    const gaps = slotsOf(report, 'till').map(({ nobody }) => nobody.find(([fromMs]) => fromMs === 2 * minute))
    assert.ok(
      gaps.every((gap) => gap !== undefined),
      'all copies were there',
    )
    const ends = gaps.map((gap) => gap[1]).toSorted((a, b) => a - b)
    assert.ok(ends[0]! > 2.5 * minute && ends[0]! < 3 * minute && ends[2]! < 5 * minute, 'each runs again before the power is back')
    for (const [at, end] of ends.slice(1).entries()) assert.ok(Math.abs(end - ends[at]! - minute) < 5_000, 'one a minute')
    assert.deepEqual(holdersAt(copiesOf(report), report.durationMs), ['south-1', 'south-2', 'south-3'], 'they go home')
    assert.ok(report.jobs[0]!.availablePercent < 90 && report.jobs[0]!.longestGapMs > 2 * minute)
  },
  'update-across-a-cut.yaml'(report) {
    const slots = slotsOf(report, 'till')
    assert.deepEqual(holdersAt(copiesOf(report), 3 * minute).slice(-3), ['south-1', 'south-2', 'south-3'], 'all were on one side')
    for (const { copies } of slots) {
      const [north, south] = ['north', 'south'].map((site) => copies.filter(({ board }) => board.startsWith(site)))
      assert.ok(
        south!.some(({ version, fromMs }) => version === 2 && fromMs >= 4 * minute && fromMs < 5 * minute),
        'the side that was told goes on',
      )
      assert.deepEqual(
        north!.filter(({ fromMs }) => fromMs < 8 * minute).map(({ version }) => version),
        [1],
        'the other knows the old one only',
      )
    }
    assert.deepEqual(
      slots.map(({ copies }) => copies.filter(({ toMs }) => toMs === report.durationMs).map(({ version }) => version)),
      [[2], [2], [2]],
      'and follows',
    )
  },
  'dns-broken.yaml'(report) {
    const rebooted = slotsOf(report, 'till').filter(({ nobody }) => nobody.some(([fromMs]) => fromMs === 2 * minute))
    assert.ok(rebooted.length > 0)
    for (const { copies } of rebooted)
      assert.deepEqual([...new Set(copies.slice(0, 2).map(({ board }) => board))], ['board-3'], 'it is back without names')
    for (const slot of slotsOf(report, 'till'))
      assert.ok(
        slot.copies.every(({ board, fromMs }) => board !== 'board-5' || fromMs >= 6 * minute),
        'the new board knows nobody until names work',
      )
    assert.ok(slotsOf(report, 'menu')[0]!.copies.at(-1)!.toMs === report.durationMs, 'then it belongs to the others')
  },
  'tiny-bandwidth.yaml'(report) {
    const [far] = slotsOf(report, 'index')
    const wide = far!.copies.filter(({ fromMs }) => fromMs < 10 * minute)
    assert.deepEqual([wide.map(({ board }) => board), wide[0]!.toMs], [['far-1'], report.durationMs], '64 kbit/s are enough')
    const thin = far!.copies.filter(({ fromMs }) => fromMs >= 10 * minute)
    assert.ok(thin.length > 0 && thin.every(({ fromMs, toMs }) => fromMs < 17 * minute && toMs < 18 * minute), '8 kbit/s are not')
    for (const { copies } of report.slots)
      assert.equal(copies.filter(({ toMs }) => toMs === report.durationMs).length, 1, 'one copy in the end')
    for (const { copies } of slotsOf(report, 'till')) assert.ok(copies.length >= 3, 'both orders arrived')
  },
  'address-change.yaml'(report) {
    const others = besides(report, 'van-1')
    assert.deepEqual(
      others.map(({ fromMs, toMs }) => [Math.floor(fromMs / minute), Math.floor(toMs / minute)]),
      [[5, 7]],
      'a new address is no reason to replace anything; a cut of two minutes is',
    )
    untouched(report, 'van-1')
  },
  'long-lossy-line.yaml'(report) {
    const slots = slotsOf(report, 'till')
    for (const { copies } of slots) assert.equal(new Set(copies.map(({ board }) => board)).size, 1, 'nothing moves')
    const north = slots.filter(({ copies }) => copies[0]!.board.startsWith('north'))
    assert.ok(north.length > 0 && north.length < slots.length, 'both sides have copies')
    for (const { copies } of slots) {
      const next = copies.find(({ version }) => version === 2)
      assert.ok(next !== undefined && next.fromMs >= 4 * minute && next.fromMs < 5 * minute, 'the order arrives within the minute')
    }
  },
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  test(`${file} is played to its end, and shows what it is there for`, async () => {
    const sight = sights[file]
    assert.ok(sight !== undefined, 'each example has a sight')
    const report = playScenario(await loadScenario(io, `${folder}/${file}`))
    for (const { slot, copies, wanted } of report.slots) if (wanted.length > 0) assert.ok(copies.length > 0, `${slot} never ran`)
    assert.deepEqual(report.notes, [], 'every order is taken')
    sight(report)
  })
}
