import { test } from 'node:test'
import assert from 'node:assert/strict'
import { relayLimits as limits } from '../../../../../node/core/dialling/limits.ts'
import { type Look, type MemberSeen, RelayPlaces } from '../../../../../node/core/dialling/relay-places.ts'

const middle = (): number => 0.5

function member(peer: string, over: Partial<MemberSeen> = {}): MemberSeen {
  return { peer, isDialled: true, hasDialled: false, isNear: false, offersPlaces: true, isOfPool: true, upMs: 0, ...over }
}

class Bench {
  readonly places = new RelayPlaces('self', middle)
  now = 0
  members: MemberSeen[] = []
  hasAddresses = true

  look(afterMs = 0): string[] {
    this.now += afterMs
    const { now, members, hasAddresses } = this
    return this.places.look({ now, members, hasAddresses } satisfies Look).map(({ kind, peer }) => `${kind} ${peer}`)
  }

  answer(peer: string, answer: Parameters<RelayPlaces['answered']>[1]): void {
    this.places.answered(peer, answer, this.now)
  }

  /** Nobody can dial it, and one relay has a place for it. */
  hide(...relays: MemberSeen[]): string[] {
    this.members = relays
    this.look()
    for (const wish of this.look(limits.settleMs)) this.answer(wish.split(' ')[1]!, 'not reached')
    return this.look()
  }
}

test('a board that nobody has dialled asks, after a while, and takes a place where it was not reached', () => {
  const bench = new Bench()
  assert.deepEqual(bench.look(), [], 'nobody is there')
  bench.members = [member('gate')]
  assert.deepEqual(bench.look(1_000), [])
  assert.deepEqual(bench.look(limits.settleMs - 1), [])
  assert.deepEqual(bench.look(1), ['ask gate'])
  assert.deepEqual(bench.look(2_000), [], 'once')
  assert.equal(bench.places.isHidden, false)
  bench.answer('gate', 'not reached')
  assert.deepEqual(bench.look(), ['take gate'])
  assert.deepEqual(bench.look(2_000), [])
})

test('who has been dialled asks nobody; when that connection has gone, it does', () => {
  const bench = new Bench()
  bench.members = [member('a', { hasDialled: true }), member('b')]
  assert.deepEqual(bench.look(), [])
  assert.deepEqual(bench.look(limits.openAgainMs), [])
  bench.members = [member('b')]
  assert.deepEqual(bench.look(limits.settleMs), ['ask b'])
})

test('one member that gets through is enough; answers that say nothing are asked for again', () => {
  const bench = new Bench()
  bench.members = ['a', 'b', 'c', 'd'].map((peer) => member(peer))
  bench.look()
  const asked = bench.look(limits.settleMs).map((wish) => wish.split(' ')[1]!)
  assert.equal(asked.length, limits.asksMax)
  bench.answer(asked[0]!, 'not reached')
  bench.answer(asked[1]!, 'reached')
  bench.answer(asked[2]!, 'not reached')
  assert.deepEqual(bench.look(limits.hiddenAgainMs), [], 'the next look is as late as for a board that can be dialled')
  const again = bench.look(limits.openAgainMs - limits.hiddenAgainMs)
  assert.equal(again.length, limits.asksMax)
  for (const wish of again) bench.answer(wish.split(' ')[1]!, 'unknown')
  assert.equal(bench.look(limits.unknownAgainMs).length, limits.asksMax)
  assert.equal(bench.places.isHidden, false)
})

test('who does not answer in time does not count', () => {
  const bench = new Bench()
  bench.members = [member('a'), member('b')]
  bench.look()
  bench.look(limits.settleMs)
  bench.answer('a', 'not reached')
  assert.deepEqual(bench.look(limits.roundMs - 1), [])
  assert.equal(bench.look(1).filter((wish) => wish.startsWith('take')).length, 2)
  bench.answer('b', 'reached')
  assert.equal(bench.places.isHidden, true, 'it is too late')
})

test('of members elsewhere it says nothing that those of the own net get through, not for a while after they have gone', () => {
  const bench = new Bench()
  const near = member('near', { isNear: true, hasDialled: true })
  assert.deepEqual(bench.hide(member('far'), near), ['take far'])
  bench.members = [near]
  bench.places.lost('far')
  assert.deepEqual(bench.look(1_000), [])
  assert.equal(bench.places.isHidden, true)
  bench.look(limits.farMs)
  assert.equal(bench.places.isHidden, false, 'there is nobody else any more')
})

test('the own pool first, then who has stood for a while; only who can be dialled and offers it', () => {
  const bench = new Bench()
  const old = limits.standingMs
  const wishes = bench.hide(
    member('other-pool', { isOfPool: false, upMs: old }),
    member('fresh'),
    member('no-relay', { offersPlaces: false, upMs: old }),
    member('standing', { upMs: old }),
  )
  assert.deepEqual(wishes, ['take standing', 'take fresh'])
})

