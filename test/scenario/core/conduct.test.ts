// Boards that misbehave: who is banned by whom, for what and for how long; and who never is. Lies are sent beside what a board's own core
// says, under its own key, on connections that stand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDocId } from '../../../crdt/ids.ts'
import { editDoc } from '../../../crdt/replica.ts'
import { mayConnect } from '../../../node/core/admission.ts'
import { askRates, conductLimits } from '../../../node/core/conduct/limits.ts'
import { isShunned } from '../../../node/core/conduct/state.ts'
import { encodeFrame } from '../../../node/core/wire.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { certifiedWorld } from '../../support/certified.ts'
import { testSigner } from '../../support/crypto.ts'
import { answer, bootPool, count, place } from '../../support/pool.ts'
import { allAlive, areEqual, createWorld, crypto, fleet, operatorSeed } from '../../support/world.ts'

const stateOf = (board: Board) => board.core!.state!
const bansOf = (board: Board): string[] => [...stateOf(board).conduct.bans.keys()]
const isBannedBy = (liar: Board, judge: Board): boolean => isShunned(stateOf(judge), liar.spec.id)

/** A change of the board's own document that its core knows nothing of, genuine in every way. */
function ownChange(board: Board, value: string, nonce = 7): Uint8Array {
  const { id, signer } = board.spec
  const own = stateOf(board).docs.get(nodeDocId(id))!
  const author = { id, signer, nonce: new Uint8Array(16).fill(nonce), fleet }
  return editDoc(crypto, own, author, new Map([['label/x', value]])).envelopes[0]!.bytes
}

/** The same with a signature that is none. */
function forged(board: Board, value: string): Uint8Array {
  const bytes = ownChange(board, value).slice()
  bytes[bytes.length - 1]! ^= 1
  return bytes
}

function say(world: World, from: Board, to: Board, ...envelopes: readonly Uint8Array[]): void {
  world.links.send(from, to.spec.id, encodeFrame({ kind: 'envelopes', envelopes }))
  world.run(100)
}

function lie(world: World, liar: Board, to: Board): void {
  for (const value of ['1', '2', '3']) say(world, liar, to, forged(liar, value))
}

test('three forgeries are a ban, by whoever got them; it ends by itself, the next is twice as long, and no task is touched', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar, other] = boards as [Board, Board, Board, Board]
  place(world, { count: 4 })
  const moved = [count(world, 'start'), count(world, 'stop')]
  say(world, liar, judge, forged(liar, '1'))
  say(world, liar, judge, forged(liar, '2'))
  assert.deepEqual(bansOf(judge), [])
  say(world, liar, judge, forged(liar, '3'))
  assert.deepEqual(bansOf(judge), [liar.spec.id])
  assert.deepEqual(bansOf(other), [], 'it judges for itself alone')
  assert.equal(mayConnect(stateOf(judge), liar.spec.id), false)
  const late = encodeFrame({ kind: 'envelopes', envelopes: [ownChange(liar, 'late')] })
  const effects = judge.core!.step({ kind: 'frame', now: world.queue.now, from: liar.spec.id, via: 'gossip', bytes: late })
  assert.ok(!effects.some(({ kind }) => kind === 'persist'), 'nothing of it is taken in')
  assert.ok(stateOf(judge).refusals['E_BANNED']! > 0)
  world.run(20_000)
  assert.ok(!judge.peers.has(liar.spec.id))
  assert.equal(stateOf(judge).view.nodes.get(liar.spec.id)!.liveness, 'alive', 'what others bring of it counts')
  world.run(10_000)
  assert.deepEqual(bansOf(judge), [])
  world.until('connected again', () => judge.peers.has(liar.spec.id) && liar.peers.has(judge.spec.id), 10_000)
  lie(world, liar, judge)
  world.run(59_000)
  assert.ok(isBannedBy(liar, judge))
  world.run(2_000)
  assert.ok(!isBannedBy(liar, judge))
  world.until('all is well', () => allAlive(boards) && areEqual(boards), 30_000)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], moved)
})

test('a frame full of forgeries is one ban, and points of long ago count no more', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards as [Board, Board]
  say(world, liar, judge, forged(liar, '1'), forged(liar, '2'))
  world.run(3 * conductLimits.halfLifeMs)
  say(world, liar, judge, forged(liar, '3'), forged(liar, '4'))
  assert.deepEqual(bansOf(judge), [])
  say(world, liar, judge, ...Array.from({ length: 20 }, (_, n) => forged(liar, `${n}`)))
  const { until } = stateOf(judge).conduct.bans.get(liar.spec.id)!
  assert.ok(until <= world.queue.now + conductLimits.banMsMin)
})

