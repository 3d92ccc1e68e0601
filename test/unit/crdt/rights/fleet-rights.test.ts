// Attacks with admins' keys on the fleet document; each says what must not work.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fleetPaths } from '../../../../crdt/documents/fleet.ts'
import { type Doc } from '../../../../crdt/doc.ts'
import { fleetBasis } from '../../../../crdt/rights/basis.ts'
import { fleetRights } from '../../../../crdt/rights/fleet-rights.ts'
import { testCrypto, testSigner } from '../../../support/crypto.ts'
import { type Founded, edited, foundFleet, grant, revoke, take, takeAll } from '../../../support/fleet-history.ts'

const roleOf = (doc: Doc, seed: number): string | undefined => fleetRights(doc).now.get(testSigner(seed).id)?.role

/** The replica after an edit that its own gate takes. */
function done(founded: Founded, doc: Doc, seed: number, changes: Parameters<typeof edited>[3]): { doc: Doc; bytes: Uint8Array } {
  const { bytes } = edited(founded, doc, seed, changes)
  assert.ok(bytes !== null)
  const taken = take(founded, doc, bytes)
  assert.equal(taken.code, 'applied')
  return { doc: taken.doc!, bytes }
}

/** Keys 1 (founder), 2 and 3 are admins, in this order. */
function threeAdmins(): { founded: Founded; doc: Doc; sent: Uint8Array[] } {
  const founded = foundFleet()
  const two = done(founded, founded.doc, 1, grant(2, 'admin'))
  const three = done(founded, two.doc, 1, grant(3, 'admin'))
  return { founded, doc: three.doc, sent: [two.bytes, three.bytes] }
}

test('a key without a role writes nothing, nor one that gives itself a role', () => {
  const { founded, doc } = threeAdmins()
  for (const role of ['admin', 'operator']) {
    const { bytes } = edited(founded, doc, 7, grant(7, role))
    assert.equal(take(founded, doc, bytes!).code, 'E_RIGHT')
  }
  const viewer = done(founded, doc, 1, grant(7, 'viewer'))
  const { bytes } = edited(founded, viewer.doc, 7, grant(7, 'admin'))
  assert.equal(take(founded, viewer.doc, bytes!).code, 'E_RIGHT')
})

test('a revoked admin that knows it is refused, and no grant brings its key back', () => {
  const { founded, doc } = threeAdmins()
  const revoked = done(founded, doc, 1, revoke(3))
  assert.equal(roleOf(revoked.doc, 3), undefined)
  assert.equal(take(founded, revoked.doc, edited(founded, revoked.doc, 3, grant(7, 'admin')).bytes!).code, 'E_RIGHT')
  const again = done(founded, revoked.doc, 2, new Map([...grant(3, 'operator'), [fleetPaths.revoked(testSigner(3).operator), null]]))
  assert.equal(roleOf(again.doc, 3), undefined)
})

test('what a revoked admin wrote on the other side of a split is void there, too, with all that follows from it', () => {
  const { founded, doc, sent } = threeAdmins()
  const here = done(founded, doc, 1, revoke(3))
  // There: 3 makes 7 an admin, 7 makes 8 one, 7 revokes 2, and 2, who knows nothing, renames the fleet.
  const seven = done(founded, doc, 3, grant(7, 'admin'))
  const eight = done(founded, seven.doc, 7, grant(8, 'admin'))
  const against = done(founded, eight.doc, 7, revoke(2))
  const renamed = done(founded, eight.doc, 2, new Map([[fleetPaths.name, 'ours']]))
  const all = [...sent, here.bytes, seven.bytes, eight.bytes, against.bytes, renamed.bytes]
  for (const order of [all, all.toReversed()]) {
    const merged = takeAll(founded, order)
    assert.deepEqual(
      [1, 2, 3, 7, 8].map((seed) => roleOf(merged, seed)),
      ['admin', 'admin', undefined, undefined, undefined],
    )
    assert.equal(fleetRights(merged).voided.size, 3)
    assert.equal(fleetRights(merged).doc.registers.get('name'), 'ours', 'an honest edit on top of a void one stands')
  }
})

test('a value that a void edit overwrote is back', () => {
  const { founded, doc, sent } = threeAdmins()
  const here = done(founded, doc, 1, revoke(3))
  const there = done(founded, doc, 3, new Map([[fleetPaths.name, 'theirs']]))
  const merged = takeAll(founded, [...sent, there.bytes, here.bytes])
  assert.equal(fleetRights(merged).doc.registers.get('name'), 'bay')
})

test('two that revoke one another: the senior stays; the founder cannot be put out by a stolen key', () => {
  const { founded, doc, sent } = threeAdmins()
  const [two, three] = [done(founded, doc, 2, revoke(3)), done(founded, doc, 3, revoke(2))]
  for (const order of [
    [two, three],
    [three, two],
  ]) {
    const merged = takeAll(founded, [...sent, ...order.map(({ bytes }) => bytes)])
    assert.deepEqual(
      [2, 3].map((seed) => roleOf(merged, seed)),
      ['admin', undefined],
    )
  }
  const [one, back] = [done(founded, doc, 1, revoke(3)), done(founded, doc, 3, new Map([...revoke(1), ...revoke(2)]))]
  const merged = takeAll(founded, [...sent, back.bytes, one.bytes])
  assert.deepEqual(
    [1, 2, 3].map((seed) => roleOf(merged, seed)),
    ['admin', 'admin', undefined],
  )
})

