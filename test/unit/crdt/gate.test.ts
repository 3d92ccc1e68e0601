import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { changeHash } from '../../../crdt/change-head.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { type Envelope, everyPool } from '../../../crdt/envelope.ts'
import { type Authority, admit } from '../../../crdt/gate.ts'
import { gateCodes } from '../../../crdt/gate/codes.ts'
import { fleetGenesisRegisters } from '../../../crdt/documents/fleet.ts'
import { type FleetId, fleetDocId, nodeDocId, opsDocId } from '../../../crdt/ids.ts'
import { limits } from '../../../crdt/limits.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import {
  type Forgery,
  type LooseChange,
  admitted,
  forge,
  jobDoc,
  looseDecode,
  looseEncode,
  repairChecksum,
  testAuthor,
  testAuthority,
  testPool,
  withColumn,
} from '../../support/envelopes.ts'

const crypto = testCrypto()
const operator = testSigner(2)
const empty = emptyDoc(crypto, jobDoc, testPool)
const seen = new Set<string>()

function edit(
  doc: Doc,
  writes: Record<string, Scalar>,
  author = testAuthor(2),
): { doc: Doc; envelope: Envelope; envelopes: readonly Envelope[] } {
  const edited = editDoc(crypto, doc, author, new Map(Object.entries(writes)))
  const envelope = edited.envelopes[0]
  assert.ok(envelope)
  return { ...edited, envelope }
}

function codeOf(doc: Doc | undefined, bytes: Uint8Array, authority: Authority = testAuthority): string {
  const result = admit(crypto, doc, bytes, authority)
  if (!result.ok) seen.add(result.code)
  return result.ok ? result.value.kind : result.code
}

function changeOf(envelope: Envelope): Uint8Array {
  const change = envelope.changes[0]
  assert.ok(change)
  return change
}

// A document of two changes, and a valid third that overwrites one register and adds one.
const one = edit(empty, { 'x/a': 'one', 'state/desired': 'run' })
const two = edit(one.doc, { 'x/a': 'two' })
const three = edit(two.doc, { 'x/a': 'three', 'x/b': 3 })

/** The third envelope with its change told differently, signed by its own author. */
function lied(tell: (change: LooseChange) => void): Uint8Array {
  const loose = looseDecode(changeOf(three.envelope))
  tell(loose)
  return forge(three.envelope, operator, { changes: [looseEncode(loose)] })
}

function forged(forgery: Forgery): Uint8Array {
  return forge(three.envelope, operator, forgery)
}

test('an honest envelope is applied, and known the second time', () => {
  const result = admit(crypto, two.doc, three.envelope.bytes, testAuthority)
  assert.ok(result.ok)
  assert.equal(result.value.kind, 'applied')
  assert.deepEqual(result.value.changed, ['x/a', 'x/b'])
  assert.deepEqual({ ...result.value.doc, saved: null }, { ...three.doc, saved: null })
  const again = admit(crypto, result.value.doc, three.envelope.bytes, testAuthority)
  assert.ok(again.ok)
  assert.equal(again.value.kind, 'known')
  assert.equal(again.value.doc, result.value.doc)
})

const op = (change: LooseChange, index = 0): LooseChange['ops'][number] => {
  const found = change.ops[index]
  assert.ok(found)
  return found
}

