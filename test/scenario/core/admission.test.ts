// Boards that are not admitted: they can do nothing but ask, are told why, and join on the connection that they have once they are let in.
// And what becomes of members when a token ends or too many came with it, on either side of a cut.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Board, World } from '../../../simulator/world.ts'
import { type PoolName, nodeDocId } from '../../../crdt/ids.ts'
import { type Frame, encodeFrame } from '../../../node/core/wire.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { policyDefaults } from '../../../crdt/documents/defaults.ts'
import { admit, boot, certifiedWorld, revokeToken, standingOf, state, stated, submitJob, wish } from '../../support/certified.ts'
import { answer } from '../../support/pool.ts'
import { allAlive, areEqual, runners, slot } from '../../support/world.ts'

const all = (world: World): Board[] => [...world.boards.values()]
const pendingAt = (world: World, board: Board) => answer(world, board, 'pending', { method: 'node.pending' }).boards
const waitsOf = (world: World, board: Board) => answer(world, board, 'status', { method: 'status' }).waits?.reason
const refusedAt = (board: Board): number => board.core!.state!.refusals['E_NOT_ADMITTED'] ?? 0
const documentsOf = (board: Board): string[] => [...board.core!.state!.docs.keys()].filter((id) => id !== 'fleet').sort()

test('a board without a certificate can do nothing but ask; admitted at any board, it joins without a restart', () => {
  const world = certifiedWorld([{}, {}, {}, { token: null }])
  const [b0, b1, b2, stranger] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0, b1, b2])
  submitJob(world, b0, { type: 'system' })
  world.boot(stranger)
  world.run(60_000)
  for (const board of [b0, b1, b2]) {
    assert.equal(standingOf(board, stranger), null, 'nothing of it is in any document')
    assert.ok(refusedAt(board) > 0, 'what it sent beyond its hello was not read')
    assert.equal(board.core!.state!.view.nodes.size, 3)
  }
  assert.deepEqual(documentsOf(stranger), [nodeDocId(stranger.spec.id)], 'it is given the fleet document, and has its own')
  assert.equal(waitsOf(world, stranger), 'no-certificate')
  assert.equal(waitsOf(world, b0), undefined)
  // Whoever is asked knows of it, and says what it says of itself and a code that its own people see.
  const told = answer(world, stranger, 'status', { method: 'status' }).waits
  for (const board of [b0, b1, b2]) {
    const [row, ...others] = pendingAt(world, board)
    assert.deepEqual(others, [])
    const { id, code, name, reason, at } = row!
    assert.deepEqual({ id, code, name, reason, at: at.toSorted() }, { ...told, name: 'b3', at: ['b0', 'b1', 'b2'] })
    assert.match(row!.about, /arm64, 4000 MHz/)
  }
  // It has no right to ask on anybody's behalf.
  const asked = answer(world, b0, 'error', { method: 'job.list' }, undefined, stranger.spec.id)
  assert.match(`${asked.code} ${asked.message}`, /E_FORBIDDEN .*waits to be admitted/)
  let hangUps = 0
  world.watch = (_board, event, step) => {
    if (event.kind === 'peer-down') hangUps += 1
    return step()
  }
  admit(world, b1, stranger)
  world.until('it is a member everywhere', () => allAlive(all(world)), 10_000)
  world.until('it has its copy of the system job', () => runsOn(stranger), 10_000)
  world.run(30_000)
  assert.ok(areEqual(all(world)))
  assert.deepEqual([stranger.boots, hangUps], [1, 0], 'on the connections that it had')
  assert.deepEqual(pendingAt(world, b2), [])
  assert.equal(waitsOf(world, stranger), undefined)
})

function runsOn(board: Board): boolean {
  return board.tasks.size > 0
}

test('also inside a site that is cut off; the rest of the fleet takes it when the cut ends', () => {
  const world = certifiedWorld([{}, {}, {}, { token: null }])
  const [b0, b1, site, stranger] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0, b1, site])
  world.split([b0, b1], [site, stranger])
  world.boot(stranger)
  world.run(20_000)
  assert.equal(waitsOf(world, stranger), 'no-certificate')
  admit(world, site, stranger)
  world.until('it is a member there', () => standingOf(site, stranger) === 'member', 5_000)
  world.until('and alive', () => site.core!.state!.view.nodes.get(stranger.spec.id)?.liveness === 'alive', 10_000)
  assert.equal(standingOf(b0, stranger), null)
  world.heal()
  world.until('all see all', () => allAlive(all(world)), 60_000)
  world.run(30_000)
  assert.ok(areEqual(all(world)))
})

