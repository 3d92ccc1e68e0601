import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { compactDoc, needsCompaction } from '../../../crdt/epoch.ts'
import { admit } from '../../../crdt/gate.ts'
import { type DocId, nodeDocId } from '../../../crdt/ids.ts'
import { limits } from '../../../crdt/limits.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { admitted, jobDoc, testAuthor, testAuthority, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()
const nodeDoc = nodeDocId(testSigner(10).node)

interface Written {
  readonly doc: Doc
  readonly sent: readonly Uint8Array[]
}

/** A document with so many changes, one register flipping. */
function flipped(id: DocId, author: number, times: number): Written {
  let doc = emptyDoc(crypto, id, testPool)
  const sent: Uint8Array[] = []
  for (let count = 0; count < times; count++) {
    const edited = editDoc(
      crypto,
      doc,
      testAuthor(author),
      new Map<string, Scalar>([
        ['x/count', count],
        [`x/gone/${count % 7}`, count % 2 ? 1 : null],
      ]),
    )
    doc = edited.doc
    sent.push(...edited.envelopes.map(({ bytes }) => bytes))
  }
  return { doc, sent }
}

function codeOf(doc: Doc | undefined, bytes: Uint8Array | undefined): string {
  assert.ok(bytes)
  const result = admit(crypto, doc, bytes, testAuthority)
  return result.ok ? result.value.kind : result.code
}

test('a node rewrites its document: what is live stays, history and deletions go, and everybody follows', () => {
  const { doc, sent } = flipped(nodeDoc, 10, 40)
  const compacted = compactDoc(crypto, doc, testAuthor(10), doc.registers)
  const live = new Map([...doc.registers].filter(([, value]) => value !== null))
  assert.deepEqual(new Map([...compacted.doc.registers].toSorted()), new Map([...live].toSorted()))
  assert.deepEqual([compacted.doc.epoch, compacted.doc.base, compacted.doc.changeCount], [2, 40, 1])
  assert.ok(compacted.doc.saved.length < doc.saved.length)
  assert.equal(compacted.envelopes.length, 1)
  const bytes = compacted.envelopes[0]?.bytes ?? new Uint8Array(0)
  const behind = admitted(undefined, sent[0] ?? new Uint8Array(0))
  for (const replica of [doc, behind, undefined]) {
    const next = admitted(replica, bytes)
    assert.equal(next.digest, compacted.doc.digest)
    assert.deepEqual(next.registers, compacted.doc.registers)
    assert.deepEqual(next.envelopes, compacted.doc.envelopes)
    assert.equal(codeOf(next, sent[1]), 'E_EPOCH_OLD')
  }
})

test('deleted registers make a node rewrite its document before they fill it, live ones alone do not', () => {
  const registers = (live: number, deleted: number) =>
    new Map<string, Scalar>([
      ...Array.from({ length: live }, (_, n): [string, Scalar] => [`x/live/${n}`, 1]),
      ...Array.from({ length: deleted }, (_, n): [string, Scalar] => [`x/gone/${n}`, null]),
    ])
  const doc = { ...emptyDoc(crypto, nodeDoc, testPool), changeCount: 1 }
  const wants = (live: number, deleted: number) => needsCompaction({ ...doc, registers: registers(live, deleted) })
  assert.equal(wants(limits.nodeDocRegistersFull, limits.rewriteDeletedMin - 1), false)
  assert.equal(wants(limits.nodeDocRegistersAim - limits.rewriteDeletedMin, limits.rewriteDeletedMin), true)
  assert.equal(wants(100, limits.rewriteDeletedMin), false)
  // What may stand without a rewrite, and one claim of the largest group, is never too much for peers.
  assert.ok(limits.nodeDocRegistersFull + limits.rewriteDeletedMin + 209 <= limits.docRegistersMax)
})

test('a new epoch tells which registers changed for readers: those it dropped and those it did not know here', () => {
  const { doc } = flipped(jobDoc, 2, 3)
  const compacted = compactDoc(
    crypto,
    doc,
    testAuthor(3),
    new Map<string, Scalar>([
      ['x/count', 2],
      ['x/new', 1],
    ]),
  )
  const result = admit(crypto, doc, compacted.envelopes[0]?.bytes ?? new Uint8Array(0), testAuthority)
  assert.ok(result.ok)
  assert.deepEqual(
    result.value.changed,
    [...doc.registers.keys(), 'x/new'].filter((path) => path !== 'x/count' && doc.registers.get(path) !== null).toSorted(),
  )
})

