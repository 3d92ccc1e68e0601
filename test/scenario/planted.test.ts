// The search can bite: each planted bug, and each flaw of the harness, is caught by the seed that `test/seeds.json` records for it.
// `npm run sim:planted -- --record` looks for seeds anew when plans are drawn differently.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { runChaos } from '../../simulator/chaos/run.ts'
import { type Flaw, flaws } from '../../simulator/flaws.ts'
import { plantedBugs } from '../planted/bugs.ts'
import { plant } from '../planted/load.ts'
import { recorded } from '../planted/seeds.ts'

const seeds = recorded()

test('each planted bug has its seed, and no seed is left of one that is gone', () => {
  assert.deepEqual(Object.keys(seeds).toSorted(), [...flaws, ...plantedBugs.map((bug) => bug.name)].toSorted())
})

for (const [name, { seed, rule }] of Object.entries(seeds)) {
  const bug = plantedBugs.find((one) => one.name === name)
  test(`planted: ${name}: ${bug?.words ?? 'a flaw of the harness'}`, async () => {
    const run = bug === undefined ? runChaos : (await plant(bug)).runChaos
    const active = new Set<Flaw>(bug === undefined ? [name as Flaw] : [])
    assert.equal(run(drawPlan(seed), active, { firstOnly: true }).violations[0]?.rule, rule)
  })
}