test('a reboot forgets: nobody is locked out by what is on a disk', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards as [Board, Board]
  lie(world, liar, judge)
  assert.ok(isBannedBy(liar, judge))
  world.kill(judge)
  world.boot(judge)
  world.until('connected', () => judge.peers.has(liar.spec.id), 10_000)
})

test('gossip is passed on unread: whoever brings a forgery by it is not blamed', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards as [Board, Board]
  for (let n = 0; n < 20; n++) {
    const bytes = encodeFrame({ kind: 'envelopes', envelopes: [forged(liar, `${n}`)] })
    judge.core!.step({ kind: 'frame', now: world.queue.now, from: liar.spec.id, via: 'gossip', bytes })
  }
  assert.deepEqual(boards.flatMap(bansOf), [])
})

test('two changes under one number are held against their author, once for all copies, and not against whoever passes one on', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar, messenger] = boards as [Board, Board, Board]
  const double = (n: number): [Uint8Array, Uint8Array] => [ownChange(liar, `a${n}`, n), ownChange(liar, `b${n}`, n)]
  for (let n = 1; n <= 2; n++) {
    const [one, another] = double(n)
    say(world, liar, judge, one)
    for (let again = 0; again < 5; again++) say(world, messenger, judge, another)
    assert.deepEqual(bansOf(judge), [], `the proof number ${n}, five times`)
  }
  const [one, another] = double(3)
  say(world, liar, judge, one)
  say(world, messenger, judge, another)
  assert.deepEqual(bansOf(judge), [liar.spec.id])
})

test('another board’s document in the name of oneself, link states that nobody signed, and frames without sense: all are held against who sends them', () => {
  const lies: readonly ((world: World, liar: Board, of: Board, n: number) => Uint8Array)[] = [
    (_world, liar, of, n) => {
      const author = { id: liar.spec.id, signer: liar.spec.signer, nonce: new Uint8Array(16).fill(n), fleet }
      const doc = stateOf(liar).docs.get(nodeDocId(of.spec.id))!
      return encodeFrame({ kind: 'envelopes', envelopes: [editDoc(crypto, doc, author, new Map([['label/x', 'y']])).envelopes[0]!.bytes] })
    },
    (_world, liar, of, n) => {
      const { bytes } = stateOf(liar).liveness.table.get(of.spec.id)!.state
      // Higher than what it was made of, or it would be old news that nobody checks.
      const at = bytes.findIndex((byte, index) => index >= bytes.length - 64 + n && byte < 255)
      return encodeFrame({ kind: 'link-states', states: [Uint8Array.from(bytes, (byte, index) => (index === at ? byte + 1 : byte))] })
    },
  ]
  for (const [index, make] of lies.entries()) {
    const { world, boards } = bootPool(4)
    const [judge, liar, of] = boards as [Board, Board, Board]
    for (let n = 1; n <= 4; n++) {
      world.links.send(liar, judge.spec.id, make(world, liar, of, n))
      world.run(100)
    }
    assert.deepEqual(bansOf(judge), [liar.spec.id], `lie ${index}`)
  }
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards as [Board, Board]
  const cutOff = encodeFrame({ kind: 'envelopes', envelopes: [new Uint8Array(100)] }).subarray(0, 50)
  for (let n = 0; n < 10; n++) world.links.send(liar, judge.spec.id, cutOff)
  world.run(1_000)
  assert.deepEqual(bansOf(judge), [liar.spec.id])
})

test('what a newer, an older or a late agent may send never is a ban, however often it comes', () => {
  const { world, boards, first } = bootPool(4)
  const heard: Uint8Array[] = []
  world.watch = (board, event, step) => {
    if (board === first && event.kind === 'frame' && heard.length < 500) heard.push(event.bytes)
    return step()
  }
  place(world, { count: 3 })
  world.run(60_000)
  const [, peer] = boards as [Board, Board]
  const ofANewerAgent = [new Uint8Array([1, 200, 3, 4]), new Uint8Array([2, 1, 2, 3])]
  const envelope = ownChange(peer, 'x')
  const unknownLayout = Uint8Array.from(envelope, (byte, at) => (at === 3 ? 2 : byte))
  const author = { id: peer.spec.id, signer: peer.spec.signer, nonce: new Uint8Array(16).fill(99), fleet }
  const before = editDoc(crypto, stateOf(peer).docs.get(nodeDocId(peer.spec.id))!, author, new Map([['label/x', '1']]))
  const early = editDoc(crypto, before.doc, author, new Map([['label/x', '2']])).envelopes.map(({ bytes }) => bytes)
  for (let round = 0; round < 20; round++) {
    for (const frame of [...heard.slice(0, 200), ...ofANewerAgent]) world.links.send(peer, first.spec.id, frame)
    say(world, peer, first, unknownLayout, ...early)
    world.run(1_000)
  }
  assert.ok(stateOf(first).refusals['E_MISSING']! >= 20 && stateOf(first).refusals['E_FRAME']! >= 40)
  assert.deepEqual(boards.flatMap(bansOf), [])
})

