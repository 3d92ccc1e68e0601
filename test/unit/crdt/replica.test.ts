import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import type { Envelope } from '../../../crdt/envelope.ts'
import { limits } from '../../../crdt/limits.ts'
import { nodeDocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { decodeDoc, editDoc, emptyDoc, encodeDoc, historyOf, registersAt } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { admitted, jobDoc, openStrictly, testAuthor, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()
const empty = emptyDoc(crypto, jobDoc, testPool)

function edit(doc: Doc, author: number, writes: Record<string, Scalar>, time?: number): { doc: Doc; envelopes: readonly Envelope[] } {
  return editDoc(crypto, doc, testAuthor(author), new Map(Object.entries(writes)), time)
}

/** Two operators write without knowing of one another; both orders of merging. */
function concurrently(a: Record<string, Scalar>, b: Record<string, Scalar>, from: Doc = empty): [Doc, Doc] {
  const left = edit(from, 2, a)
  const right = edit(from, 3, b)
  return [
    right.envelopes.reduce((doc, { bytes }) => admitted(doc, bytes), left.doc),
    left.envelopes.reduce((doc, { bytes }) => admitted(doc, bytes), right.doc),
  ]
}

test('an empty document is the same everywhere but for name, pool and epoch', () => {
  assert.deepEqual(emptyDoc(crypto, jobDoc, testPool), empty)
  assert.equal(empty.digest.length, 16)
  assert.notEqual(emptyDoc(crypto, jobDoc, testPool, 2).digest, empty.digest)
  assert.deepEqual(openStrictly(empty.saved), { heads: [...empty.heads], registers: {} })
})

test('an edit writes every kind of scalar and reads it back', () => {
  const writes = {
    'x/text': 'grün',
    'x/empty': '',
    'x/zero': 0,
    'x/big': 2 ** 53 - 2,
    'x/low': -(2 ** 53 - 2),
    'x/yes': true,
    'x/no': false,
  }
  const { doc, envelopes } = edit(empty, 2, { ...writes, 'x/null': null }, 77)
  assert.deepEqual(Object.fromEntries(doc.registers), writes)
  assert.equal(envelopes.length, 1)
  assert.deepEqual([doc.changeCount, doc.envelopes.length, doc.envelopes[0]?.hash], [1, 1, envelopes[0]?.hash])
  assert.equal(historyOf(doc)[0]?.time, 77)
  assert.deepEqual(registersAt(doc, doc.heads), doc.registers)
})

test('nothing to write: the same document and no envelope', () => {
  const { doc } = edit(empty, 2, { 'x/a': 'one', 'x/b': 2 })
  const again = edit(doc, 2, { 'x/a': 'one', 'x/b': 2, 'x/c': null })
  assert.equal(again.doc, doc)
  assert.deepEqual(again.envelopes, [])
})

test('only what differs is written; a deletion is the value null', () => {
  const { doc } = edit(empty, 2, { 'x/a': 'one', 'x/b': 2 })
  const next = edit(doc, 2, { 'x/a': 'one', 'x/b': null })
  assert.deepEqual([...(historyOf(next.doc)[1]?.writes ?? [])], [['x/b', null]])
  assert.equal(next.doc.registers.get('x/b'), null)
})

test('text that UTF-16 cannot spell is written once, not over and over', () => {
  const { doc } = edit(empty, 2, { 'x/a': 'half \ud800 pair', 'x/zero': -0 })
  assert.equal(doc.registers.get('x/a'), 'half \u{fffd} pair')
  assert.equal(edit(doc, 2, { 'x/a': 'half \ud800 pair', 'x/zero': -0 }).doc, doc)
})

test('a write that every peer would refuse is a bug of the caller', () => {
  assert.throws(() => edit(empty, 2, { nonsense: 1 }), /no register/)
  assert.throws(() => edit(empty, 2, { 'x/float': 1.5 }), /x\/float/)
})

test('the same edit by the same author gives the same bytes', () => {
  const [a, b] = [edit(empty, 2, { 'x/b': 1, 'x/a': 2 }, 5), edit(empty, 2, { 'x/a': 2, 'x/b': 1 }, 5)]
  assert.deepEqual(a, b)
})

test('edits of different fields on both sides are both in force', () => {
  const base = edit(empty, 2, { 'spec/groups/web/count': 1, 'spec/groups/web/tasks/app/config/image': 'a:1' })
  const merged = concurrently({ 'spec/groups/web/count': 5 }, { 'spec/groups/web/tasks/app/config/image': 'a:2' }, base.doc)
  for (const doc of merged) {
    assert.equal(doc.registers.get('spec/groups/web/count'), 5)
    assert.equal(doc.registers.get('spec/groups/web/tasks/app/config/image'), 'a:2')
    assert.equal(doc.conflicts.size, 0)
    assert.equal(doc.heads.length, 2)
  }
  assert.equal(merged[0].digest, merged[1].digest)
})

test('two values for one field: one winner everywhere, the loser visible', () => {
  const [left, right] = concurrently({ 'x/a': 'two', 'x/same': 1 }, { 'x/a': 'three', 'x/same': 1 })
  assert.deepEqual(left.registers, right.registers)
  assert.deepEqual(left.conflicts, right.conflicts)
  assert.deepEqual([...left.conflicts.keys()], ['x/a'])
  assert.deepEqual(new Set([left.registers.get('x/a'), ...(left.conflicts.get('x/a') ?? [])]), new Set(['two', 'three']))
})

test('a conflict is settled by writing the loser, the winner or something else', () => {
  const [doc] = concurrently({ 'x/a': 'two' }, { 'x/a': 'three' })
  const winner = doc.registers.get('x/a') ?? null
  const loser = doc.conflicts.get('x/a')?.[0] ?? null
  for (const value of [winner, loser, 'four', null]) {
    const settled = edit(doc, 4, { 'x/a': value })
    assert.equal(settled.doc.conflicts.size, 0)
    assert.equal(settled.doc.registers.get('x/a'), value)
    assert.equal(settled.envelopes.length, 1)
    const elsewhere = admitted(doc, settled.envelopes[0]?.bytes ?? new Uint8Array(0))
    assert.deepEqual(
      [elsewhere.registers, elsewhere.conflicts, elsewhere.digest],
      [settled.doc.registers, settled.doc.conflicts, settled.doc.digest],
    )
  }
})

test('a deletion against an edit stays visible as a conflict', () => {
  const { doc } = edit(empty, 2, { 'x/a': 'one' })
  const [left, right] = concurrently({ 'x/a': null }, { 'x/a': 'two' }, doc)
  assert.deepEqual(left.registers, right.registers)
  assert.equal(left.conflicts.get('x/a')?.length, 1)
})

test('a large edit is several changes in one envelope, and arrives whole', () => {
  const writes = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`x/part/${index}`, `value ${index}`]))
  const { doc, envelopes } = edit(empty, 2, writes)
  assert.equal(envelopes.length, 1)
  assert.ok((envelopes[0]?.changes.length ?? 0) >= 4)
  for (const change of envelopes[0]?.changes ?? []) assert.ok(change.length <= limits.changeBytesMax)
  const elsewhere = admitted(undefined, envelopes[0]?.bytes ?? new Uint8Array(0))
  assert.deepEqual(elsewhere.registers, doc.registers)
  assert.equal(elsewhere.digest, doc.digest)
})

