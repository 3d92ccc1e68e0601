// Every connectivity of three boards and every one-way cut of one of them, at every step of a claim's life, then healed. Four and five
// boards are for `npm run sim:worlds`, which `.ci/run` calls.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allSmallWorlds } from '../../simulator/small/all.ts'
import { connectivityGraphs, partsOf } from '../../simulator/small/graphs.ts'
import { lifeSteps, playSmallWorld } from '../../simulator/small/play.ts'

test('the graphs of a few boards, one of them marked, are counted as in the books', () => {
  // Rooted graphs on 3, 4 and 5 vertices: 6, 20 and 90; the whole one is no cut.
  assert.deepEqual(
    [3, 4, 5].map((nodes) => connectivityGraphs(nodes).length + 1),
    [6, 20, 90],
  )
})

test('parts are what links in both directions hold together', () => {
  const [alone] = connectivityGraphs(3)
  assert.deepEqual(partsOf(3, alone!.arcs), [[0], [1], [2]])
  assert.deepEqual(partsOf(3, [[0, 1]]), [[0, 1, 2]])
})

for (const step of lifeSteps) {
  test(`three boards, every cut, ${step}`, () => {
    const worlds = allSmallWorlds(3).filter((world) => world.step === step)
    const wrong = worlds.flatMap((world) => playSmallWorld(world).map((what) => `${world.cut.name}, partition ${world.partition}: ${what}`))
    assert.deepEqual([worlds.length, wrong], [30, []])
  })
}

test('so many worlds there are', () => {
  assert.deepEqual(
    [3, 4, 5].map((nodes) => allSmallWorlds(nodes).length),
    [180, 420, 1_332],
  )
})