test('edits go on in the new epoch with the same nonce, and wait for it where it has not arrived', () => {
  const { doc } = flipped(jobDoc, 2, 3)
  const compacted = compactDoc(crypto, doc, testAuthor(2), doc.registers)
  const edited = editDoc(crypto, compacted.doc, testAuthor(2), new Map([['x/count', 99]]))
  assert.equal(edited.envelopes[0]?.base, 3)
  assert.equal(codeOf(doc, edited.envelopes[0]?.bytes), 'E_MISSING')
  const other = editDoc(crypto, compacted.doc, testAuthor(3), new Map([['x/count', 98]]))
  assert.equal(codeOf(doc, other.envelopes[0]?.bytes), 'E_MISSING')
  const there = admitted(doc, compacted.envelopes[0]?.bytes ?? new Uint8Array(0))
  assert.equal(codeOf(there, edited.envelopes[0]?.bytes), 'applied')
})

test('two operators who compact at once end with one document, whatever arrives first', () => {
  const { doc, sent } = flipped(jobDoc, 2, 3)
  const behind = sent.slice(0, 2).reduce<Doc | undefined>((found, bytes) => admitted(found, bytes), undefined)
  assert.ok(behind)
  const a = compactDoc(crypto, doc, testAuthor(2), doc.registers).envelopes[0]?.bytes ?? new Uint8Array(0)
  const b = compactDoc(crypto, behind, testAuthor(3), behind.registers).envelopes[0]?.bytes ?? new Uint8Array(0)
  const [left, right] = [admitted(admitted(doc, a), b), admitted(admitted(behind, b), a)]
  assert.equal(left.digest, right.digest)
  assert.deepEqual([left.base, right.base], [3, 3])
  assert.deepEqual([...left.registers].toSorted(), [...right.registers].toSorted())
  assert.deepEqual(left.conflicts, right.conflicts)
})

test('a restored disk goes on at a higher epoch, and what others hold gives way', () => {
  const { doc } = flipped(nodeDoc, 10, 5)
  const again = editDoc(crypto, emptyDoc(crypto, nodeDoc, testPool, doc.epoch + 1), testAuthor(10, 2), new Map([['name', 'board']]))
  assert.deepEqual([...admitted(doc, again.envelopes[0]?.bytes ?? new Uint8Array(0)).registers], [['name', 'board']])
})

test('a fresh boot of the same author goes on in the same epoch', () => {
  const { doc } = flipped(nodeDoc, 10, 5)
  const rebooted = editDoc(crypto, doc, testAuthor(10, 2), new Map([['name', 'board']]))
  const next = admitted(doc, rebooted.envelopes[0]?.bytes ?? new Uint8Array(0))
  assert.equal(next.clock.size, 2)
  assert.equal(next.registers.get('x/count'), 4)
})

test('compaction is due by changes or size, and never again at once', () => {
  const { doc } = flipped(nodeDoc, 10, 5)
  assert.equal(needsCompaction(doc), false)
  assert.equal(needsCompaction({ ...doc, changeCount: limits.nodeDocChangesAim }), true)
  const large = { ...doc, saved: new Uint8Array(limits.nodeDocBytesAim) }
  assert.equal(needsCompaction(large), false)
  assert.equal(needsCompaction({ ...large, changeCount: limits.rewriteChangesMin }), true)
  const registers = new Map(Array.from({ length: 4_000 }, (_, n) => [`x/r${n}`, n]))
  assert.equal(needsCompaction({ ...doc, registers, changeCount: limits.nodeDocChangesAim }), false, 'a rewrite of so much waits')
  assert.equal(needsCompaction({ ...doc, registers, changeCount: 4_000 / limits.registersPerRewriteChange }), true)
  const job = { ...doc, kind: 'job' as const }
  assert.equal(needsCompaction({ ...job, changeCount: limits.nodeDocChangesAim }), false)
  assert.equal(needsCompaction({ ...job, changeCount: limits.docChangesAim }), true)
  assert.equal(needsCompaction({ ...job, saved: new Uint8Array(limits.docBytesAim) }), true)
  assert.equal(needsCompaction(compactDoc(crypto, { ...doc, changeCount: 5_000 }, testAuthor(10), doc.registers).doc), false)
})

test('an epoch without content is a bug of the caller', () => {
  assert.throws(() => compactDoc(crypto, emptyDoc(crypto, nodeDoc, testPool), testAuthor(10), new Map([['name', null]])))
})
