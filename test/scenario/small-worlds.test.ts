// Every connectivity of three boards and every one-way cut of one of them, at every step of a claim's life, then healed. Four and five
// boards are for `npm run sim:worlds`.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectivityGraphs, oneWayCuts, partsOf } from '../../simulator/small/graphs.ts'
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

for (const partition of ['half', 'any'] as const) {
  for (const step of lifeSteps) {
    test(`three boards, every cut, ${step}, partition: ${partition}`, () => {
      const wrong = [...connectivityGraphs(3), ...oneWayCuts(3)].flatMap((cut) =>
        playSmallWorld({ nodes: 3, step, cut, partition }).map((what) => `${cut.name}: ${what}`),
      )
      assert.deepEqual(wrong, [])
    })
  }
}
