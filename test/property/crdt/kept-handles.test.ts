// What is kept open decides what an admission costs and never what it gives: with many handles kept, with few, with none, and by the long
// way, honest and hostile envelopes in any order and interleaving give equal documents, codes and changes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { admit } from '../../../crdt/gate.ts'
import { type DocId, type NodeId, nodeDocId } from '../../../crdt/ids.ts'
import { type KeptHandles, createKeptHandles, keepNone } from '../../../crdt/kept-handles.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc, emptyDoc, registersAt } from '../../../crdt/replica.ts'
import { testCrypto } from '../../support/crypto.ts'
import { longWay } from '../../support/long-way.ts'
import {
  type Mutation,
  jobDoc,
  mutations,
  openStrictly,
  randomFrom,
  samples,
  testAuthor,
  testAuthority,
  testPool,
} from '../../support/envelopes.ts'

const crypto = testCrypto()

const ways: Readonly<Record<string, () => KeptHandles>> = {
  none: () => keepNone,
  'the long way': () => longWay,
  one: () => createKeptHandles({ countMax: 1, bytesMax: 10_000 }),
  few: () => createKeptHandles({ countMax: 3, bytesMax: 700 }),
  many: () => createKeptHandles({ countMax: 100, bytesMax: 1_000_000 }),
}

/** All of a document but the bytes that Automerge saved, of which only what they hold counts. */
function contents(doc: Doc): unknown {
  assert.deepEqual(openStrictly(doc.saved).heads, doc.heads)
  assert.deepEqual(new Map([...registersAt(doc, doc.heads)].toSorted()), new Map([...doc.registers].toSorted()))
  return { ...doc, saved: null }
}

type Outcome = Readonly<Record<string, unknown>>

function offer(doc: Doc | undefined, bytes: Uint8Array, kept: KeptHandles): { doc: Doc | undefined; outcome: Outcome } {
  const result = admit(crypto, doc, bytes, testAuthority, kept)
  if (!result.ok) return { doc, outcome: { code: result.code, message: result.message } }
  const { kind, changed } = result.value
  return { doc: result.value.doc, outcome: { kind, changed, doc: contents(result.value.doc) } }
}

/** The outcomes of offering these, in this order, to documents that all begin where they are offered first. */
function play(offers: readonly Mutation[], kept: KeptHandles, isFollowed: (index: number) => boolean): Outcome[] {
  const docs = new Map<Doc | undefined, Doc | undefined>()
  const outcomes = offers.map(({ doc, bytes }, index) => {
    const offered = offer(docs.get(doc) ?? doc, bytes, kept)
    // Now and then the older document is the one that goes on, as when somebody only asks what would be.
    if (doc !== undefined && isFollowed(index)) docs.set(doc, offered.doc)
    return offered.outcome
  })
  kept.clear()
  return outcomes
}

function honest(seed: number): Mutation[] {
  return samples(seed, 3).map(({ doc, envelope }) => ({ how: 'raw', doc, bytes: envelope.bytes }))
}

test('honest and hostile envelopes: the same whatever is kept', () => {
  const codes = new Set<unknown>()
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 40 }), (seed, count) => {
      const random = randomFrom(seed)
      const stream = mutations(seed, samples(seed % 50, 3))
      const good = honest(seed % 50)
      const offers = Array.from({ length: count }, () => (random(2) === 0 ? good[random(good.length)]! : (stream.next().value as Mutation)))
      const follows = offers.map(() => random(3) > 0)
      const expected = play(offers, keepNone, (index) => follows[index]!)
      for (const { code, kind } of expected) codes.add(code ?? kind)
      for (const [name, make] of Object.entries(ways)) {
        assert.deepEqual(
          play(offers, make(), (index) => follows[index]!),
          expected,
          name,
        )
      }
    }),
    // One draw that shows every code below: which ones thirty runs meet is chance otherwise.
    { numRuns: 30, seed: 1 },
  )
  // Or the property says nothing about what it is for.
  for (const code of ['applied', 'known', 'E_PREDECESSOR', 'E_START_OP', 'E_EQUIVOCATION', 'E_VALUE', 'E_OPS'])
    assert.ok(codes.has(code), code)
})

type Edit = readonly [who: number, boot: number, path: string, value: Scalar]

const scalar: fc.Arbitrary<Scalar> = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 12 }), fc.integer(), fc.boolean(), fc.constant(null))
const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.tuple(fc.nat({ max: 2 }), fc.constantFrom(1, 2), fc.constantFrom('x/a', 'x/b', 'x/c', 'x/d'), scalar),
  { minLength: 1, maxLength: 25 },
)

/** Three nodes write their own documents and one job, by turns, and a fourth admits all of it. */
function converse(moves: readonly Edit[], own: KeptHandles, theirs: KeptHandles): unknown[] {
  const docs = new Map<DocId, Doc>()
  const copies = new Map<DocId, Doc>()
  const said: unknown[] = []
  for (const [who, boot, path, value] of moves) {
    for (const id of [nodeDocId(testAuthor(10 + who).id as unknown as NodeId), jobDoc]) {
      const author = testAuthor(id === jobDoc ? 2 + who : 10 + who, boot)
      const edited = editDoc(crypto, docs.get(id) ?? emptyDoc(crypto, id, testPool), author, new Map([[path, value]]), 7, own)
      docs.set(id, edited.doc)
      for (const { bytes } of edited.envelopes) {
        const offered = offer(copies.get(id), bytes, theirs)
        assert.ok(offered.doc)
        copies.set(id, offered.doc)
        said.push(contents(edited.doc), offered.outcome)
      }
    }
  }
  own.clear()
  theirs.clear()
  return said
}

test('writers and readers: the same whatever is kept', () => {
  fc.assert(
    fc.property(edits, (moves) => {
      const expected = converse(moves, keepNone, keepNone)
      for (const [name, make] of Object.entries(ways)) {
        if (name === 'the long way') assert.deepEqual(converse(moves, keepNone, longWay), expected, name)
        else assert.deepEqual(converse(moves, make(), make()), expected, name)
      }
    }),
    { numRuns: 20 },
  )
})
