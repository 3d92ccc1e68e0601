// Laws of who may write: the same in every order of arrival, and nothing that a revoked key wrote without the revocation's author
// knowing it has an effect.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import type { AuthorId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { type HistoryEntry, historyOf } from '../../../crdt/replica.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { fleetStatementsOf, toldBy } from '../../../crdt/rights/fleet-statements.ts'
import { byHash, pastOf } from '../../../crdt/rights/past.ts'
import { readWithout } from '../../../crdt/rights/without.ts'
import { testSigner } from '../../support/crypto.ts'
import { type Founded, type Move, foundFleet, grant, play, revoke, shuffled, takeAll } from '../../support/fleet-history.ts'

const replicas = 3
const keys = 5

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('grant' as const),
      at: fc.nat(replicas - 1),
      by: fc.integer({ min: 1, max: keys }),
      to: fc.integer({ min: 1, max: keys }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('revoke' as const),
      at: fc.nat(replicas - 1),
      by: fc.integer({ min: 1, max: keys }),
      to: fc.integer({ min: 1, max: keys }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('merge' as const), at: fc.nat(replicas - 1), by: fc.nat(replicas - 1), to: fc.constant(1) }),
  },
)

type Step = { readonly kind: 'grant' | 'revoke' | 'merge'; readonly at: number; readonly by: number; readonly to: number }

/** Key 1 makes three others admins, and every replica knows it. */
const beginning: readonly Step[] = [
  ...[2, 3, 4].map((to) => ({ kind: 'grant', at: 0, by: 1, to }) as const),
  ...[1, 2].map((at) => ({ kind: 'merge', at, by: 0, to: 1 }) as const),
]

/** With a name, so that it is a change also where the key is an admin already. */
const granted = (to: number, index: number): Map<string, Scalar> =>
  grant(to, 'admin').set(fleetPaths.operatorName(testSigner(to).operator), `name-${index}`)

function moveOf({ kind, at, by, to }: Step): Move {
  if (kind === 'merge') return { kind, at, from: by }
  return { kind: 'write', at, by, changes: (_, index) => (kind === 'grant' ? granted(to, index) : revoke(to)) }
}

/** Every envelope that was signed, also by keys without a right. */
function played(founded: Founded, steps: readonly Step[]): readonly Uint8Array[] {
  return play(founded, replicas, [...beginning, ...steps].map(moveOf))
}

const history = fc.array(step, { minLength: 6, maxLength: 20 })

test('rights are the same in every order of arrival', () => {
  let conflicts = 0
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat()), (steps, numbers) => {
      const founded = foundFleet()
      const sent = played(founded, steps)
      const one = takeAll(founded, sent)
      const other = takeAll(founded, shuffled(sent, numbers))
      assert.equal(one.digest, other.digest)
      const [a, b] = [fleetRights(one), fleetRights(other)]
      if (a.voided.size > 0) conflicts++
      assert.deepEqual([...a.now].sort(), [...b.now].sort())
      assert.deepEqual([...a.revoked].sort(), [...b.revoked].sort())
      assert.deepEqual(a.voided, b.voided)
      assert.deepEqual(new Map([...a.doc.registers].sort()), new Map([...b.doc.registers].sort()))
    }),
    { numRuns: 60 },
  )
  assert.ok(conflicts > 5, 'some of these histories have void changes')
})

test('what stands was made by a standing admin, and unknown to no standing revocation of its author', () => {
  let revocations = 0
  fc.assert(
    fc.property(history, (steps) => {
      const founded = foundFleet()
      const doc = takeAll(founded, played(founded, steps))
      const { voided, now, revoked } = fleetRights(doc)
      const entries = historyOf(doc)
      const known = byHash(entries)
      const standing = entries.filter(({ hash }) => !voided.has(hash))
      const told = new Map(toldBy(entries).map(({ entry, revokes }) => [entry, revokes]))
      const revokesOf = (entry: HistoryEntry): readonly AuthorId[] => told.get(entry)!
      for (const one of standing) {
        for (const other of standing) {
          if (!revokesOf(other).includes(one.author) || one === other) continue
          revocations++
          assert.ok(pastOf(known, [other.hash]).has(one.hash), 'the revocation knew it')
        }
        const past = pastOf(known, [one.hash])
        const isGranted = standing.some(
          (other) => past.has(other.hash) && other !== one && fleetStatementsOf(other).admins.includes(one.author),
        )
        assert.ok(one.deps.length === 0 || isGranted)
      }
      for (const key of revoked) assert.equal(now.has(key), false)
      // Somebody can always go on: nobody is senior to the founder.
      assert.equal(now.get(testSigner(1).id)?.role, 'admin')
    }),
    { numRuns: 60 },
  )
  assert.ok(revocations > 0, 'some of these changes were known to a revocation of their author')
})

test('a document read without nothing is what Automerge reads', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const founded = foundFleet()
      const doc = takeAll(founded, played(founded, steps))
      const { registers, conflicts } = readWithout(historyOf(doc), new Set())
      assert.deepEqual(new Map([...registers].sort()), new Map([...doc.registers].sort()))
      assert.deepEqual(new Map([...conflicts].sort()), new Map([...doc.conflicts].sort()))
    }),
    { numRuns: 40 },
  )
})
