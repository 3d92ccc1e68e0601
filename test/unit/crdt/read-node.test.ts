// A node whose document tells of several machines with its key.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Doc } from '../../../crdt/doc.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type PoolName, nodeDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { readNode } from '../../../crdt/read-node.ts'
import { emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'

const crypto = testCrypto()
const { node } = testSigner(7)
const pool = 'default' as PoolName
const [one, other] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb']

const withRegisters = (doc: Doc, registers: readonly (readonly [string, Scalar])[]): Doc => ({ ...doc, registers: new Map(registers) })
const said = withRegisters(emptyDoc(crypto, nodeDocId(node), pool), [
  [`x/clone/${other}`, 'there'],
  [`x/clone/${one}`, 'here'],
  ['x/clone/odd', 'nowhere'],
  ['x/clone_self', one],
])
const read = (...out: readonly string[]) =>
  readNode(
    crypto,
    node,
    pool,
    said,
    withRegisters(
      emptyDoc(crypto, opsDocId(node), pool),
      out.map((id) => [opsPaths.out(id), true]),
    ),
  ).node

test('two machines that nobody has sent away: both are told in order, and the node is not eligible', () => {
  const { clones, eligible } = read()
  assert.deepEqual(clones, [
    { id: one, where: 'here' },
    { id: other, where: 'there' },
  ])
  assert.equal(eligible, false)
})

test('with one of them sent away it is a node like any other; with both, too: whoever still writes has not heard', () => {
  for (const { clones, eligible } of [read(one), read(other), read(one, other)]) assert.deepEqual([clones, eligible], [undefined, true])
})
