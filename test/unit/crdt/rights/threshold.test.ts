// Admin changes that take several signatures: what counts as one, and what a single stolen key cannot do, whatever it builds on.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../../crdt/doc.ts'
import { fleetPaths } from '../../../../crdt/documents/fleet.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { fleetRights } from '../../../../crdt/rights/fleet-rights.ts'
import { testSigner } from '../../../support/crypto.ts'
import { type Founded, edited, foundFleet, grant, revoke, take, takeAll } from '../../../support/fleet-history.ts'
import { approve, proposals, propose, threshold } from '../../../support/fleet-signing.ts'

type Writes = ReadonlyMap<string, Scalar>

const recoveryKey = 9

/** One replica, and what it has sent; a copy of it is another side of a split. */
class Side {
  readonly founded: Founded
  doc: Doc
  readonly sent: Uint8Array[]

  constructor(founded: Founded, before?: Side) {
    this.founded = founded
    this.doc = before?.doc ?? founded.doc
    this.sent = [...(before?.sent ?? [])]
  }

  fork(): Side {
    return new Side(this.founded, this)
  }

  write(seed: number, writes: Writes): this {
    const { bytes } = edited(this.founded, this.doc, seed, writes)
    assert.ok(bytes !== null, 'it is a change')
    const taken = take(this.founded, this.doc, bytes)
    assert.equal(taken.code, 'applied')
    this.doc = taken.doc!
    this.sent.push(bytes)
    return this
  }

  /** The first proposes, those between approve, the last puts it into effect. */
  together(seeds: readonly number[], writes: Writes, name = `p${this.sent.length}`): this {
    const [first, ...others] = seeds
    if (others.length === 0) return this.write(first!, writes)
    this.write(first!, propose(name, writes))
    const proposal = this.doc.heads[0]!
    for (const [index, seed] of others.slice(0, -1).entries()) this.write(seed, approve(proposal, index + 1))
    return this.write(others.at(-1)!, writes)
  }

  meet(...others: readonly Side[]): Side {
    const merged = this.fork()
    for (const other of others) for (const bytes of other.sent) if (!merged.sent.includes(bytes)) merged.sent.push(bytes)
    merged.doc = takeAll(this.founded, merged.sent)
    const backwards = takeAll(this.founded, merged.sent.toReversed())
    assert.deepEqual(fleetRights(backwards).voided, fleetRights(merged.doc).voided)
    return merged
  }

  role(seed: number): string | undefined {
    return fleetRights(this.doc).now.get(testSigner(seed).id)?.role
  }

  get threshold(): number {
    return fleetRights(this.doc).threshold
  }
}

/** Keys 1 (founder), 2, 3 and 4 are admins in this order; none, or two, or three of them sign. */
function admins(k = 2, setBy: readonly number[] = [1, 2, 3].slice(0, k)): Side {
  const side = new Side(foundFleet(recoveryKey))
  for (const seed of [2, 3, 4]) side.write(1, grant(seed, 'admin'))
  if (k > 1) side.together(setBy, threshold(k))
  return side
}

const closing: Writes = new Map([[fleetPaths.admission, 'certified']])
const rotating: Writes = new Map([[`x/psk/${'ab'.repeat(32)}/opened`, 1]])

test('which changes take several signatures: who is an admin, the threshold, the door and its key; not the work of a day', () => {
  const several: readonly Writes[] = [grant(7, 'admin'), revoke(3), threshold(1), threshold(3), closing, rotating]
  const { operator } = testSigner(7)
  const daily: readonly Writes[] = [
    grant(7, 'operator'),
    new Map([[fleetPaths.name, 'ours']]),
    new Map([[fleetPaths.pools(operator, 'shop-*'), true]]),
    revoke(7),
    new Map([[fleetPaths.bootstrap('/ip4/192.0.2.1/tcp/1'), true]]),
    new Map([[fleetPaths.kept('a'.repeat(64)), 1]]),
  ]
  for (const writes of [...several, ...daily]) {
    const isDaily = daily.includes(writes)
    const alone = admins().write(2, writes)
    assert.equal(fleetRights(alone.doc).voided.size, isDaily ? 0 : 1, [...writes.keys()].join())
    if (writes.get(fleetPaths.threshold) === 3) continue
    assert.equal(fleetRights(admins().together([3, 2], writes).doc).voided.size, 0)
    assert.equal(fleetRights(admins(1).write(2, writes).doc).voided.size, 0, 'one is enough in a fleet without a threshold')
  }
})

