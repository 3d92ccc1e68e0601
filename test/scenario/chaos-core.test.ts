// Faults that end inside a core only: what may be demanded of its boards while others flap, are cut off or dead, and that it is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults } from '../../crdt/documents/defaults.ts'
import { both } from '../../simulator/chaos/draw-faults.ts'
import { type ChaosEvent, type ChaosPlan, type Fate } from '../../simulator/chaos/plan.ts'
import { runChaos } from '../../simulator/chaos/run.ts'
import type { Flaw } from '../../simulator/flaws.ts'
import { jobSpec } from '../../simulator/job-spec.ts'

const names = ['b0', 'b1', 'b2', 'b3', 'b4']
const boards = names.map((name) => ({ name, labels: {}, memoryMib: 2_048, pool: 'default' }))
const chaosMs = 60_000
const disconnect = { ...disconnectDefaults, replaceAfterMs: 2_000, partition: 'any' } as const
const spec = jobSpec({ count: 5, group: { disconnect } })
const alone = (board: string) => ({ shape: `${board} alone`, ways: both([board], names.filter((name) => name !== board)) }) // prettier-ignore

/** b4 runs a copy and is cut off; it flaps on once faults have ended for all others. Another cut goes through the core until then. */
function planOf(settled: Fate | null, restlessMs = 120_000): ChaosPlan {
  const events: ChaosEvent[] = [
    { at: 3_000, kind: 'run', via: 'b0', spec },
    { at: 20_000, kind: 'cut', ...alone('b4'), forMs: 50_000 },
    { at: 21_000, kind: 'cut', shape: 'b0+b1|b2+b3', ways: both(['b0', 'b1'], ['b2', 'b3']), forMs: 300_000 },
    { at: 50_000, kind: 'scale', via: 'b0', job: 'web', count: 6 },
    { at: chaosMs + 20_000, kind: 'flap', ...alone('b4'), periodMs: 40_000, forMs: restlessMs },
  ]
  const core = { outside: ['b4'], untilMs: chaosMs + restlessMs, fates: settled === null ? null : [{ board: 'b4', fate: settled }] }
  return { seed: 1, boards, events, chaosMs, core }
}

for (const fate of ['off', 'deaf', 'half'] as const) {
  test(`a core comes to rest beside a board that finds none, and then is ${fate}`, () => {
    const { violations, sights } = runChaos(planOf(fate))
    assert.deepEqual(violations, [])
    assert.ok(sights.has('core-formed') && sights.has('core-and-outside'))
    // Boards that the core sees are a part of it by then.
    assert.equal(sights.has('core-settled'), fate !== 'half')
  })
}

test('a cut of a board outside lasts beyond the chaos, one inside does not', () => {
  const lines = runChaos(planOf(null)).timeline()
  const at = (line: string): number => Number(line.trim().split(' ')[0])
  const healed = lines.filter((line) => /b[0-3] b[0-3] is alive/.test(line)).map((line) => at(line))
  const back = lines.filter((line) => /b[0-3] b4 is alive/.test(line)).map((line) => at(line))
  assert.ok(
    healed.some((seconds) => seconds > 60 && seconds < 66),
    healed.join(),
  )
  assert.ok(back.some((seconds) => seconds > 70) && !back.some((seconds) => seconds > 30 && seconds < 70), back.join())
})

test('planted: boards of a core that do not tell one another, or do not make way, are noticed while others flap', () => {
  const rules = (flaw: Flaw): Set<string> => new Set(runChaos(planOf(null, 340_000), new Set([flaw])).violations.map(({ rule }) => rule))
  assert.ok(rules('sync-frames-dropped').has('core-knows'))
  assert.ok(rules('stop-ignored').has('core-runs-once'))
})