test('an edit beyond what one envelope holds becomes several, each within every limit', () => {
  const writes = Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [`x/${index}`, `${index} `.padEnd(limits.stringBytesMax / 2, 'é')]),
  )
  const { doc, envelopes } = edit(empty, 2, writes)
  assert.ok(envelopes.length > 1)
  const elsewhere = envelopes.reduce<Doc | undefined>((found, { bytes }) => admitted(found, bytes), undefined)
  assert.deepEqual(elsewhere?.registers, doc.registers)
})

test('sequence numbers go on within a boot and start anew with the next', () => {
  const one = edit(empty, 2, { 'x/a': 1 })
  const two = edit(one.doc, 2, { 'x/a': 2 })
  assert.equal(two.envelopes[0]?.firstSeq, 2)
  const rebooted = editDoc(crypto, two.doc, testAuthor(2, 2), new Map([['x/a', 3]]))
  assert.equal(rebooted.envelopes[0]?.firstSeq, 1)
  assert.equal(rebooted.doc.clock.size, 2)
})

test('a document survives its record', () => {
  const node = nodeDocId(testSigner(10).node)
  const plainDoc = editDoc(
    crypto,
    emptyDoc(crypto, node, testPool, 7, 123),
    testAuthor(10),
    new Map<string, Scalar>([
      ['label/a', 'b'],
      ['left', false],
    ]),
  ).doc
  const [conflicted] = concurrently({ 'x/a': 'two', 'x/b': -5 }, { 'x/a': null, 'x/c': true })
  for (const doc of [empty, plainDoc, conflicted]) assert.deepEqual(decodeDoc(crypto, encodeDoc(doc)), { ok: true, value: doc })
})

test('a damaged record is refused, never thrown over', () => {
  const [doc] = concurrently({ 'x/a': 'two', 'x/b': -5 }, { 'x/a': null, 'x/c': true })
  const record = encodeDoc(doc)
  for (let length = 0; length < record.length; length += 3) {
    const read = decodeDoc(crypto, record.subarray(0, length))
    assert.equal(read.ok ? 'ok' : read.code, 'E_DOC_RECORD')
  }
  for (let at = 0; at < record.length; at++) {
    const damaged = record.slice()
    damaged[at] = (damaged[at] ?? 0) ^ 0x55
    decodeDoc(crypto, damaged)
  }
})

test('history is in causal order, with the size of every past and the registers as they were', () => {
  const one = edit(empty, 2, { 'x/a': 1 }, 10)
  const [merged] = concurrently({ 'x/a': 2 }, { 'x/b': 3 }, one.doc)
  const last = edit(merged, 4, { 'x/c': 4 })
  const history = historyOf(last.doc)
  assert.deepEqual(
    history.map(({ past }) => past),
    [1, 2, 2, 4],
  )
  assert.deepEqual(history.map(({ author }) => author).toSorted(), [2, 2, 3, 4].map((seed) => testSigner(seed).id).toSorted())
  assert.deepEqual(history[0]?.deps, [])
  assert.deepEqual(history[3]?.deps.toSorted(), [history[1]?.hash, history[2]?.hash].toSorted())
  assert.deepEqual([...registersAt(last.doc, [history[0].hash])], [['x/a', 1]])
  assert.deepEqual(registersAt(last.doc, [history[3].hash]), last.doc.registers)
  assert.equal(historyOf(last.doc), history)
})