const oddNode = nodeDocId(testSigner(11).node)
const lies: [string, string, () => Uint8Array][] = [
  ['E_SIZE', 'an envelope beyond the limit', () => new Uint8Array(limits.envelopeBytesMax + 1)],
  ['E_SIZE', 'a change beyond the limit', () => forged({ changes: [new Uint8Array(limits.changeBytesMax + 1)] })],
  ['E_FRAME', 'bytes that are no envelope', () => new Uint8Array(200)],
  ['E_FLEET', 'another fleet', () => forged({ fleet: 'ab'.repeat(32) })],
  ['E_FLEET', 'no fleet, though it founds none', () => forged({ fleet: '' })],
  ['E_DOC_ID', 'a document that there cannot be', () => forged({ doc: 'job/web' })],
  ['E_DOC_ID', 'another document than the one it is offered to', () => forged({ doc: 'job/default/other' })],
  ['E_POOL', 'another pool', () => forged({ pool: 'site-2' })],
  ['E_RIGHT', 'a viewer', () => forged({ by: testSigner(9) })],
  ['E_RIGHT', 'a key without a role', () => forged({ by: testSigner(20) })],
  ['E_SIGNATURE', 'signed by somebody else', () => forged({ signedBy: testSigner(3) })],
  [
    'E_SIGNATURE',
    'one bit of the signature',
    () => {
      const bytes = three.envelope.bytes.slice()
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      return bytes
    },
  ],
  [
    'E_CHUNK',
    'a deflated change',
    () => {
      const change = changeOf(three.envelope).slice()
      change[8] = 2
      return forged({ changes: [repairChecksum(change)] })
    },
  ],
  [
    'E_CHUNK',
    'a bundle',
    () => {
      const change = changeOf(three.envelope).slice()
      change[8] = 3
      return forged({ changes: [repairChecksum(change)] })
    },
  ],
  ['E_CHUNK', 'a whole document', () => forged({ changes: [two.doc.saved] })],
  ['E_CHUNK', 'a deflated column', () => forged({ changes: [withColumn(changeOf(three.envelope), 0x5f, new Uint8Array([1]))] })],
  [
    'E_CHECKSUM',
    'one flipped bit',
    () => {
      const change = changeOf(three.envelope).slice()
      change[change.length - 1] = (change.at(-1) ?? 0) ^ 1
      return forged({ changes: [change] })
    },
  ],
  ['E_DECODE', 'a change cut short', () => forged({ changes: [repairChecksum(changeOf(three.envelope).slice(0, -3))] })],
  ['E_DECODE', 'a message', () => lied((change) => (change.message = 'hello'))],
  ['E_DECODE', 'a time before time', () => lied((change) => (change.time = -1))],
  ['E_ACTOR', 'an actor that is not its own', () => lied((change) => (change.actor = '12'.repeat(16)))],
  ['E_ACTOR', "another author's change under one's own name", () => forged({ by: testSigner(3) })],
  ['E_ACTOR', 'another epoch and base', () => forged({ epoch: 2, base: 1 })],
  ['E_SEQ', 'a change out of its place', () => lied((change) => (change.seq = 4))],
  ['E_SEQ', 'the same change twice', () => forged({ changes: [changeOf(three.envelope), changeOf(three.envelope)] })],
  ['E_MISSING', 'a gap', () => edit(three.doc, { 'x/c': 1 }).envelope.bytes],
  ['E_MISSING', 'a dependency that is not here', () => lied((change) => (change.deps = ['ab'.repeat(32)]))],
  ['E_DEPS', 'no dependency', () => lied((change) => (change.deps = []))],
  [
    'E_DEPS',
    'too many dependencies',
    () =>
      lied(
        (change) => (change.deps = Array.from({ length: limits.changeDepsMax + 1 }, (_, index) => index.toString(16).padStart(64, '0'))),
      ),
  ],
  [
    'E_DEPS',
    "not its author's own previous change",
    () =>
      lied((change) => {
        change.deps = [changeHash(crypto, changeOf(one.envelope))]
        change.startOp = 5
      }),
  ],
  ['E_START_OP', 'too high', () => lied((change) => (change.startOp = 2 ** 31))],
  ['E_START_OP', 'too low', () => lied((change) => change.startOp--)],
  ['E_OPS', 'no operation', () => lied((change) => (change.ops = []))],
  ['E_OPS', 'a deletion', () => lied((change) => Object.assign(op(change), { action: 'del', value: undefined }))],
  ['E_OPS', 'a counter', () => lied((change) => Object.assign(op(change), { action: 'inc', value: 1 }))],
  ['E_OPS', 'a map', () => lied((change) => Object.assign(op(change, 1), { action: 'makeMap', value: undefined }))],
  ['E_OPS', 'a write outside of the registers', () => lied((change) => (op(change, 1).obj = '_root'))],
  [
    'E_OPS',
    'a run of 300,000 operations',
    () => forged({ changes: [withColumn(changeOf(three.envelope), 0x42, new Uint8Array([0xe0, 0xa7, 0x12, 0x01]))] }),
  ],
  [
    'E_OPS',
    'a run of a million predecessors',
    () => forged({ changes: [withColumn(changeOf(three.envelope), 0x70, new Uint8Array([0x02, 0xc0, 0x84, 0x3d]))] }),
  ],
  ['E_KEY', 'a register that a job does not have', () => lied((change) => (op(change, 1).key = 'kind'))],
  ['E_KEY', 'a prototype', () => lied((change) => (op(change, 1).key = '__proto__'))],
  ['E_KEY', 'a path that is too long', () => lied((change) => (op(change, 1).key = `x/${'y'.repeat(limits.pathBytesMax)}`))],
  ['E_KEY', 'one register twice', () => lied((change) => change.ops.push({ ...op(change, 1) }))],
  [
    'E_VALUE',
    'a number where words belong',
    () => lied((change) => Object.assign(op(change, 1), { key: 'state/by', value: 5, datatype: 'int' })),
  ],
  ['E_VALUE', 'a float', () => lied((change) => Object.assign(op(change, 1), { value: 1.5, datatype: 'float64' }))],
  ['E_VALUE', 'an unsigned integer', () => lied((change) => Object.assign(op(change, 1), { datatype: 'uint' }))],
  [
    'E_VALUE',
    'a text that is too long',
    () => lied((change) => Object.assign(op(change), { value: 'y'.repeat(limits.stringBytesMax + 1) })),
  ],
  ['E_PREDECESSOR', 'overwrites nothing where there is something', () => lied((change) => (op(change).pred = []))],
  [
    'E_PREDECESSOR',
    'overwrites something where there is nothing',
    () => lied((change) => (op(change, 1).pred = [...(op(change).pred ?? [])])),
  ],
  [
    'E_PREDECESSOR',
    'overwrites what was overwritten before',
    () => lied((change) => (op(change).pred = [`3@${one.envelope.actor}`, `4@${one.envelope.actor}`])),
  ],
  [
    'E_CANONICAL',
    'a run written out',
    () => forged({ changes: [withColumn(changeOf(three.envelope), 0x42, new Uint8Array([0x7e, 0x01, 0x01]))] }),
  ],
]

