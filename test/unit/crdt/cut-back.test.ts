import assert from 'node:assert/strict'
import { test } from 'node:test'

import { cutBack } from '../../../crdt/cut-back.ts'
import type { Doc } from '../../../crdt/doc.ts'
import type { Envelope } from '../../../crdt/envelope.ts'
import { admit } from '../../../crdt/gate.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto } from '../../support/crypto.ts'
import { jobDoc, testAuthor, testAuthority, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()

/** What a board has that was sent these: those that it cannot take are left out. */
function receive(envelopes: readonly Envelope[]): Doc | undefined {
  let doc: Doc | undefined
  for (const { bytes } of envelopes) {
    const admitted = admit(crypto, doc, bytes, testAuthority)
    if (admitted.ok) doc = admitted.value.doc
  }
  return doc
}

/** Two authors: one line of changes, a second that begins after the first of them, and a change that has seen both. */
function history(): { readonly doc: Doc; readonly envelopes: Envelope[] } {
  const envelopes: Envelope[] = []
  const edit = (doc: Doc, author: number, writes: readonly (readonly [string, Scalar])[]): Doc => {
    const edited = editDoc(crypto, doc, testAuthor(author), new Map(writes))
    envelopes.push(...edited.envelopes)
    return edited.doc
  }
  const first = edit(emptyDoc(crypto, jobDoc, testPool), 1, [
    ['x/a', 1],
    ['x/b', 1],
  ])
  edit(edit(first, 1, [['x/a', 2]]), 1, [['x/b', null]])
  edit(first, 2, [['x/a', 3]])
  const both = receive(envelopes)
  assert.ok(both !== undefined)
  const doc = edit(both, 2, [['x/c', 'all']])
  assert.equal(doc.envelopes.length, 5)
  return { doc, envelopes }
}

test('cut back, a document is what a board has that was never sent what is gone', () => {
  const { doc, envelopes } = history()
  for (let gone = 0; gone < 2 ** envelopes.length; gone++) {
    const isLost = (at: number): boolean => (gone & (1 << at)) !== 0
    const lost = new Set(envelopes.filter((_, at) => isLost(at)).map(({ hash }) => hash))
    const expected = receive(envelopes.filter((_, at) => !isLost(at)))
    const left = cutBack(crypto, doc, ({ hash }) => lost.has(hash))
    assert.deepEqual(left, expected ?? null, `without ${[...lost].join(' ')}`)
  }
})

test('a document that was cut back takes again what it lost', () => {
  const { doc, envelopes } = history()
  for (const { hash } of envelopes.slice(1)) {
    let left = cutBack(crypto, doc, (ref) => ref.hash === hash)
    for (const { bytes } of envelopes) {
      const admitted = admit(crypto, left ?? undefined, bytes, testAuthority)
      assert.ok(admitted.ok)
      left = admitted.value.doc
    }
    assert.deepEqual([left?.digest, left?.registers], [doc.digest, doc.registers])
  }
})
