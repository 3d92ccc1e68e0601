// The gate on documents with a single author, whose changes it makes anew: what an author's Automerge would write byte for byte, but may
// not, is refused all the same.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { admit } from '../../../crdt/gate.ts'
import { type NodeId, nodeDocId } from '../../../crdt/ids.ts'
import { type KeptHandles, createKeptHandles, keepNone } from '../../../crdt/kept-handles.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { freeAfter, openHandle } from '../../../crdt/replica-handle.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { admitted, forge, testAuthor, testAuthority, testPool } from '../../support/envelopes.ts'
import { longWay } from '../../support/long-way.ts'

const crypto = testCrypto()
const board = testSigner(11)
const author = testAuthor(11)
const blank = emptyDoc(crypto, nodeDocId(board.id as unknown as NodeId), testPool)
const first = editDoc(crypto, blank, author, new Map([['name', 'board']]))
const second = editDoc(crypto, first.doc, author, new Map<string, Scalar>([['name', 'plank']]))

const ways: readonly [string, KeptHandles][] = [
  ['made anew', keepNone],
  ['the long way', longWay],
]

/** The second envelope with what this author's Automerge writes when it is given these values, whatever they are. */
function written(writes: readonly (readonly [string, Scalar])[], timeSeconds = 0): Uint8Array {
  const envelope = second.envelopes[0]!
  const change = freeAfter(openHandle(first.doc), (handle) =>
    freeAfter(handle.fork(envelope.actor), (scratch) => {
      for (const [path, value] of writes) scratch.put(path, value)
      return scratch.commit(timeSeconds)
    }),
  )
  assert.ok(change)
  return forge(envelope, board, { changes: [change] })
}

function outcome(doc: Doc, bytes: Uint8Array, kept: KeptHandles): string {
  const result = admit(crypto, doc, bytes, testAuthority, kept)
  return result.ok ? result.value.kind : result.code
}

for (const [way, kept] of ways) {
  test(`${way}: an honest change is taken`, () => {
    assert.equal(outcome(first.doc, written([['name', 'plank']], 5), kept), 'applied')
  })

  test(`${way}: E_KEY for a register that a node document does not have`, () => {
    assert.equal(outcome(first.doc, written([['state/desired', 'run']]), kept), 'E_KEY')
  })

  test(`${way}: E_VALUE for a value that the register cannot hold`, () => {
    assert.equal(outcome(first.doc, written([['name', 7]]), kept), 'E_VALUE')
  })

  test(`${way}: E_KEY for one register written twice in one change`, () => {
    const twice = written([
      ['name', 'plank'],
      ['name', 'beam'],
    ])
    assert.equal(outcome(first.doc, twice, kept), 'E_KEY')
  })

  test(`${way}: E_SIZE for a document that is full`, () => {
    const full = { ...first.doc, envelopes: first.doc.envelopes.map((ref) => ({ ...ref, bytes: 2 ** 30 })) }
    assert.equal(outcome(full, written([['name', 'plank']]), kept), 'E_SIZE')
  })
}

test('a document that is kept open is not opened again for its next change, nor after a refusal', () => {
  const kept = createKeptHandles({ countMax: 2, bytesMax: 10_000 })
  const unreadable = { ...first.doc, saved: new Uint8Array(3) }
  kept.keep(unreadable.saved, openHandle(first.doc))
  assert.equal(outcome(unreadable, written([['name', 7]]), kept), 'E_VALUE')
  const result = admit(crypto, unreadable, second.envelopes[0]!.bytes, testAuthority, kept)
  assert.ok(result.ok, 'taken')
  assert.equal(result.value.doc.digest, admitted(first.doc, second.envelopes[0]!.bytes).digest)
  // The handle has gone on with the document that it became.
  assert.equal(outcome(unreadable, second.envelopes[0]!.bytes, kept), 'E_SHADOW')
  kept.clear()
})

test('what Automerge throws costs the handle, and the document is opened anew', () => {
  const kept = createKeptHandles({ countMax: 2, bytesMax: 10_000 })
  const { bytes } = second.envelopes[0]!
  const panic = (): never => {
    throw new Error('unreachable')
  }
  let freed = 0
  kept.keep(first.doc.saved, { ...openHandle(first.doc), fork: panic, free: () => void freed++ })
  assert.equal(outcome(first.doc, bytes, kept), 'E_SHADOW')
  assert.equal(freed, 1)
  assert.equal(outcome(first.doc, bytes, kept), 'applied')
  kept.clear()
})
