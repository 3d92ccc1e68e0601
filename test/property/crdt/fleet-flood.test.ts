// An admin's stolen key that signs any number of concurrent changes, and shows two boards others and in other orders: whatever honest
// admins write meanwhile, and by which board the key is revoked, both end with the same fleet document and the same rights.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { limits } from '../../../crdt/limits.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { fleetBasis } from '../../../crdt/rights/basis.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { edited, foundFleet, grant, revoke, take } from '../../support/fleet-history.ts'

const founded = foundFleet()
const [founder, thief, sock, honest] = [1, 2, 3, 4]

const name = (text: string): Map<string, Scalar> => new Map([[fleetPaths.name, text]])

/** Keys 2 (stolen) and 4 are admins. */
const beginning = [2, 4].reduce((doc, seed) => take(founded, doc, edited(founded, doc, 1, grant(seed, 'admin')).bytes!).doc!, founded.doc)
const granted = edited(founded, beginning, thief, grant(sock, 'admin'))

/** What the thief signs beside one another, some of it with the key that it made an admin. */
const flood = Array.from({ length: limits.keyHeadsMax + 16 }, (_, index) => {
  const seed = index % 3 === 0 ? sock : thief
  return edited(founded, seed === sock ? granted.doc : beginning, seed, name(`evil ${index}`)).bytes!
})

/** A board, and all that it was sent. */
class Replica {
  doc: Doc = beginning
  readonly had: Uint8Array[] = []

  take(envelopes: readonly Uint8Array[]): void {
    for (const bytes of envelopes) {
      const taken = take(founded, this.doc, bytes)
      this.doc = taken.doc!
      if (taken.code === 'applied') this.had.push(bytes)
    }
  }

  write(seed: number, changes: ReadonlyMap<string, Scalar>, without?: number): void {
    const basis = fleetBasis(testCrypto(), this.doc, without === undefined ? undefined : testSigner(without).id)
    this.take([edited(founded, basis, seed, changes).bytes!])
  }
}

/** Both send one another what they have until nothing new goes in. */
function meet(a: Replica, b: Replica): void {
  for (let before = ''; before !== `${a.doc.digest} ${b.doc.digest}`;) {
    before = `${a.doc.digest} ${b.doc.digest}`
    a.take(b.had)
    b.take(a.had)
  }
}

const shown = fc.shuffledSubarray(flood, { minLength: limits.keyHeadsMax + 4 })
const run = fc.record({
  shown: fc.tuple(shown, shown),
  late: fc.tuple(shown, shown),
  edits: fc.array(fc.record({ at: fc.nat(1), by: fc.constantFrom(founder, honest) }), { maxLength: 4 }),
  revokedAt: fc.nat(1),
  isVoid: fc.boolean(),
})

test('a stolen admin key with any number of concurrent changes does not bring two boards apart', () => {
  let apart = 0
  fc.assert(
    fc.property(run, ({ shown, late, edits, revokedAt, isVoid }) => {
      const boards = [new Replica(), new Replica()] as const
      for (const [index, board] of boards.entries()) board.take([granted.bytes!, ...shown[index]!])
      if (boards.every(({ doc }) => doc.heads.length > limits.keyHeadsMax) && boards[0].doc.digest !== boards[1].doc.digest) apart++
      for (const [index, { at, by }] of edits.entries())
        boards[at]!.write(by, new Map([[`operator/${testSigner(20 + index).id}/role`, 'viewer']]))
      boards[revokedAt]!.write(founder, revoke(thief), isVoid ? thief : undefined)
      for (const [index, board] of boards.entries()) board.take(late[index]!)
      boards[1 - revokedAt]!.write(honest, grant(30, 'operator'))
      meet(...boards)
      const [a, b] = boards.map(({ doc }) => fleetRights(doc)) as [ReturnType<typeof fleetRights>, ReturnType<typeof fleetRights>]
      assert.equal(boards[0].doc.digest, boards[1].doc.digest)
      assert.deepEqual([...a.now].sort(), [...b.now].sort())
      assert.deepEqual(new Map([...a.doc.registers].sort()), new Map([...b.doc.registers].sort()))
      assert.equal(a.now.has(testSigner(thief).id), false)
      for (const seed of [founder, honest, 30, ...edits.map((_, index) => 20 + index)])
        assert.ok(a.now.has(testSigner(seed).id), `key ${seed}`)
      // Nobody who has not seen it builds on what the thief wrote: its own key falls with it.
      if (isVoid && edits.length === 0) assert.equal(a.now.has(testSigner(sock).id), false)
    }),
    { numRuns: 10 },
  )
  assert.ok(apart > 0, 'some of these boards hold more than one key may have of another document, and different ones')
})

test('nobody builds on what has no effect', () => {
  const board = new Replica()
  board.write(founder, revoke(thief))
  board.take(flood.slice(0, 9))
  const heads = board.doc.heads.length
  assert.equal(heads, 1 + 6, 'the revocation, and of the thief’s own what it showed')
  board.write(honest, grant(30, 'operator'))
  assert.equal(board.doc.heads.length, heads)
  board.write(founder, new Map([...grant(30, 'operator'), ...name('ours')]))
  assert.equal(board.doc.heads.length, heads)
})

test('a change names no more heads than fit, those of the longest-standing admins first', () => {
  const board = new Replica()
  const many = Array.from(
    { length: limits.fleetDepsAim + 1 },
    (_, index) => edited(founded, beginning, thief, name(`evil ${index}`)).bytes!,
  )
  const ours = edited(founded, beginning, founder, grant(9, 'viewer')).bytes!
  board.take([...many, ours])
  assert.equal(board.doc.heads.length, limits.fleetDepsAim + 2)
  board.write(honest, grant(8, 'viewer'))
  assert.equal(board.doc.heads.length, 3, 'two are left for the next')
  const other = new Replica()
  other.take([ours])
  assert.equal(fleetRights(board.doc).now.get(testSigner(9).id)?.role, 'viewer')
  assert.ok(fleetBasis(testCrypto(), board.doc).registers.has(fleetPaths.role(testSigner(9).operator)))
})
