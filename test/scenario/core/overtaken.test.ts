// Envelopes that come before what they build on: they count as soon as that is there, and nobody need be asked for them again. What
// nothing completes takes no more than its share of the memory.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import { earlyOf, keepEarly } from '../../../node/core/early.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import type { State } from '../../../node/core/state.ts'
import { encodeFrame } from '../../../node/core/wire.ts'
import type { Board } from '../../../simulator/world.ts'
import { bootPool } from '../../support/pool.ts'
import { edit } from '../../support/world.ts'

/** Two boards that are cut off from each other, and the envelopes of so many changes that were made on the first. */
function changesBehindACut(changes: number) {
  const { world, boards } = bootPool(2)
  const [b0, b1] = boards as [Board, Board]
  world.run(10_000)
  // They have not noticed yet, and would ask one another.
  world.split([b0], [b1])
  const doc = opsDocId(b1.spec.id)
  for (let n = 0; n < changes; n++) edit(world, b0, doc, 'default', () => new Map([[opsPaths.weight, n]]))
  const envelopes = b0.core!.state!.docs.get(doc)!.envelopes.map(({ hash }) => b0.disk.get(`env/${hash}`)!)
  assert.equal(envelopes.length, changes)
  const sent: string[] = []
  world.watch = (_board, _event, step) => {
    const effects = step()
    for (const { kind } of effects) if (kind === 'send') sent.push(kind)
    return effects
  }
  /** Each in a frame of its own. */
  const hear = (...indices: readonly number[]): void => indices.forEach((at) => hearAtOnce(at))
  const hearAtOnce = (...indices: readonly number[]): void => {
    const bytes = encodeFrame({ kind: 'envelopes', envelopes: indices.map((at) => envelopes[at]!) })
    world.feed(b1, { kind: 'frame', now: world.queue.now, from: b0.spec.id, via: 'gossip', bytes })
  }
  const heard = (): number | undefined => b1.core!.state!.docs.get(doc)?.envelopes.length
  return { b1, hear, hearAtOnce, heard, sent, early: () => b1.core!.state!.early }
}

for (const order of [
  [1, 0],
  [2, 1, 0],
  [1, 2, 0],
  [2, 0, 1],
  [2, 2, 0, 1],
]) {
  test(`changes that come as ${order.join(', ')} are all taken in`, () => {
    const { hear, heard, early } = changesBehindACut(Math.max(...order) + 1)
    hear(...order)
    assert.equal(heard(), Math.max(...order) + 1)
    assert.deepEqual(early(), [])
  })
}

test('nobody is asked for what one frame brings in the wrong order', () => {
  const { hearAtOnce, heard, sent } = changesBehindACut(3)
  hearAtOnce(2, 0, 1)
  assert.deepEqual([heard(), sent], [3, []])
})

test('what is still missing after a frame is asked for, though it waits no more', () => {
  const { hearAtOnce, sent } = changesBehindACut(8)
  hearAtOnce(2, 3, 4, 5, 6, 7, 0)
  assert.ok(sent.length > 0)
})

test('a frame of many changes looks at what waits for them once', () => {
  const { b1, hear, hearAtOnce, heard } = changesBehindACut(40)
  hear(36, 37, 38, 39)
  const before = b1.core!.state!.refusals['E_MISSING'] ?? 0
  hearAtOnce(...Array.from({ length: 30 }, (_, at) => at))
  assert.deepEqual([heard(), b1.core!.state!.refusals['E_MISSING']! - before], [30, 4])
})

test('of one document only the newest few wait, each once', () => {
  const { hear, early } = changesBehindACut(8)
  hear(1, 2, 3, 4, 5, 5, 6, 7)
  assert.equal(early().length, coreLimits.earlyOfDocMax)
})

test('what waits is bounded in number and in bytes, and the oldest makes way', () => {
  const state = { early: [] } as unknown as State
  const docOf = (n: number) => opsDocId(`node${n}` as never)
  for (let n = 0; n < 100; n++) keepEarly(state, { doc: docOf(n), hash: `${n}`, bytes: new Uint8Array([n]) })
  assert.equal(state.early.length, coreLimits.earlyEnvelopesMax)
  assert.deepEqual([earlyOf(state, docOf(0)).length, earlyOf(state, docOf(99)).length], [0, 1])
  state.early = []
  const third = Math.floor(coreLimits.earlyBytesMax / 3)
  for (let n = 0; n < 4; n++) keepEarly(state, { doc: docOf(n), hash: `${n}`, bytes: new Uint8Array(third) })
  assert.deepEqual(
    state.early.map(({ doc }) => doc),
    [docOf(1), docOf(2), docOf(3)],
  )
  keepEarly(state, { doc: docOf(7), hash: '7', bytes: new Uint8Array(coreLimits.earlyBytesMax + 1) })
  assert.equal(earlyOf(state, docOf(7)).length, 0)
})