test('a board bans no more than it hears: in a pool of two the two go on talking, and a third ends that', () => {
  const world = createWorld(3)
  const [judge, liar, third] = [...world.boards.values()] as [Board, Board, Board]
  world.boot(judge)
  world.boot(liar)
  world.until('they see each other', () => judge.peers.size === 1 && liar.peers.size === 1, 10_000)
  world.run(5_000)
  lie(world, liar, judge)
  assert.deepEqual(bansOf(judge), [liar.spec.id])
  world.run(5_000)
  assert.ok(judge.peers.has(liar.spec.id), 'it has nobody else')
  assert.ok(mayConnect(stateOf(judge), liar.spec.id))
  world.boot(third)
  world.until('the third keeps it company', () => !judge.peers.has(liar.spec.id) && judge.peers.has(third.spec.id), 10_000)
  assert.ok(isBannedBy(liar, judge))
  world.kill(third)
  world.until('alone again', () => judge.peers.has(liar.spec.id), 15_000)
})

test('whoever asks for everything again and again is not answered, then banned; others are answered all the while', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar, honest] = boards as [Board, Board, Board]
  const ask = (from: Board): number => {
    const bytes = encodeFrame({ kind: 'sync', scope: 'pool', frame: { kind: 'root', turn: 1, root: '0000000000000000' } })
    const effects = judge.core!.step({ kind: 'frame', now: world.queue.now, from: from.spec.id, via: 'stream', bytes })
    return effects.filter((effect) => effect.kind === 'send' && effect.to === from.spec.id).length
  }
  for (let n = 0; n < 3_000; n++) ask(liar)
  assert.equal(ask(liar), 0)
  assert.ok(ask(honest) > 0)
  assert.deepEqual(bansOf(judge), [])
  for (let n = 0; n < 8_000; n++) ask(liar)
  assert.deepEqual(bansOf(judge), [liar.spec.id])
})

test('of a board that waits only so many frames are read', () => {
  const world = certifiedWorld([{}, {}, { token: 77 }])
  const [judge, , stranger] = [...world.boards.values()] as [Board, Board, Board]
  world.bootAll()
  world.run(15_000)
  assert.equal(stateOf(judge).peers.get(stranger.spec.id)?.waits, 'token-unknown')
  const bytes = encodeFrame({ kind: 'envelopes', envelopes: [new Uint8Array(100)] })
  for (let n = 0; n < 300; n++) judge.core!.step({ kind: 'frame', now: world.queue.now, from: stranger.spec.id, via: 'stream', bytes })
  const { E_RATE = 0 } = stateOf(judge).refusals
  assert.ok(E_RATE >= 300 - askRates.strangerFrames.atOnce, `${E_RATE}`)
})

test('an operator forgives, on the board that is asked; nobody without a right to that board does', () => {
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards as [Board, Board]
  lie(world, liar, judge)
  const { bans } = answer(world, judge, 'status', { method: 'status' })
  assert.deepEqual(
    bans?.map(({ name, code, isHeld }) => ({ name, code, isHeld })),
    [{ name: 'b1', code: 'E_SIGNATURE', isHeld: true }],
  )
  assert.equal(answer(world, judge, 'node', { method: 'node.status', node: 'b1' }).node.ban?.code, 'E_SIGNATURE')
  const forgive = (board: Board, caller: string | null, kind: 'error' | 'forgiven') =>
    answer(world, board, kind, { method: 'node.forgive', node: 'b1' }, undefined, caller)
  for (const caller of [null, boards[2]!.spec.id]) assert.equal((forgive(judge, caller, 'error') as { code: string }).code, 'E_FORBIDDEN')
  const operator = testSigner(operatorSeed).id
  assert.equal((forgive(boards[2]!, operator, 'error') as { code: string }).code, 'E_NOT_BANNED')
  forgive(judge, operator, 'forgiven')
  assert.deepEqual(bansOf(judge), [])
  world.until('connected again', () => judge.peers.has(liar.spec.id), 10_000)
})