test('a stolen key of a junior revokes its seniors in vain, also once they have heard of it', () => {
  const { founded, doc, sent } = threeAdmins()
  const stolen = done(founded, doc, 3, new Map([...revoke(1), ...revoke(2), ...revoke(3)]))
  assert.deepEqual(
    [1, 2, 3].map((seed) => roleOf(stolen.doc, seed)),
    ['admin', 'admin', 'admin'],
  )
  // It holds the register already: another value is what says it again.
  const register = fleetPaths.revoked(testSigner(3).operator)
  const answer = done(founded, stolen.doc, 2, new Map([[register, 2]]))
  const late = done(founded, stolen.doc, 3, grant(7, 'admin'))
  const all = [...sent, stolen.bytes, answer.bytes, late.bytes]
  for (const order of [all, all.toReversed()]) {
    assert.deepEqual(
      [1, 2, 3, 7].map((seed) => roleOf(takeAll(founded, order), seed)),
      ['admin', 'admin', undefined, undefined],
    )
  }
})

test('what a junior makes of a key does not bring it back from a senior’s revocation', () => {
  const { founded, doc, sent } = threeAdmins()
  const bob = done(founded, doc, 1, grant(7, 'operator'))
  const revoked = done(founded, bob.doc, 2, revoke(7))
  const raised = done(founded, bob.doc, 1, grant(7, 'admin'))
  for (const order of [
    [revoked, raised],
    [raised, revoked],
  ]) {
    const merged = takeAll(founded, [...sent, bob.bytes, ...order.map(({ bytes }) => bytes)])
    assert.equal(roleOf(merged, 7), undefined)
  }
})

test('of two that were made admins on two sides and revoke one another, the same one stays for all', () => {
  const founded = foundFleet()
  const both = done(founded, founded.doc, 1, new Map([...grant(2, 'operator'), ...grant(3, 'operator')]))
  const [two, three] = [done(founded, both.doc, 1, grant(2, 'admin')), done(founded, both.doc, 1, grant(3, 'admin'))]
  const circle = [done(founded, two.doc, 2, revoke(3)), done(founded, three.doc, 3, revoke(2))]
  const all = [both, two, three, ...circle].map(({ bytes }) => bytes)
  const merged = [all, all.toReversed()].map((order) => takeAll(founded, order))
  const roles = merged.map((one) => [2, 3].map((seed) => roleOf(one, seed)))
  assert.deepEqual(roles[0], roles[1])
  assert.equal(roles[0]!.filter((role) => role === undefined).length, 1, 'one of them')
})

test('rights add up and are never taken by another value', () => {
  const { founded, doc } = threeAdmins()
  const { operator, id } = testSigner(7)
  const a = done(
    founded,
    doc,
    1,
    new Map([...grant(7, 'operator'), [fleetPaths.pools(operator, 'shop-*'), true], [fleetPaths.jobs(operator, 'default/web'), true]]),
  )
  const b = done(
    founded,
    a.doc,
    2,
    new Map([...grant(7, 'viewer'), [fleetPaths.pools(operator, 'shop-*'), null], [fleetPaths.jobs(operator, 'team/*'), true]]),
  )
  assert.deepEqual(fleetRights(b.doc).now.get(id), { role: 'operator', pools: ['shop-*'], jobs: ['default/web', 'team/*'] })
})

test('a revoked admin names no epochs, also none that it named before', () => {
  const { founded, doc } = threeAdmins()
  const [theirs, ours] = ['a'.repeat(64), 'b'.repeat(64)]
  const named = done(founded, doc, 3, new Map([[fleetPaths.kept(theirs), 1]]))
  assert.deepEqual(fleetRights(named.doc).kept, new Set([theirs]))
  const after = done(founded, named.doc, 1, new Map([...revoke(3), [fleetPaths.kept(ours), 1]]))
  assert.deepEqual(fleetRights(after.doc).kept, new Set([ours]))
})

test('a recovery key is before the founder: it revokes a stolen one, and nothing revokes it', () => {
  for (const recovery of [5, 6, 7, 8]) {
    const founded = foundFleet(recovery)
    const two = done(founded, founded.doc, 1, grant(2, 'admin'))
    const stolen = done(founded, two.doc, 1, new Map([...revoke(recovery), ...revoke(2), ...grant(9, 'admin')]))
    assert.deepEqual(
      [1, 2, recovery].map((seed) => roleOf(stolen.doc, seed)),
      ['admin', undefined, 'admin'],
    )
    const answer = edited(
      founded,
      fleetBasis(testCrypto(), stolen.doc, testSigner(1).id),
      recovery,
      new Map([...revoke(1), ...grant(3, 'admin')]),
    )
    for (const order of [
      [two.bytes, stolen.bytes, answer.bytes!],
      [answer.bytes!, stolen.bytes, two.bytes],
    ]) {
      const merged = takeAll(founded, order)
      assert.deepEqual(
        [1, 3, 9, recovery].map((seed) => roleOf(merged, seed)),
        [undefined, 'admin', undefined, 'admin'],
      )
    }
  }
})

test('a pattern without a role is no right', () => {
  const { founded, doc } = threeAdmins()
  const { operator, id } = testSigner(7)
  const pattern = done(founded, doc, 1, new Map([[fleetPaths.jobs(operator, '*/*'), true]]))
  assert.equal(fleetRights(pattern.doc).ever.has(id), false)
  assert.deepEqual(fleetRights(done(founded, pattern.doc, 1, grant(7, 'operator')).doc).now.get(id), {
    role: 'operator',
    pools: [],
    jobs: ['*/*'],
  })
})

test('a change that builds on nothing, or on what is not here', () => {
  const { founded, doc } = threeAdmins()
  const stranger = foundFleet()
  assert.equal(take(founded, doc, stranger.bytes).code, 'known', 'the same founding change')
  const late = done(founded, doc, 2, grant(7, 'viewer'))
  assert.equal(take(founded, founded.doc, late.bytes).code === 'applied', false)
  assert.equal(take(founded, undefined, late.bytes).code, 'E_RIGHT')
})
