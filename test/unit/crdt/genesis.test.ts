import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as Automerge from '@automerge/automerge'

import { genesisActor, genesisOf, registersObject } from '../../../crdt/genesis.ts'
import { type DocKind, hex } from '../../../crdt/ids.ts'

const kinds: readonly DocKind[] = ['fleet', 'job', 'ops', 'node']

for (const kind of kinds) {
  test(`Automerge still makes the written-down genesis of a ${kind} document`, () => {
    const empty = Automerge.init<Record<string, unknown>>({ actor: genesisActor })
    const made = Automerge.change(empty, { time: 0 }, (draft) => {
      draft['kind'] = new Automerge.ImmutableString(kind)
      draft['registers'] = {}
    })
    const bytes = Automerge.getLastLocalChange(made)
    assert.ok(bytes)
    assert.equal(hex(genesisOf[kind].bytes), hex(bytes))
    assert.deepEqual(Automerge.getHeads(made), [genesisOf[kind].hash])
    assert.equal(Automerge.getObjectId(made, 'registers'), registersObject)
  })
}

test('no two kinds share a genesis', () => {
  assert.equal(new Set(kinds.map((kind) => genesisOf[kind].hash)).size, kinds.length)
})
