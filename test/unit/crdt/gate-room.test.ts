// Room in a document that many keys write to: one that is stolen fills its own share, and never the door by which its revocation comes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import type { Envelope } from '../../../crdt/envelope.ts'
import { type RoomRights, checkRoom } from '../../../crdt/gate/room.ts'
import { limits } from '../../../crdt/limits.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { testSigner } from '../../support/crypto.ts'
import { edited, foundFleet, grant, revoke, take } from '../../support/fleet-history.ts'

const founded = foundFleet()
const name = (text: string): Map<string, string> => new Map([[fleetPaths.name, text]])

function after(doc: Doc, by: number, changes: Parameters<typeof edited>[3], on = doc): Doc {
  const taken = take(founded, doc, edited(founded, on, by, changes).bytes!)
  assert.equal(taken.code, 'applied')
  return taken.doc!
}

/** Keys 2 (stolen) and 3 are admins. */
const admins = [2, 3].reduce((doc, seed) => after(doc, 1, grant(seed, 'admin')), founded.doc)

test('concurrent changes of one key keep neither its revocation out nor what others write', () => {
  let doc = admins
  for (let index = 0; index < limits.keyHeadsMax; index++) doc = after(doc, 2, name(`mine ${index}`), admins)
  assert.equal(take(founded, doc, edited(founded, admins, 2, name('one more')).bytes!).code, 'E_DEPS')
  const renamed = after(doc, 3, name('ours'), admins)
  const revoked = after(renamed, 3, revoke(2), admins)
  assert.equal(revoked.heads.length, limits.keyHeadsMax + 2)
  assert.equal(fleetRights(after(renamed, 1, revoke(2), admins)).now.has(testSigner(2).id), false)
})

test('keys that a thief made admins fill the heads: a revocation still goes in, and then all others', () => {
  const minted = Array.from({ length: limits.headsMax / limits.keyHeadsMax }, (_, index) => 20 + index)
  const many = after(admins, 2, new Map(minted.flatMap((seed) => [...grant(seed, 'admin')])))
  let full = many
  for (const seed of minted)
    for (let index = 0; index < limits.keyHeadsMax; index++) full = after(full, seed, name(`${seed} ${index}`), many)
  assert.equal(full.heads.length, limits.headsMax)
  assert.equal(take(founded, full, edited(founded, many, 1, name('ours')).bytes!).code, 'E_DEPS')
  const revoked = after(full, 1, revoke(2), admins)
  assert.equal(revoked.heads.length, limits.headsMax + 1, 'made by somebody who had seen nothing of it')
  assert.equal(fleetRights(revoked).now.size, 2, 'what it granted falls with it')
  after(revoked, 1, name('ours'), admins)
  const merged = after(revoked, 3, name('theirs'))
  assert.equal(merged.heads.length, 1, 'the next change joins them all')
})

test('a document full of a thief’s changes, bytes and registers has room for a revocation, and after it for all that have a right', () => {
  const [one, two, three] = [testSigner(1).id, testSigner(2).id, testSigner(3).id]
  const seniority = new Map([one, two, three].map((id, index) => [id, index]))
  const grants = fleetRights(admins).now
  const before: RoomRights = { now: grants, seniority }
  const since: RoomRights = { seniority, now: new Map([...grants].filter(([id]) => id !== two)) }
  const filled = (part: Partial<Doc>): Doc => ({ ...admins, ...part })
  const envelope = (author: string): Envelope => ({ author, bytes: new Uint8Array(100) }) as unknown as Envelope
  const ask = (doc: Doc, author: string, written: ReadonlyMap<string, string | number>, rights: RoomRights): string => {
    const room = checkRoom(doc, envelope(author), { savedBytes: 1_000, heads: [author as typeof one], written, fresh: 1 }, rights)
    return room.ok ? 'ok' : room.code
  }
  const registers = new Map(Array.from({ length: limits.docRegistersMax }, (_, index) => [`x/${index}`, 1]))
  const [first] = admins.envelopes
  const clock = new Map([...admins.clock, ['ff'.repeat(16) as never, { seq: limits.docChangesMax - 3, author: two }]])
  const full = [
    filled({ registers: new Map([...registers, ...admins.registers]), clock }),
    filled({ clock, changeCount: limits.docChangesMax }),
    filled({
      clock,
      envelopes: [
        ...admins.envelopes,
        { ...first!, author: two, bytes: limits.docEnvelopesBytesMax - 2_000 },
        { ...first!, author: two, bytes: 2_000 },
      ],
    }),
  ]
  for (const doc of full) {
    assert.equal(ask(doc, three, name('ours').set('x/new', 'y'), before), 'E_SIZE')
    assert.equal(ask(doc, three, revoke(2) as Map<string, number>, before), 'ok')
    assert.equal(ask(doc, three, name('ours').set('x/new', 'y'), since), 'ok')
    assert.equal(ask(doc, two, name('mine').set('x/new', 'y'), since), 'E_SIZE')
  }
})

test('one key has half of a document', () => {
  const { id } = testSigner(3)
  const rights = fleetRights(admins)
  const envelope = { author: id, bytes: new Uint8Array(100) } as unknown as Envelope
  for (const [seq, code] of [
    [limits.docChangesMax / 2 - 1, 'ok'],
    [limits.docChangesMax / 2, 'E_SIZE'],
  ] as const) {
    const doc = { ...admins, clock: new Map([...admins.clock, ['ff'.repeat(16) as never, { seq, author: id }]]) }
    const room = checkRoom(doc, envelope, { savedBytes: 1_000, heads: [id], written: name('ours'), fresh: 1 }, rights)
    assert.equal(room.ok ? 'ok' : room.code, code)
  }
})