test('equal relays are shared out: not every board takes the same ones', () => {
  const relays = ['r1', 'r2', 'r3', 'r4', 'r5'].map((peer) => member(peer))
  const chosen = new Set<string>()
  for (let i = 0; i < 40; i++) {
    const places = new RelayPlaces(`board-${i}`, middle)
    const wishes = places.look({ now: 0, members: relays, hasAddresses: false })
    assert.deepEqual(
      wishes,
      new RelayPlaces(`board-${i}`, middle).look({ now: 0, members: relays.toReversed(), hasAddresses: false }),
      'by itself each chooses the same',
    )
    for (const { peer } of wishes) chosen.add(peer)
  }
  assert.deepEqual([...chosen].toSorted(), ['r1', 'r2', 'r3', 'r4', 'r5'])
})

test('a place that is gone is taken elsewhere; a relay that refuses is left alone for a while', () => {
  const bench = new Bench()
  bench.hasAddresses = false
  bench.members = [member('a'), member('b'), member('c')]
  const [first, second] = bench.look().map((wish) => wish.split(' ')[1]!)
  const third = ['a', 'b', 'c'].find((peer) => peer !== first && peer !== second)!
  bench.places.lost(first!)
  bench.members = bench.members.filter(({ peer }) => peer !== first)
  assert.deepEqual(bench.look(1_000), [`take ${third}`])
  bench.places.refused(third, bench.now)
  assert.deepEqual(bench.look(limits.refusedMs - 1), [])
  assert.deepEqual(bench.look(1), [`take ${third}`])
})

test('places are given up when the board can be dialled again, and with new addresses that is asked soon', () => {
  const bench = new Bench()
  assert.deepEqual(bench.hide(member('gate')), ['take gate'])
  assert.deepEqual(bench.look(limits.settleMs), [])
  bench.places.addressesChanged(bench.now)
  assert.deepEqual(bench.look(limits.settleMs), ['ask gate'])
  bench.answer('gate', 'not reached')
  assert.deepEqual(bench.look(limits.hiddenAgainMs), ['ask gate'], 'the place is kept')
  bench.answer('gate', 'reached')
  assert.deepEqual(bench.look(), ['leave gate'])
  assert.deepEqual(bench.look(1_000), [])
})

test('the first that gets through decides, whoever has yet to answer', () => {
  const bench = new Bench()
  bench.hide(member('a'), member('b'))
  assert.equal(bench.look(limits.hiddenAgainMs).length, 2)
  bench.answer('a', 'reached')
  assert.deepEqual(bench.look().toSorted(), ['leave a', 'leave b'])
})

test('who has not tried when asked is asked after all others, and more and more seldom', () => {
  const bench = new Bench()
  bench.members = ['a', 'b', 'c', 'd', 'e'].map((peer) => member(peer))
  bench.look()
  const silent = (wishes: string[]): string[] =>
    wishes.map((wish) => {
      const peer = wish.split(' ')[1]!
      bench.answer(peer, 'unknown')
      return peer
    })
  const first = silent(bench.look(limits.settleMs))
  const second = silent(bench.look(limits.unknownAgainMs))
  assert.equal(new Set([...first, ...second]).size, 5, 'all have been asked')
  let waitMs = 2 * limits.unknownAgainMs
  assert.deepEqual(bench.look(waitMs - 1), [])
  const third = silent(bench.look(1))
  assert.deepEqual(
    third.slice(0, 2),
    first.filter((peer) => !second.includes(peer)),
    'who was asked longest ago',
  )
  for (let round = 0; round < 8; round++) {
    waitMs = Math.min(2 * waitMs, limits.hiddenAgainMs)
    assert.deepEqual(bench.look(waitMs - 1), [])
    assert.equal(silent(bench.look(1)).length, limits.asksMax)
  }
  bench.places.addressesChanged(bench.now)
  assert.equal(silent(bench.look(limits.settleMs)).length, limits.asksMax)
  assert.equal(bench.look(limits.unknownAgainMs).length, limits.asksMax, 'with new addresses as soon as at first')
})

test('addresses that change while it is tried are tried anew, and what was found out of the old ones does not count', () => {
  const bench = new Bench()
  bench.members = [member('gate')]
  bench.look()
  assert.deepEqual(bench.look(limits.settleMs), ['ask gate'])
  bench.places.addressesChanged(bench.now)
  bench.answer('gate', 'not reached')
  assert.equal(bench.places.isHidden, false)
  assert.deepEqual(bench.look(limits.settleMs), ['ask gate'])
})