test('what is said twice by one key is one signature, in whatever form', () => {
  const twice = admins().together([2, 2], grant(7, 'admin'))
  assert.equal(twice.role(7), undefined)
  const [proposal] = proposals(twice.doc)
  twice.write(2, approve(proposal!)).write(2, propose('again', grant(7, 'admin')))
  const late = twice.write(2, new Map([...grant(7, 'admin'), [fleetPaths.operatorName(testSigner(7).operator), 'x']]))
  assert.equal(late.role(7), undefined, 'and more than was proposed is another change')
})

test('the third of three puts it into effect, not the second; and not something else', () => {
  const side = admins(3).write(2, propose('p', grant(7, 'admin')))
  const [proposal] = proposals(side.doc)
  const early = side.fork().write(3, grant(7, 'admin'))
  assert.equal(early.role(7), undefined)
  side.write(3, approve(proposal!))
  assert.equal(side.fork().write(4, grant(8, 'admin')).role(8), undefined)
  assert.equal(
    side
      .fork()
      .write(4, new Map([...grant(7, 'admin'), ...closing]))
      .role(7),
    undefined,
  )
  assert.equal(side.write(4, grant(7, 'admin')).role(7), 'admin')
  assert.deepEqual(proposals(side.doc), [])
  assert.equal(early.meet(side).role(7), 'admin', 'what came too early is no obstacle')
})

test('an approval without the proposal in its past signs nothing', () => {
  const side = admins(3)
  const proposing = side.fork().write(2, propose('p', grant(7, 'admin')))
  const blind = side.fork().write(3, approve(proposing.doc.heads[0]!))
  assert.equal(proposing.meet(blind).write(4, grant(7, 'admin')).role(7), undefined)
})

test('two sides that each have one approval: nothing has an effect until one who sees both says so', () => {
  const side = admins(3).write(2, propose('p', grant(7, 'admin')))
  const [proposal] = proposals(side.doc)
  const [a, b] = [side.fork().write(3, approve(proposal!)), side.fork().write(4, approve(proposal!, 2))]
  const met = a.meet(b)
  assert.equal(met.role(7), undefined)
  assert.equal(met.write(4, grant(7, 'admin')).role(7), 'admin')
})

test('two sides that approve different things: both are in force, and where they revoke one another the senior signers’ is', () => {
  const side = admins()
  const different = side
    .fork()
    .together([1, 2], grant(7, 'admin'))
    .meet(side.fork().together([3, 4], closing))
  assert.equal(different.role(7), 'admin')
  assert.equal(fleetRights(different.doc).doc.registers.get('admission'), 'certified')
  const against = side
    .fork()
    .together([1, 2], revoke(4))
    .meet(side.fork().together([4, 2], revoke(3)))
  assert.deepEqual(
    [3, 4].map((seed) => against.role(seed)),
    ['admin', undefined],
  )
})

test('a revoked admin’s concurrent approval does not count, nor one from before that is used after', () => {
  const side = admins().write(4, propose('p', grant(7, 'admin')))
  const revoked = side.fork().together([1, 2], revoke(4))
  assert.equal(revoked.fork().write(3, grant(7, 'admin')).role(7), undefined, 'its signature has ended')
  const other = admins()
  const elsewhere = other.fork().together([4, 3], grant(7, 'admin'))
  assert.equal(elsewhere.role(7), 'admin')
  const met = other.fork().together([1, 2], revoke(4)).meet(elsewhere)
  assert.equal(met.role(7), undefined, 'the revocation did not know it')
})

test('a threshold: lowering it takes the old number, raising it the new one, and an old proposal does not lower it again', () => {
  assert.equal(admins(1).write(1, threshold(2)).threshold, 1)
  assert.equal(admins().threshold, 2)
  assert.equal(admins().write(1, threshold(1)).threshold, 2)
  assert.equal(admins().together([2, 3], threshold(3)).threshold, 2)
  assert.equal(admins().together([1, 2, 3], threshold(3)).threshold, 3)
  const side = admins().together([1, 2], threshold(1), 'lower')
  assert.equal(side.threshold, 1)
  side.together([1, 2], threshold(2), 'again')
  assert.equal(side.threshold, 2)
  assert.equal(side.write(2, threshold(1)).threshold, 2)
})

