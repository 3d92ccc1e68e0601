// The search can bite: each planted bug, and each flaw of the harness, has a seed in `test/seeds.json` that catches it. Here a few are played;
// `npm run sim:planted:check` plays them all, and `.ci/run` does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { flaws } from '../../simulator/flaws.ts'
import { plantedBugs } from '../planted/bugs.ts'
import { findWords, plant } from '../planted/load.ts'
import { recorded } from '../planted/seeds.ts'

const seeds = recorded()
const played = 3

test('each planted bug has its seed, and no seed is left of one that is gone', () => {
  assert.deepEqual(Object.keys(seeds).toSorted(), [...flaws, ...plantedBugs.map((bug) => bug.name)].toSorted())
})

test('each can still be planted', async () => {
  await Promise.all(plantedBugs.map(findWords))
})

for (const bug of plantedBugs.slice(0, played)) {
  test(`planted: ${bug.name}: ${bug.words}`, async () => {
    const { seed, rule } = seeds[bug.name]!
    const { runChaos } = await plant(bug)
    assert.equal(runChaos(drawPlan(seed), new Set(), { firstOnly: true }).violations[0]?.rule, rule)
  })
}
