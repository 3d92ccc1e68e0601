// What a node remembers of connections that ended because probes were not answered.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { livenessOf } from '../../../../../node/core/liveness/liveness.ts'
import { createBench, idOf } from './pair.ts'

const [a, b, c] = [idOf(1), idOf(2), idOf(3)]

function three() {
  const bench = createBench([1, 2, 3])
  bench.connect(a, b)
  bench.connect(a, c)
  bench.connect(b, c)
  bench.run(2_000)
  return { bench, x: bench.nodes.get(a)! }
}

test('a connection that is ended in good order is no fall', () => {
  const { bench, x } = three()
  bench.disconnect(a, b)
  bench.run(3_000)
  assert.equal(x.falls.size, 0)
})

test('what fell between the two is over once the peer is back by whatever way, since it was away for everybody', () => {
  const { bench, x } = three()
  bench.disconnect(a, b)
  bench.disconnect(b, c)
  bench.run(3_000)
  assert.equal(livenessOf(x, b), 'disconnected')
  x.falls.set(b, { times: [bench.now], unheard: 0, isOver: false })
  bench.connect(b, c)
  bench.run(10_000)
  assert.equal(livenessOf(x, b), 'alive')
  assert.equal(x.falls.get(b)?.isOver, true)
})

test('a new connection of the two ends it as well, and how often it fell is kept', () => {
  const { bench, x } = three()
  bench.disconnect(a, b)
  x.falls.set(b, { times: [bench.now], unheard: 3, isOver: false })
  bench.connect(a, b)
  assert.deepEqual(x.falls.get(b), { times: [x.falls.get(b)!.times[0]], unheard: 3, isOver: true })
})