test('every other reason to wait: nothing is taken in, the board is told, and changing the documents is enough', () => {
  const late = { untilMs: 1_700_000_000_000 }
  const world = certifiedWorld([{}, {}, { says: 'depot' }, { token: 51 }, { token: 52 }, { token: 53 }, { token: 54 }])
  const [b0, b1, ...strangers] = all(world) as [Board, Board, ...Board[]]
  boot(world, [b0, b1])
  state(world, b0, new Map([...stated(51, { mode: 'waiting-room' }), ...stated(52, late), ...stated(53)]))
  revokeToken(world, b0, 53)
  for (const board of strangers) world.boot(board)
  world.run(30_000)
  const reasons = ['other-pool', 'waiting-room', 'token-expired', 'token-revoked', 'token-unknown']
  assert.deepEqual(
    strangers.map((board) => waitsOf(world, board)),
    reasons,
  )
  for (const board of [b0, b1]) assert.equal(board.core!.state!.view.nodes.size, 2)
  for (const board of strangers) admit(world, b1, board)
  world.until('all are in', () => allAlive(all(world)), 20_000)
  world.run(30_000)
  assert.ok(areEqual(all(world)))
})

test('who was here before its token’s time was over comes back after it', () => {
  const world = certifiedWorld([{}, {}, { token: 51 }, { token: 51 }])
  const [b0, b1, early, late] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0, b1])
  state(world, b0, stated(51, { untilMs: world.wallMs + 60_000 }))
  world.boot(early)
  world.until('in time', () => standingOf(b0, early) === 'member', 20_000)
  world.run(120_000)
  world.kill(early)
  world.run(5_000)
  world.boot(early)
  world.boot(late)
  world.run(30_000)
  assert.equal(standingOf(b1, early), 'member')
  assert.equal(b1.core!.state!.view.nodes.get(early.spec.id)?.liveness, 'alive')
  assert.equal(waitsOf(world, late), 'token-expired')
})

test('a token is revoked on one side of a cut: after the heal nothing has stopped that was to be kept, and the others wait', () => {
  const world = certifiedWorld([{}, {}, {}, { token: 51 }, { token: 51 }])
  const [b0, b1, b2, kept, lost] = all(world) as [Board, Board, Board, Board, Board]
  boot(world, [b0, b1, b2])
  state(world, b0, stated(51))
  world.boot(kept)
  world.boot(lost)
  world.until('all are members', () => allAlive(all(world)), 20_000)
  const job = submitJob(world, b0, { count: 5, group: { ...policyDefaults({ type: 'service' }), spread: [] } })
  world.until('each copy runs', () => [0, 1, 2, 3, 4].every((index) => runners(world, slot(job, index)).length === 1), 20_000)
  world.run(10_000)
  const [left, right] = [
    [b0, b1, kept],
    [b2, lost],
  ]
  world.split(left, right)
  world.run(5_000)
  const ran = new Map(all(world).map((board) => [board, board.trail.filter(({ what }) => what === 'stop').length]))
  admit(world, b0, kept)
  revokeToken(world, b0, 51)
  world.run(20_000)
  assert.equal(standingOf(b0, lost), 'token-revoked')
  assert.equal(standingOf(b2, lost), 'member', 'its own side does not know')
  world.heal()
  world.until('all know', () => [b0, b1, b2, kept, lost].every((board) => standingOf(board, lost) === 'token-revoked'), 60_000)
  world.run(300_000)
  assert.deepEqual(
    [b0, b1, b2, kept].map((board) => board.core!.state!.view.nodes.get(kept.spec.id)?.liveness),
    Array(4).fill('alive'),
  )
  assert.equal(waitsOf(world, lost), 'token-revoked')
  for (const board of [kept, lost]) assert.equal(board.trail.filter(({ what }) => what === 'stop').length, ran.get(board), board.spec.name)
  // What the lost one holds is replaced, as of a board that fell silent.
  for (let index = 0; index < 5; index++) {
    const here = runners(world, slot(job, index)).filter((name) => name !== lost.spec.name)
    assert.equal(here.length, 1, `copy ${index} runs on one member`)
  }
  admit(world, b2, lost)
  world.until('it is back', () => allAlive(all(world)), 60_000)
  world.run(120_000)
  for (let index = 0; index < 5; index++) assert.equal(runners(world, slot(job, index)).length, 1)
  assert.ok(areEqual(all(world)))
})

