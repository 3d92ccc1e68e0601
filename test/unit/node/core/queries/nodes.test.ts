// Rows of nodes for people: what a board's live claims use, and at what price for the one that is asked.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim } from '../../../../../crdt/view.ts'
import { nodeRows } from '../../../../../node/core/queries/nodes.ts'
import type { State } from '../../../../../node/core/state.ts'
import { makeClaim, makeJob, makeNode, makeNodes, makeView, node, slotOf } from '../../../../support/view.ts'

class CountedMap<K, V> extends Map<K, V> {
  walks = 0
  override values(): MapIterator<V> {
    this.walks += 1
    return super.values()
  }
}

test('each row counts what lives on its node, and all rows together walk the claims once', () => {
  const claims = [makeClaim('n00'), makeClaim('n00', { slot: slotOf(1) }), makeClaim('n02', { slot: slotOf(2), state: 'stopped' })]
  const nodes = [...makeNodes(50), makeNode('gone', { liveness: 'disconnected' })]
  const view = makeView({ nodes, jobs: [makeJob()], claims })
  const counted = new CountedMap<string, readonly Claim[]>(view.claims)
  const members = new Map([[node('gone'), { status: 'disconnected', lostAt: 400 }]])
  const rows = nodeRows({ view: { ...view, claims: counted }, liveness: { members }, peers: new Map() } as unknown as State, 1_000)
  assert.deepEqual(
    ['n00', 'n01', 'n02'].map((name) => rows.find((row) => row.id === name)?.allocs),
    [2, 0, 0],
  )
  const { tasks } = makeJob().spec!.groups[0]!
  const wanted = tasks.reduce((sum, task) => sum + task.resources.memoryMib, 0)
  assert.deepEqual(
    rows.slice(0, 3).map((row) => [row.id, row.memoryUsedMib, row.silentMs]),
    [
      ['gone', 0, 600],
      ['n00', 2 * wanted, 0],
      ['n01', 0, 0],
    ],
  )
  assert.equal(counted.walks, 1)
})
