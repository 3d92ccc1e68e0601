// Room in a document that many keys write to: one that is stolen fills its own share, and never the door by which its revocation comes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import type { Envelope } from '../../../crdt/envelope.ts'
import { type RoomRights, checkRoom } from '../../../crdt/gate/room.ts'
import { limits } from '../../../crdt/limits.ts'
import type { Scalar } from '../../../crdt/registers.ts'
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

test('a thousand concurrent changes of one key keep neither its revocation out nor what others write, and no more of it come in', () => {
  let doc = admins
  const left = limits.fleetKeyChangesMax
  // As if most of them had come before: the gate counts what the document says that it holds.
  const actor = 'ff'.repeat(16) as never
  for (let index = 0; index < 40; index++) doc = after(doc, 2, name(`mine ${index}`), admins)
  const full: Doc = { ...doc, clock: new Map([...doc.clock, [actor, { seq: left - 40, author: testSigner(2).id }]]) }
  assert.equal(take(founded, full, edited(founded, admins, 2, name('one more')).bytes!).code, 'E_SIZE')
  const renamed = after(full, 3, name('ours'), admins)
  assert.equal(after(renamed, 3, revoke(2), admins).heads.length, 42)
  assert.equal(fleetRights(after(renamed, 1, revoke(2), admins)).now.has(testSigner(2).id), false)
})

test('a job’s document takes so many concurrent changes of a key, and so many of all', () => {
  const doc: Doc = { ...admins, kind: 'job' }
  const ask = (by: string, heads: readonly string[]): string => {
    const envelope = { author: by, bytes: new Uint8Array(100) } as unknown as Envelope
    const change = { savedBytes: 1_000, heads: heads as never, written: name('x'), fresh: 1 }
    const room = checkRoom(doc, envelope, change, fleetRights(admins))
    return room.ok ? 'ok' : room.code
  }
  const own = testSigner(3).id
  const many = (count: number, author: string): string[] => Array.from({ length: count }, () => author)
  assert.equal(ask(own, many(limits.keyHeadsMax, own)), 'ok')
  assert.equal(ask(own, many(limits.keyHeadsMax + 1, own)), 'E_DEPS')
  assert.equal(ask('somebody', many(limits.headsMax + 1, 'nobody')), 'E_DEPS')
  assert.equal(ask(own, [own, ...many(limits.headsMax, 'nobody')]), 'ok')
  assert.equal(ask(own, [own, ...many(limits.headsMax + limits.headsReserve, 'nobody')]), 'E_DEPS')
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

test('a thief that makes something void itself, to have the room of those with a right, leaves room for its revocation', () => {
  const [two, three] = [testSigner(2).id, testSigner(3).id]
  const rights: RoomRights = { now: fleetRights(admins).now, seniority: new Map([[three, 0] as const, [two, 1] as const]) }
  const [first] = admins.envelopes
  const accomplice = ['ee'.repeat(16) as never, { seq: 1, author: testSigner(9).id }] as const
  const clock = new Map([...admins.clock, accomplice, ['ff'.repeat(16) as never, { seq: 900, author: two }] as const])
  const registers = new Map(Array.from({ length: 2 * limits.docRegistersMax }, (_, index) => [`x/${index}`, 1]))
  const full: [Doc, number][] = [
    [{ ...admins, clock, registers }, 1_000],
    [{ ...admins, clock }, 2 * limits.docBytesMax],
    [{ ...admins, clock, changeCount: 2 * limits.docChangesMax }, 1_000],
    [{ ...admins, clock, envelopes: [{ ...first!, author: testSigner(9).id, bytes: 2 * limits.docEnvelopesBytesMax }] }, 1_000],
  ]
  const ask = (doc: Doc, savedBytes: number, author: typeof two, written: ReadonlyMap<string, Scalar>): string => {
    const envelope = { author, bytes: new Uint8Array(100) } as unknown as Envelope
    const room = checkRoom(doc, envelope, { savedBytes: savedBytes + 100, heads: [author], written, fresh: 1 }, rights)
    return room.ok ? 'ok' : room.code
  }
  for (const [doc, savedBytes] of full) {
    assert.equal(ask(doc, savedBytes, two, name('mine').set('x/new', 'y')), 'E_SIZE')
    assert.equal(ask(doc, savedBytes, three, revoke(2)), 'ok')
  }
})

test('one key has its share of the fleet document, half of another, and beyond it an admin can still revoke', () => {
  const { id } = testSigner(3)
  const rights = fleetRights(admins)
  const envelope = { author: id, bytes: new Uint8Array(100) } as unknown as Envelope
  const ask = (kind: Doc['kind'], seq: number, written: ReadonlyMap<string, Scalar>): string => {
    const doc: Doc = { ...admins, kind, clock: new Map([...admins.clock, ['ff'.repeat(16) as never, { seq, author: id }]]) }
    const room = checkRoom(doc, envelope, { savedBytes: 1_000, heads: [id], written, fresh: 1 }, rights)
    return room.ok ? 'ok' : room.code
  }
  assert.equal(ask('fleet', limits.fleetKeyChangesMax - 1, name('ours')), 'ok')
  assert.equal(ask('fleet', limits.fleetKeyChangesMax, name('ours')), 'E_SIZE')
  assert.equal(ask('fleet', limits.fleetKeyChangesMax, revoke(2)), 'ok')
  assert.equal(ask('job', limits.docChangesMax / 2 - 1, name('ours')), 'ok')
  assert.equal(ask('job', limits.docChangesMax / 2, name('ours')), 'E_SIZE')
})
