// Rotation of the pre-shared key among simulated boards: who is handed a new key and who is not, across cuts, power cuts and lost frames. That
// only boards which share a key can connect is the network's business (test/unit/node/adapters/key-ring.test.ts, test/e2e/rotation.test.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { pskDigest, pskPaths, shortPskDigest } from '../../../crdt/documents/psk.ts'
import { fleetDocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import type { Effect } from '../../../node/core/effect.ts'
import { validPsks } from '../../../node/core/psk.ts'
import { decodeFrame } from '../../../node/core/wire.ts'
import { powerFailsAfter } from '../../../simulator/deaths.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { type CertifiedBoard, boot, certifiedWorld, fleet, state, wish } from '../../support/certified.ts'
import { answer } from '../../support/pool.ts'
import { allAlive, createWorld, crypto, edit } from '../../support/world.ts'

const keyOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const first = keyOf(1)
const digest = (key: Uint8Array): string => pskDigest(crypto, fleet, key)

const opened = (...keys: readonly Uint8Array[]): Map<string, Scalar> =>
  new Map([first, ...keys].map((key, index) => [pskPaths.opened(digest(key)), index + 1]))
const closed = (key: Uint8Array): Map<string, Scalar> => new Map([[pskPaths.closed(digest(key)), 1]])

const all = (world: World): Board[] => [...world.boards.values()]
const ringAt = (board: Board): readonly number[] => validPsks(board.core!.state!).map((key) => key[0]!)
const offer = (world: World, board: Board, key: Uint8Array): void =>
  void answer(world, board, 'done', { method: 'psk.offer', key: toBase64(key) })
const saysAt = (board: Board, about: Board): string | undefined => board.core!.state!.view.nodes.get(about.spec.id)?.psk

function fleetOf(...boards: readonly CertifiedBoard[]): World {
  return certifiedWorld(boards.map((one) => ({ psk: first, ...one })))
}

test('one board is given the key; all members have it within seconds and say so, and a board that waits has not', () => {
  const world = fleetOf({}, {}, {}, { pool: 'shop', says: 'shop', token: null })
  const [b0, b1, b2, stranger] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0, b1, b2])
  world.boot(stranger)
  world.run(20_000)
  state(world, b0, opened(keyOf(2)))
  world.run(5_000)
  assert.deepEqual(all(world).map(ringAt), [[1], [1], [1], [1]])
  offer(world, b1, keyOf(2))
  world.run(5_000)
  // The stranger knows by the fleet document that there is one, and asks in vain.
  assert.deepEqual(all(world).map(ringAt), [[2, 1], [2, 1], [2, 1], [1]])
  for (const board of [b0, b1, b2]) assert.equal(saysAt(b0, board), shortPskDigest(digest(keyOf(2))))
  state(world, b0, closed(first))
  world.run(5_000)
  assert.deepEqual(all(world).map(ringAt), [[2], [2], [2], [1]])
})

test('nobody can be handed a key that no admin has named, and nothing of it is kept', () => {
  const world = fleetOf({}, {})
  const [b0, b1] = all(world) as [Board, Board]
  boot(world, [b0, b1])
  state(world, b0, opened(keyOf(2)))
  const refused = answer(world, b0, 'error', { method: 'psk.offer', key: toBase64(keyOf(3)) })
  assert.equal(refused.code, 'E_PSK')
  assert.equal(answer(world, b0, 'error', { method: 'psk.offer', key: toBase64(new Uint8Array(31)) }).code, 'E_PSK')
  offer(world, b0, keyOf(2))
  world.run(5_000)
  assert.deepEqual(
    [ringAt(b0), ringAt(b1)],
    [
      [2, 1],
      [2, 1],
    ],
  )
})

test('keys are told to operators and members alone; an evicted board gets none', () => {
  const world = fleetOf({}, {}, {})
  const [b0, b1, thief] = all(world) as [Board, Board, Board]
  boot(world, [b0, b1, thief])
  wish(world, b0, thief, new Map([[opsPaths.evicted, true]]))
  world.run(5_000)
  state(world, b0, opened(keyOf(2)))
  offer(world, b0, keyOf(2))
  world.run(60_000)
  assert.deepEqual([b0, b1, thief].map(ringAt), [[2, 1], [2, 1], [1]])
  for (const caller of [null, b1.spec.id, thief.spec.id])
    assert.equal(answer(world, b0, 'error', { method: 'psk.get' }, undefined, caller).code, 'E_FORBIDDEN')
})

test('in an open fleet boards hand on no key: whoever has the old one would get the new one', () => {
  const world = createWorld(2)
  const [b0, b1] = all(world) as [Board, Board]
  for (const board of [b0, b1]) board.spec = { ...board.spec, psk: first }
  world.bootAll()
  world.until('they see each other', () => allAlive([b0, b1]), 20_000)
  const other = b0.core!.state!.boot.config.fleet
  const word = new Map<string, Scalar>([[pskPaths.opened(pskDigest(crypto, other, keyOf(2))), 2]])
  edit(world, b0, fleetDocId, '*', () => word)
  offer(world, b0, keyOf(2))
  world.run(60_000)
  assert.deepEqual([ringAt(b0), ringAt(b1)], [[2, 1], [1]])
})

