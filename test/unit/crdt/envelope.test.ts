import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type Envelope, actorOf, decodeEnvelope } from '../../../crdt/envelope.ts'
import { limits } from '../../../crdt/limits.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { type Forgery, forge, jobDoc, nonceOf, testAuthor, testFleet, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()
const operator = testSigner(2)

function first(envelopes: readonly Envelope[]): Envelope {
  const envelope = envelopes[0]
  assert.ok(envelope)
  return envelope
}

const made = first(editDoc(crypto, emptyDoc(crypto, jobDoc, testPool, 3, 40), testAuthor(2), new Map([['state/desired', 'run']])).envelopes)

test('decoding gives what the author signed', () => {
  const decoded = decodeEnvelope(crypto, made.bytes)
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value, made)
  assert.equal(decoded.value.author, operator.id)
  assert.equal(decoded.value.fleet, testFleet)
  assert.deepEqual([decoded.value.epoch, decoded.value.base, decoded.value.firstSeq, decoded.value.changes.length], [3, 40, 1, 1])
})

test('the decoded envelope does not hang on to the buffer it came in', () => {
  const buffer = made.bytes.slice()
  const decoded = decodeEnvelope(crypto, buffer)
  buffer.fill(0)
  assert.ok(decoded.ok)
  assert.deepEqual(decoded.value, made)
})

test('the actor differs with key, document, pool, epoch, base and nonce', () => {
  const source = { publicKey: operator.signer.publicKey, nonce: nonceOf(1), doc: jobDoc, pool: testPool, epoch: 1, base: 0 }
  const actors = [
    source,
    { ...source, publicKey: testSigner(3).signer.publicKey },
    { ...source, doc: `${jobDoc}2` as typeof jobDoc },
    { ...source, pool: 'site-2' as typeof testPool },
    { ...source, epoch: 2 },
    { ...source, base: 1 },
    { ...source, nonce: nonceOf(2) },
  ].map((one) => actorOf(crypto, one))
  assert.equal(new Set(actors).size, actors.length)
  assert.match(actors[0] ?? '', /^[0-9a-f]{32}$/)
  assert.equal(actorOf(crypto, source), actors[0])
})

const change = made.changes[0] ?? new Uint8Array(0)
const refusals: [string, string, Forgery][] = [
  ['E_FRAME', 'no changes', { changes: [] }],
  ['E_FRAME', 'too many changes', { changes: Array.from({ length: limits.changesPerEnvelopeMax + 1 }, () => change) }],
  ['E_FRAME', 'a sequence number of zero', { firstSeq: 0 }],
  ['E_FRAME', 'an epoch of zero', { epoch: 0 }],
  ['E_FRAME', 'an epoch out of range', { epoch: limits.epochMax + 1 }],
  ['E_FRAME', 'half a fleet id', { fleet: 'fe'.repeat(16) }],
  ['E_SIZE', 'a change that is too long', { changes: [new Uint8Array(limits.changeBytesMax + 1)] }],
  ['E_DOC_ID', 'a kind of document that there is not', { doc: 'jobs/default/web' }],
  ['E_DOC_ID', 'a node document of nobody', { doc: 'node/somebody' }],
  ['E_POOL', 'a pool for the fleet document', { doc: 'fleet' }],
  ['E_POOL', 'every pool for a job', { pool: '*' }],
]

for (const [code, name, forgery] of refusals) {
  test(`${code}: ${name}`, () => {
    const decoded = decodeEnvelope(crypto, forge(made, operator, forgery))
    assert.equal(decoded.ok ? 'ok' : decoded.code, code)
  })
}

test('too long, too short, foreign and trailing bytes are refused', () => {
  const code = (bytes: Uint8Array): string => {
    const decoded = decodeEnvelope(crypto, bytes)
    return decoded.ok ? 'ok' : decoded.code
  }
  assert.equal(code(new Uint8Array(limits.envelopeBytesMax + 1)), 'E_SIZE')
  for (let length = 0; length < made.bytes.length; length += 7) assert.equal(code(made.bytes.subarray(0, length)), 'E_FRAME')
  assert.equal(code(new Uint8Array([...made.bytes, 0])), 'E_FRAME')
  assert.equal(code(new Uint8Array([0, ...made.bytes.subarray(1)])), 'E_FRAME')
})
