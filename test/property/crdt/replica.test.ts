// The laws of merging, over random histories of several authors: whatever order the envelopes come in, all replicas end with the
// same document; and what it holds is what a naive model of concurrent registers says (no write is lost in silence).

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { assert as invariant } from '../../../crdt/errors.ts'
import { admit } from '../../../crdt/gate.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { type HistoryEntry, editDoc, emptyDoc, historyOf, registersAt } from '../../../crdt/replica.ts'
import { testCrypto } from '../../support/crypto.ts'
import { jobDoc, openStrictly, randomFrom, testAuthor, testAuthority, testPool } from '../../support/envelopes.ts'

const crypto = testCrypto()
const authors = [1, 2, 3]

type Move = { kind: 'edit'; who: number; boot: number; writes: [string, Scalar][] } | { kind: 'pull'; who: number; from: number }

const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(2 ** 53 - 2, -(2 ** 53 - 2), 2 ** 31),
  fc.boolean(),
  fc.constant(null),
)
// Registers that may hold any scalar.
const path = fc.constantFrom('x/a', 'x/b', 'x/c', 'spec/later/d', 'spec/later/e')
const who = fc.nat({ max: authors.length - 1 })
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('edit' as const),
      who,
      boot: fc.constantFrom(1, 2),
      writes: fc.array(fc.tuple(path, scalar), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pull' as const), who, from: who }) },
)

/** Delivers until nothing more gets in; what waits for others is offered again, as anti-entropy does. */
function deliver(doc: Doc | undefined, envelopes: readonly Uint8Array[]): Doc {
  let found = doc
  let waiting = [...envelopes]
  while (waiting.length > 0) {
    const left: Uint8Array[] = []
    for (const bytes of waiting) {
      const result = admit(crypto, found, bytes, testAuthority)
      if (result.ok) found = result.value.doc
      else if (result.code === 'E_MISSING') left.push(bytes)
      else assert.fail(`an honest envelope was refused: ${result.code} ${result.message}`)
    }
    assert.ok(left.length < waiting.length, 'every honest envelope gets in sooner or later')
    waiting = left
  }
  return found ?? emptyDoc(crypto, jobDoc, testPool)
}

interface World {
  readonly replicas: Doc[]
  readonly bytes: Map<string, Uint8Array>
}

function envelopesOf(world: World, doc: Doc): Uint8Array[] {
  return doc.envelopes.map(({ hash }) => world.bytes.get(hash) ?? new Uint8Array(0))
}

function play(moves: readonly Move[]): World {
  const world: World = { replicas: authors.map(() => emptyDoc(crypto, jobDoc, testPool)), bytes: new Map() }
  for (const step of moves) {
    const mine = world.replicas[step.who]
    invariant(mine, 'a replica for everyone')
    if (step.kind === 'edit') {
      const edited = editDoc(crypto, mine, testAuthor(authors[step.who] ?? 1, step.boot), new Map(step.writes))
      for (const { hash, bytes } of edited.envelopes) world.bytes.set(hash, bytes)
      world.replicas[step.who] = edited.doc
    } else {
      const theirs = world.replicas[step.from]
      invariant(theirs, 'a replica for everyone')
      world.replicas[step.who] = deliver(mine, envelopesOf(world, theirs))
    }
  }
  return world
}

function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = randomFrom(seed)
  const rest = [...list]
  return list.map(() => rest.splice(random(rest.length), 1)[0] as T)
}

/** Everything that must be equal; maps by their sorted entries, since their order says nothing. */
function meaning(doc: Doc): unknown {
  const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const { heads, digest, base, epoch, changeCount } = doc
  return {
    registers: sorted(doc.registers),
    conflicts: sorted(doc.conflicts),
    clock: sorted(doc.clock),
    heads,
    digest,
    base,
    epoch,
    changeCount,
  }
}

const someMoves = fc.array(move, { minLength: 3, maxLength: 16 })

test('any order of delivery gives the same document (commutative), and delivering again changes nothing (idempotent)', () => {
  fc.assert(
    fc.property(someMoves, fc.nat(), fc.nat(), (moves, seed, other) => {
      const world = play(moves)
      const all = [...world.bytes.values()]
      const first = deliver(undefined, shuffled(all, seed))
      assert.deepEqual(meaning(deliver(undefined, shuffled(all, other))), meaning(first))
      for (const replica of world.replicas) assert.deepEqual(meaning(deliver(replica, shuffled(all, seed))), meaning(first))
      assert.equal(deliver(first, shuffled(all, other)), first)
    }),
    { numRuns: 30 },
  )
})

test('merging in groups gives the same as merging one by one (associative)', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      const world = play(moves)
      const [a, b, c] = world.replicas
      assert.ok(a && b && c)
      const left = deliver(deliver(a, envelopesOf(world, b)), envelopesOf(world, c))
      const bc = deliver(b, envelopesOf(world, c))
      assert.deepEqual(meaning(deliver(a, envelopesOf(world, bc))), meaning(left))
    }),
    { numRuns: 40 },
  )
})

/** Each change's causal past, itself included. */
function pastsOf(history: readonly HistoryEntry[]): Map<string, Set<string>> {
  const pasts = new Map<string, Set<string>>()
  for (const { hash, deps } of history) {
    pasts.set(hash, new Set([hash, ...deps.flatMap((dep) => [...(pasts.get(dep) ?? [])])]))
  }
  return pasts
}

/** Per register, the writes that no later write knew of. */
function standing(history: readonly HistoryEntry[]): Map<string, Set<Scalar>> {
  const pasts = pastsOf(history)
  const found = new Map<string, Set<Scalar>>()
  for (const entry of history) {
    for (const [register, value] of entry.writes) {
      const known = history.some(
        (later) => later.hash !== entry.hash && later.writes.has(register) && pasts.get(later.hash)?.has(entry.hash),
      )
      if (!known) found.set(register, (found.get(register) ?? new Set()).add(value))
    }
  }
  return found
}

test('a register shows every write that none has overwritten: one as winner, the others as conflicts', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      const world = play(moves)
      const doc = deliver(undefined, [...world.bytes.values()])
      const model = standing(historyOf(doc))
      for (const { hash, past } of historyOf(doc)) assert.equal(past, pastsOf(historyOf(doc)).get(hash)?.size)
      assert.deepEqual([...doc.registers.keys()].toSorted(), [...model.keys()].toSorted())
      for (const [register, values] of model) {
        assert.deepEqual(new Set([doc.registers.get(register), ...(doc.conflicts.get(register) ?? [])]), values, register)
      }
      assert.equal(doc.changeCount, historyOf(doc).length)
    }),
    { numRuns: 40 },
  )
})

test('the snapshot kept beside the bytes is what Automerge reads from them', () => {
  fc.assert(
    fc.property(someMoves, (moves) => {
      const world = play(moves)
      for (const doc of [...world.replicas, deliver(undefined, [...world.bytes.values()])]) {
        assert.deepEqual(openStrictly(doc.saved).heads, doc.heads)
        const read = doc.changeCount === 0 ? new Map() : registersAt(doc, doc.heads)
        assert.deepEqual(new Map([...read].toSorted()), new Map([...doc.registers].toSorted()))
      }
    }),
    { numRuns: 40 },
  )
})