test('a rotation on one side of a cut reaches the other when the cut ends; so do two at once, and all boards agree which is newer', () => {
  for (const others of [[], [keyOf(3)]]) {
    const world = fleetOf({}, {}, {}, {})
    const boards = all(world)
    boot(world, boards)
    world.split(boards.slice(0, 2), boards.slice(2))
    state(world, boards[0]!, opened(keyOf(2)))
    offer(world, boards[0]!, keyOf(2))
    for (const key of others) {
      state(world, boards[3]!, opened(key))
      offer(world, boards[3]!, key)
    }
    world.run(60_000)
    assert.deepEqual(boards.map(ringAt), [[2, 1], [2, 1], ...boards.slice(2).map(() => [...others.map((key) => key[0]!), 1])])
    world.heal()
    world.until('all see each other', () => allAlive(boards), 60_000)
    world.run(60_000)
    const rings = boards.map(ringAt)
    for (const ring of rings) assert.deepEqual(ring, rings[0])
    assert.deepEqual(rings[0]!.toSorted(), [1, 2, ...others.map((key) => key[0]!)])
  }
})

test('a board that lacks the key when the old one is closed keeps what it has, and takes the new one from whoever hears it', () => {
  const world = fleetOf({}, {}, {})
  const boards = all(world)
  const [b0, , late] = boards as [Board, Board, Board]
  boot(world, boards)
  world.powerCut(late)
  state(world, b0, opened(keyOf(2)))
  offer(world, b0, keyOf(2))
  state(world, b0, closed(first))
  world.run(60_000)
  world.boot(late)
  assert.deepEqual(ringAt(late), [1])
  world.until('it has the new one alone', () => ringAt(late).join() === '2', 60_000)
})

test('the power goes at any moment: a key is on disk before it is used or passed on, and the board comes back with one that is valid', () => {
  for (let effects = 0; effects < 14; effects++) {
    const world = fleetOf({}, {})
    const [b0, b1] = all(world) as [Board, Board]
    boot(world, [b0, b1])
    state(world, b0, opened(keyOf(2)))
    world.run(5_000)
    b1.death = powerFailsAfter(effects)
    offer(world, b0, keyOf(2))
    world.run(5_000)
    if (b1.core !== null) world.powerCut(b1)
    world.boot(b1)
    assert.ok(ringAt(b1).includes(1), `after ${effects} effects`)
    world.until('it has both', () => ringAt(b1).join() === '2,1', 60_000)
    state(world, b0, closed(first))
    world.run(5_000)
    world.powerCut(b1)
    world.boot(b1)
    assert.deepEqual(ringAt(b1), [2], 'the join file’s key is closed, and its disk has the other')
  }
})

test('what is used or sent was persisted before, in that order', () => {
  const world = fleetOf({}, {}, {})
  const boards = all(world)
  boot(world, boards)
  const seen: string[] = []
  world.watch = (board, _event, step) => {
    const effects = step()
    for (const effect of effects) if (tellsOf(effect)) seen.push(`${board.spec.name} ${effect.kind}`)
    return effects
  }
  state(world, boards[0]!, opened(keyOf(2)))
  world.run(5_000)
  offer(world, boards[0]!, keyOf(2))
  world.run(5_000)
  for (const name of ['b0', 'b1', 'b2']) {
    const own = seen.filter((what) => what.startsWith(name)).map((what) => what.slice(3))
    assert.deepEqual(own.slice(0, 2), ['persist', 'use-psk'], name)
    assert.ok(own.slice(2).every((what) => what === 'send'))
  }
})

function tellsOf(effect: Effect): boolean {
  if (effect.kind === 'persist') return effect.writes.some(({ key }) => key.startsWith('meta/psk/')) && effect.sync
  if (effect.kind === 'send') {
    const frame = decodeFrame(effect.frame)
    return frame.ok && frame.value.kind === 'psk'
  }
  return effect.kind === 'use-psk'
}

test('a board whose disk is full uses the key and does not say that it has it, until it is on disk', () => {
  const world = fleetOf({}, {})
  const [b0, full] = all(world) as [Board, Board]
  boot(world, [b0, full])
  world.fillDisk(full)
  state(world, b0, opened(keyOf(2)))
  offer(world, b0, keyOf(2))
  world.run(20_000)
  assert.deepEqual(ringAt(full), [2, 1])
  assert.deepEqual([saysAt(b0, b0), saysAt(b0, full)], [shortPskDigest(digest(keyOf(2))), undefined])
  world.freeDisk(full)
  world.until('it says so', () => saysAt(b0, full) === shortPskDigest(digest(keyOf(2))), 60_000)
  world.powerCut(full)
  world.boot(full)
  assert.deepEqual(ringAt(full), [2, 1])
})

test('frames with the key are lost: it is asked for again', () => {
  const world = fleetOf({}, {})
  const [b0, b1] = all(world) as [Board, Board]
  boot(world, [b0, b1])
  let lost = 0
  world.watch = (_board, _event, step) => step().filter((effect) => effect.kind !== 'send' || !tellsOf(effect) || ++lost > 2)
  state(world, b0, opened(keyOf(2)))
  offer(world, b0, keyOf(2))
  world.until('it came at last', () => ringAt(b1).join() === '2,1', 120_000)
  assert.ok(lost > 2)
})

test('without a rotation no board says or asks anything of keys', () => {
  const world = fleetOf({}, {})
  boot(world, all(world))
  for (const board of all(world)) {
    assert.equal(saysAt(board, board), undefined)
    assert.deepEqual(ringAt(board), [1])
    assert.ok(![...board.disk.scan('meta/psk/')].length)
  }
})