test('thresholds that are set beside one another: the higher, and what was signed by fewer there is void', () => {
  const side = admins(1)
  const [two, three] = [side.fork().together([3, 4], threshold(2)), side.fork().together([1, 2, 3], threshold(3))]
  assert.equal(two.meet(three).threshold, 3)
  const twoByThree = side.fork().together([2, 3, 4], threshold(2))
  assert.equal(twoByThree.meet(three).threshold, 3)
  assert.equal(fleetRights(twoByThree.meet(three).doc).voided.size, 0)
  const granted = side.fork().together([2, 3], grant(7, 'admin'))
  assert.equal(granted.meet(three).role(7), undefined)
})

test('the owner of a stolen key does not write on top of a day without a threshold, be it the founder’s', () => {
  const before = admins(1)
  for (const setBy of [
    [1, 2],
    [2, 1],
  ]) {
    const now = before.fork().together(setBy, threshold(2))
    for (const [seed, writes] of [
      [1, grant(7, 'admin')],
      [1, revoke(2)],
      [1, new Map([...revoke(2), ...revoke(3), ...revoke(4), ...grant(7, 'admin')])],
      [2, revoke(3)],
      [3, closing],
    ] as const) {
      const met = now.meet(before.fork().write(seed, writes))
      assert.deepEqual(
        [1, 2, 3, 4, 7].map((one) => met.role(one)),
        ['admin', 'admin', 'admin', 'admin', undefined],
      )
      assert.equal(met.threshold, 2)
      assert.equal(fleetRights(met.doc).doc.registers.has('admission'), false)
    }
  }
})

test('a revocation of a key that is made an admin beside it takes several, too: nobody writes it for the day before', () => {
  const before = admins().write(1, grant(7, 'operator'))
  const met = before
    .fork()
    .together([1, 2], grant(7, 'admin'))
    .meet(before.fork().write(2, revoke(7)))
  assert.equal(met.role(7), 'admin')
  const alone = before
    .fork()
    .write(2, grant(7, 'admin'))
    .meet(before.fork().write(3, revoke(7)))
  assert.equal(alone.role(7), undefined, 'a grant that does not stand protects nobody')
})

test('a thief that makes keys admins and then a threshold with them does not shut out who was there before', () => {
  const side = admins(1)
  const theirs = side.fork().write(4, grant(7, 'admin')).write(4, grant(8, 'admin')).together([4, 7, 8], threshold(3))
  assert.equal(theirs.threshold, 3)
  const met = theirs.meet(side.fork().write(1, revoke(4)))
  assert.equal(met.threshold, 1)
  assert.deepEqual(
    [4, 7, 8].map((seed) => met.role(seed)),
    [undefined, undefined, undefined],
  )
})

test('a junior does not revoke a senior with any number of others: who was there before it signs last', () => {
  assert.equal(admins().together([4, 3], revoke(2)).role(2), 'admin')
  assert.equal(admins().together([1, 4], revoke(2)).role(2), 'admin', 'whose signature may fall later, and would still lend its rank')
  assert.equal(admins().together([4, 1], revoke(2)).role(2), undefined)
})

test('in a circle what the most senior have signed stands with its signatures: nothing has fewer than it takes', () => {
  const side = admins().together([1, 2], grant(5, 'admin')).together([1, 2], grant(6, 'admin'))
  // The first makes the second void, that the third, and that a signature of the first.
  const met = side
    .fork()
    .together([6, 1], revoke(4))
    .meet(side.fork().together([4, 2], revoke(3)), side.fork().together([5, 3], revoke(6)))
  assert.deepEqual(
    [3, 4, 6].map((seed) => met.role(seed)),
    ['admin', undefined, 'admin'],
  )
})

test('the recovery key signs alone, whatever the threshold', () => {
  const side = admins(3).write(recoveryKey, new Map([...revoke(1), ...threshold(1)]))
  assert.deepEqual([side.role(1), side.threshold], [undefined, 1])
  const other = admins(3)
  const met = other
    .fork()
    .together([1, 2, 3], grant(7, 'admin'))
    .meet(other.fork().write(recoveryKey, revoke(1)))
  assert.deepEqual([met.role(1), met.role(7)], [undefined, undefined], 'one of three had no right any more')
})

test('more than the admins that are left is no lower threshold', () => {
  const side = admins(3).together([1, 2, 3], revoke(4)).together([1, 3, 2], revoke(3))
  assert.equal(side.threshold, 3)
  assert.equal(side.together([1, 2], threshold(1)).threshold, 3)
  assert.equal(side.write(recoveryKey, threshold(2)).together([1, 2], threshold(1)).threshold, 1)
})
