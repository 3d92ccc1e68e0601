// Thousands of seeded mutations against the gate: it never throws, and whatever it lets pass leaves a document that Automerge
// itself can load, that survives its record, and that can be written to. `bench fuzz` does the same a hundred thousand times.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { decodeEnvelope } from '../../../crdt/envelope.ts'
import { admit } from '../../../crdt/gate.ts'
import { decodeDoc, editDoc, encodeDoc, historyOf, registersAt } from '../../../crdt/replica.ts'
import { testCrypto } from '../../support/crypto.ts'
import { type Mutation, admitted, mutations, openStrictly, samples, testAuthor, testAuthority } from '../../support/envelopes.ts'

const crypto = testCrypto()
const from = samples(1, 12)

function checkDoc(doc: Doc): void {
  assert.deepEqual(openStrictly(doc.saved).heads, doc.heads)
  assert.deepEqual(decodeDoc(crypto, encodeDoc(doc)), { ok: true, value: doc })
  assert.equal(historyOf(doc).length, doc.changeCount)
  assert.deepEqual(new Map([...registersAt(doc, doc.heads)].toSorted()), new Map([...doc.registers].toSorted()))
  const seed = doc.kind === 'node' ? [10, 11, 12].find((one) => doc.id.endsWith(testAuthor(one).id)) : 4
  const edited = editDoc(crypto, doc, testAuthor(seed ?? 4, 50), new Map([['x/after', 'all is well']]))
  assert.equal(admitted(doc, edited.envelopes[0]?.bytes ?? new Uint8Array(0)).digest, edited.doc.digest)
}

test('the samples themselves are all admitted', () => {
  for (const { doc, envelope } of from) checkDoc(admitted(doc, envelope.bytes))
})

test('3,000 mutations: refused with a code, or harmless', () => {
  const outcomes = new Map<string, number>()
  const stream = mutations(2, from)
  for (let count = 0; count < 3_000; count++) {
    const { how, doc, bytes } = stream.next().value as Mutation
    const result = admit(crypto, doc, bytes, testAuthority)
    if (result.ok) checkDoc(result.value.doc)
    const outcome = `${how} ${result.ok ? 'taken' : 'refused'}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  // The stream must reach past the cheap checks, or it shows nothing.
  for (const outcome of ['raw refused', 'damaged refused', 'repaired refused', 'lying refused', 'repaired taken', 'lying taken']) {
    assert.ok((outcomes.get(outcome) ?? 0) >= 10, `${outcome}: ${outcomes.get(outcome)}`)
  }
})

test('random bytes never throw', () => {
  const seed = crypto.sha256(new Uint8Array([7]))
  for (let round = 0; round < 500; round++) {
    seed.set(crypto.sha256(seed))
    assert.equal(decodeEnvelope(crypto, seed.subarray(0, round % 33)).ok, false)
  }
})
