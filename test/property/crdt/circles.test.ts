// Circles of things that wait for one another, held against their definition.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { closedCircles } from '../../../crdt/rights/circles.ts'

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((size) => fc.array(fc.array(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size }))

/** Everything that this one waits for, directly or not. */
function closureOf(graph: readonly (readonly number[])[], one: number): ReadonlySet<number> {
  const found = new Set(graph[one])
  for (const other of found) for (const next of graph[other]!) found.add(next)
  return found
}

test('a closed circle is all those that everything they wait for waits for, too; each is asked once', () => {
  let circles = 0
  fc.assert(
    fc.property(graphs, (graph) => {
      const all = graph.map((_, one) => one)
      const asked: number[] = []
      const found = closedCircles(all, (one) => {
        asked.push(one)
        return graph[one]!
      })
      const closures = all.map((one) => closureOf(graph, one))
      assert.deepEqual(
        found,
        all.filter((one) => [...closures[one]!].every((other) => closures[other]!.has(one))),
      )
      assert.deepEqual(
        asked.toSorted((a, b) => a - b),
        all,
      )
      if (found.some((one) => closures[one]!.size > 1) && found.length < all.length) circles++
    }),
    { numRuns: 2_000 },
  )
  assert.ok(circles > 100)
})