test('more boards than a token’s count, from both sides of a cut: all agree which are beyond it, these take no new work, and nothing stops', () => {
  const world = certifiedWorld([{}, {}, { token: 51 }, { token: 51 }, { token: 51 }, { token: 51 }])
  const [b0, b1, ...many] = all(world) as [Board, Board, ...Board[]]
  boot(world, [b0, b1])
  state(world, b0, stated(51, { count: 2 }))
  world.run(2_000)
  const [left, right] = [
    [b0, many[0]!, many[1]!],
    [b1, many[2]!, many[3]!],
  ]
  world.split(left, right)
  for (const board of many) world.boot(board)
  world.until('each side has its two', () => [...left, ...right].every((board) => aliveOn(board) === 3), 30_000)
  for (const board of [...left, ...right]) for (const one of many) assert.notEqual(standingOf(board, one), 'surplus')
  const [here, there] = [submitJob(world, b0, { type: 'system', name: 'here' }), submitJob(world, b1, { type: 'system', name: 'there' })]
  world.run(20_000)
  const running = many.map((board) => [...board.tasks.keys()])
  world.heal()
  world.until('all see all', () => allAlive(all(world)), 60_000)
  world.run(60_000)
  const surplus = many.filter((board) => standingOf(b0, board) === 'surplus')
  assert.equal(surplus.length, 2)
  for (const board of all(world))
    assert.deepEqual(
      many.filter((one) => standingOf(board, one) === 'surplus'),
      surplus,
    )
  for (const [index, board] of many.entries()) for (const task of running[index]!) assert.ok(board.tasks.has(task), 'it runs on')
  assert.deepEqual(
    pendingAt(world, b1).map(({ name, reason }) => [name, reason]),
    surplus.map((board) => [board.spec.name, 'surplus']),
  )
  for (const board of many) assert.equal(board.tasks.size, surplus.includes(board) ? 1 : 2, `${board.spec.name}: of ${here} and ${there}`)
  admit(world, b0, surplus[0]!)
  world.until('an operator’s word ends it', () => surplus[0]!.tasks.size === 2, 20_000)
  assert.equal(standingOf(b1, surplus[1]!), 'surplus', 'and takes no seat')
})

function aliveOn(board: Board): number {
  return [...(board.core?.state?.view.nodes.values() ?? [])].filter((node) => node.liveness === 'alive').length
}

test('a side that has not heard of a token learns it from the very board that shows it', () => {
  const world = certifiedWorld([{}, {}, { token: 51 }])
  const [b0, b1, fresh] = all(world) as [Board, Board, Board]
  boot(world, [b0, b1])
  world.split([b0], [b1, fresh])
  state(world, b1, stated(51))
  world.boot(fresh)
  world.until('it is a member of its side', () => aliveOn(fresh) === 2, 20_000)
  // The other side is reached by the new board alone.
  world.kill(b1)
  world.links.mend(b0, fresh)
  world.until('it is heard', () => b0.core!.state!.view.nodes.get(fresh.spec.id)?.liveness === 'alive', 30_000)
  assert.equal(standingOf(b0, fresh), 'member')
})

test('whatever a board says that waits, its documents are not taken: not with a made-up token, and not by saying that others wait at it', () => {
  const world = certifiedWorld([{}, {}, { token: null }, { token: 59 }])
  const [b0, b1, plain, forger] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0, b1])
  for (const board of [plain, forger]) world.boot(board)
  world.run(10_000)
  for (const board of [plain, forger]) {
    const { id } = board.spec
    const { envelopes } = answer(world, board, 'doc', { method: 'doc.get', doc: nodeDocId(id) })
    const own = envelopes.map((text) => new Uint8Array(Buffer.from(text, 'base64')))
    const frames: readonly Frame[] = [
      { kind: 'waits', reason: 'token-revoked' },
      { kind: 'envelopes', envelopes: own },
      { kind: 'summary', pool: 'depot' as PoolName, node: id, addresses: [], nodesAlive: 1, nodesTotal: 1, jobs: 0, seq: 1, wallMs: 1 },
      { kind: 'room', node: id, waiting: [{ node: id, pool: 'x' as PoolName, name: 'x', about: '', reason: 'waiting-room' }], seq: 1 },
    ]
    for (const frame of frames)
      for (const via of ['stream', 'gossip'] as const)
        world.feed(b0, { kind: 'frame', now: world.queue.now, from: id, via, bytes: encodeFrame(frame) })
  }
  world.run(5_000)
  assert.deepEqual([...b0.core!.state!.view.nodes.keys()].sort(), [b0.spec.id, b1.spec.id].sort())
  assert.equal(b0.core!.state!.contacts.size, 0)
  assert.deepEqual(
    pendingAt(world, b0).map(({ name }) => name),
    ['b2', 'b3'],
  )
  assert.ok(allAlive([b0, b1]))
})

test('a rejected board is told so, and an operator’s word for another pool lets nobody in', () => {
  const world = certifiedWorld([{}, {}, { token: null }])
  const [b0, b1, stranger] = all(world) as [Board, Board, Board]
  boot(world, [b0, b1])
  world.boot(stranger)
  world.run(5_000)
  wish(world, b0, stranger, new Map([[opsPaths.admitted, 'depot']]))
  world.run(10_000)
  assert.equal(standingOf(b1, stranger), 'no-certificate')
  wish(world, b0, stranger, new Map([[opsPaths.evicted, true]]))
  world.until('it knows', () => standingOf(stranger, stranger) === 'evicted', 20_000)
  assert.deepEqual(pendingAt(world, b1), [])
})