for (const [code, name, make] of lies) {
  test(`${code}: ${name}`, () => {
    const before = structuredClone(two.doc)
    assert.equal(codeOf(two.doc, make()), code)
    assert.deepEqual(two.doc, before)
  })
}

test('E_RIGHT: a node writes its own document and no other; operators write no node document', () => {
  const own = emptyDoc(crypto, oddNode, testPool)
  const { envelope } = edit(own, { name: 'board' }, testAuthor(11))
  assert.equal(codeOf(undefined, envelope.bytes), 'applied')
  for (const by of [12, 1, 2]) assert.equal(codeOf(undefined, forge(envelope, testSigner(11), { by: testSigner(by) })), 'E_RIGHT')
  const ops = edit(emptyDoc(crypto, opsDocId(testSigner(11).node), testPool), { draining: true }, testAuthor(11))
  assert.equal(codeOf(undefined, ops.envelope.bytes), 'E_RIGHT')
})

test('E_RIGHT: only admins write the fleet document, once it is founded', () => {
  const registers = fleetGenesisRegisters({ name: 'demo', admin: testSigner(1).operator, adminName: 'one' })
  const founding = editDoc(crypto, emptyDoc(crypto, fleetDocId, everyPool), testAuthor(1, 1, ''), registers)
  const [first] = founding.envelopes
  assert.ok(first)
  const fleet = first.hash as FleetId
  const authority: Authority = { ...testAuthority, fleet }
  assert.equal(codeOf(undefined, first.bytes, authority), 'applied')
  assert.equal(codeOf(founding.doc, first.bytes, authority), 'known')
  assert.equal(codeOf(undefined, first.bytes), 'E_FLEET')
  assert.equal(codeOf(founding.doc, edit(founding.doc, { name: 'mine' }, testAuthor(5, 2, fleet)).envelope.bytes, authority), 'E_RIGHT')
  assert.equal(codeOf(founding.doc, edit(founding.doc, { name: 'ours' }, testAuthor(1, 2, fleet)).envelope.bytes, authority), 'applied')
})

test('what was admitted stays known when its author loses the right', () => {
  assert.equal(codeOf(three.doc, three.envelope.bytes, { ...testAuthority, rights: undefined }), 'known')
})

test('E_EQUIVOCATION: two different changes under one number', () => {
  const other = edit(two.doc, { 'x/a': 'else' })
  assert.equal(codeOf(three.doc, other.envelope.bytes), 'E_EQUIVOCATION')
  assert.equal(codeOf(other.doc, three.envelope.bytes), 'E_EQUIVOCATION')
})

