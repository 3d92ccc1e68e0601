// Every example is played, and shows what its first lines tell the reader to look for.

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Io } from '../../../cli/io.ts'
import { loadScenario } from '../../../cli/scenario/play-scenario.ts'
import { playScenario } from '../../../simulator/scenario/play.ts'
import type { Report, SlotReport } from '../../../simulator/scenario/report.ts'

/** Job files are read from the disk, never from the terminal. */
const io = {} as Io
const folder = 'examples/scenarios'
/** An hour of virtual time takes a minute: what is longer is cut short here, and nothing but the end is missed. */
const playedMsMax = 30 * 60_000

const runsOn = (slot: SlotReport): string[] => slot.copies.map(({ board }) => board)
const slotsOf = (report: Report, job: string): SlotReport[] => report.slots.filter(({ slot }) => slot.startsWith(`default/${job}/`))

/** File → what must be seen in it. */
const sights: Readonly<Record<string, (report: Report) => void>> = {
  'dns-broken.yaml'(report) {
    const rebooted = slotsOf(report, 'till').filter(({ nobody }) => nobody.some(([fromMs]) => fromMs === 120_000))
    assert.ok(rebooted.length > 0)
    for (const slot of rebooted) assert.deepEqual([...new Set(runsOn(slot).slice(0, 2))], ['board-3'], 'it is back without names')
    for (const slot of slotsOf(report, 'till'))
      assert.ok(
        slot.copies.every(({ board, fromMs }) => board !== 'board-5' || fromMs >= 360_000),
        'the new board knows nobody until names work',
      )
    assert.ok(slotsOf(report, 'menu')[0]!.copies.at(-1)!.toMs === report.durationMs, 'then it belongs to the others')
  },
  'tiny-bandwidth.yaml'(report) {
    const [far] = slotsOf(report, 'index')
    const wide = far!.copies.filter(({ fromMs }) => fromMs < 600_000)
    assert.deepEqual([wide.map(({ board }) => board), wide[0]!.toMs], [['far-1'], report.durationMs], '64 kbit/s are enough')
    for (const { copies } of report.slots)
      assert.equal(copies.filter(({ toMs }) => toMs === report.durationMs).length, 1, 'one copy in the end')
    for (const { copies } of slotsOf(report, 'till')) assert.ok(copies.length >= 3, 'both orders arrived')
  },
  'address-change.yaml'(report) {
    for (const slot of slotsOf(report, 'till')) {
      const early = slot.copies.filter(({ fromMs }) => fromMs < 300_000)
      assert.equal(early.length, 1, 'a new address is no reason to replace anything')
      assert.equal(slot.copies.filter(({ toMs }) => toMs === report.durationMs).length, 1, 'one copy after the cut')
    }
  },
  'long-lossy-line.yaml'(report) {
    for (const slot of slotsOf(report, 'till')) assert.equal(new Set(runsOn(slot)).size, 1, 'nothing moves')
    assert.ok(
      slotsOf(report, 'till').some(({ copies }) => copies.some(({ version }) => version === 2)),
      'the order arrived',
    )
  },
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
  test(`${file} is played`, async () => {
    const scenario = await loadScenario(io, `${folder}/${file}`)
    const report = playScenario({ ...scenario, durationMs: Math.min(scenario.durationMs, playedMsMax) })
    assert.ok(report.slots.length > 0)
    for (const { slot, copies, wanted } of report.slots)
      if (wanted.length > 0 && wanted[0]![0] < report.durationMs - 60_000) assert.ok(copies.length > 0, `${slot} never ran`)
    sights[file]?.(report)
  })
}