test('an envelope that overlaps with what is here counts for what is new in it', () => {
  const changes = [one, two, three].map(({ envelope }) => changeOf(envelope))
  const all = forge(one.envelope, operator, { changes })
  const result = admit(crypto, two.doc, all, testAuthority)
  assert.ok(result.ok)
  assert.deepEqual([result.value.kind, result.value.doc.digest, result.value.changed], ['applied', three.doc.digest, ['x/a', 'x/b']])
  assert.equal(codeOf(three.doc, all), 'known')
  assert.equal(admitted(undefined, all).digest, three.doc.digest)
  const other = edit(one.doc, { 'x/a': 'else' })
  assert.equal(codeOf(other.doc, all), 'E_EQUIVOCATION')
})

test('E_SIZE: a document that is full', () => {
  assert.equal(codeOf({ ...two.doc, changeCount: limits.docChangesMax }, three.envelope.bytes), 'E_SIZE')
  const [first] = two.doc.envelopes
  assert.ok(first)
  assert.equal(codeOf({ ...two.doc, envelopes: [{ ...first, bytes: limits.docEnvelopesBytesMax }] }, three.envelope.bytes), 'E_SIZE')
})

test('E_DEPS: more heads of one key than there may be', () => {
  let doc: Doc | undefined
  for (let boot = 1; boot <= limits.keyHeadsMax; boot++)
    doc = admitted(doc, edit(empty, { 'x/a': boot }, testAuthor(2, boot)).envelope.bytes)
  const beyond = edit(empty, { 'x/a': 0 }, testAuthor(2, 1_000)).envelope.bytes
  assert.ok(doc)
  assert.equal(codeOf(doc, beyond), 'E_DEPS')
  // Whoever writes next joins them all, and there is room again.
  const joined = edit(doc, { 'x/a': 'joined' }, testAuthor(3)).doc
  assert.equal(joined.heads.length, 1)
  assert.equal(codeOf(joined, beyond), 'applied')
})

test('E_OPS: an envelope of more operations than one admission may cost', () => {
  const writes = Object.fromEntries(Array.from({ length: limits.envelopeOpsMax + 1 }, (_, index) => [`x/${index}`, null as Scalar]))
  const full = editDoc(crypto, empty, testAuthor(2), new Map(Object.keys(writes).map((path) => [path, 1])))
  assert.equal(full.envelopes.length, 2)
  const changes = full.envelopes.flatMap((envelope) => envelope.changes)
  const [first] = full.envelopes
  assert.ok(first)
  assert.equal(codeOf(undefined, forge(first, operator, { changes })), 'E_OPS')
})

test('E_SHADOW: a document whose saved bytes are damaged takes nothing and breaks nothing', () => {
  const saved = two.doc.saved.slice(0, -4)
  assert.equal(codeOf({ ...two.doc, saved }, three.envelope.bytes), 'E_SHADOW')
})

test('E_RIGHT: an operator’s key puts an epoch no higher than an admin can still go', () => {
  const at = (epoch: number, seed: number): Uint8Array =>
    edit(emptyDoc(crypto, jobDoc, testPool, epoch), { 'x/a': 'high' }, testAuthor(seed)).envelope.bytes
  assert.equal(codeOf(undefined, at(limits.operatorEpochMax, 2)), 'applied')
  assert.equal(codeOf(undefined, at(limits.operatorEpochMax + 1, 2)), 'E_RIGHT')
  assert.equal(codeOf(admitted(undefined, at(limits.operatorEpochMax, 2)), at(limits.operatorEpochMax + 1, 1)), 'applied')
})

test('E_SIZE: a base beyond what all former epochs can have held', () => {
  const at = (epoch: number, base: number): Uint8Array =>
    edit(emptyDoc(crypto, jobDoc, testPool, epoch, base), { 'x/a': 'high' }).envelope.bytes
  assert.equal(codeOf(undefined, at(3, 4 * limits.docChangesMax)), 'applied')
  assert.equal(codeOf(undefined, at(3, 4 * limits.docChangesMax + 1)), 'E_SIZE')
  assert.equal(codeOf(undefined, at(1, 1)), 'E_SIZE')
})

test('E_EPOCH_OLD: a lower epoch', () => {
  assert.equal(codeOf({ ...emptyDoc(crypto, jobDoc, testPool, 2) }, one.envelope.bytes), 'E_EPOCH_OLD')
})

after(() => {
  assert.deepEqual([...seen].toSorted(), [...gateCodes].toSorted(), 'every refusal code has a test')
})
