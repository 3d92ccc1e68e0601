// What boards of a certified fleet do not let themselves be talked into: by strangers, by tokens whose time is over, by keys that are revoked.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { signCertificate } from '../../../crdt/admission/certificate.ts'
import { toBase64 } from '../../../crdt/base64.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type PoolName, nodeDocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { mayConnect, waitingPeers } from '../../../node/core/admission.ts'
import type { Effect } from '../../../node/core/effect.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import { type Frame, encodeFrame } from '../../../node/core/wire.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { boot, certifiedWorld, fleet, revokeToken, standingOf, state, stated, submitJob, wish } from '../../support/certified.ts'
import { testSigner } from '../../support/crypto.ts'
import { allAlive } from '../../support/world.ts'

const all = (world: World): Board[] => [...world.boards.values()]
const peerAt = (board: Board, other: Board) => board.core!.state!.peers.get(other.spec.id)

test('a new board does not take members for newcomers whose token’s time is over', () => {
  const world = certifiedWorld([{}, { token: 51 }, { token: 51 }, { token: 52 }])
  const [b0, b1, b2, fresh] = all(world) as [Board, Board, Board, Board]
  boot(world, [b0])
  state(world, b0, stated(51, { untilMs: world.wallMs + 60_000 }))
  boot(world, [b0, b1, b2])
  world.kill(b0)
  world.run(120_000)
  state(world, b1, stated(52))
  world.boot(fresh)
  world.until('it is one of them', () => allAlive([b1, b2, fresh]), 30_000)
  assert.equal(standingOf(b1, fresh), 'member')
})

test('nor do boards of other pools, which never have its document', () => {
  const world = certifiedWorld([{}, { token: 51, pool: 'depot' }])
  const [b0, d1] = all(world) as [Board, Board]
  boot(world, [b0])
  state(world, b0, stated(51, { pool: 'depot', untilMs: world.wallMs + 60_000 }))
  world.boot(d1)
  world.run(120_000)
  world.kill(d1)
  world.run(5_000)
  world.boot(d1)
  world.until('it is heard again', () => peerAt(b0, d1)?.pool === 'depot' && peerAt(b0, d1)?.waits === null, 20_000)
})

test('a job is not handed to a stranger because it says that it is of the job’s pool', () => {
  const world = certifiedWorld([{}, {}, { token: null, pool: 'depot' }])
  const [b0, b1, stranger] = all(world) as [Board, Board, Board]
  boot(world, [b0, b1])
  world.boot(stranger)
  world.run(20_000)
  assert.throws(() => submitJob(world, b0, { name: 'secret', pool: 'depot' }), /E_POOL_UNREACHABLE/)
  assert.deepEqual(
    [...stranger.core!.state!.docs.keys()].filter((id) => id !== 'fleet'),
    [nodeDocId(stranger.spec.id)],
  )
})

test('who says hello again and again is hung up on, and the fleet hears of it no more often', () => {
  const world = certifiedWorld([{}, {}, { token: null }])
  const [b0, b1, stranger] = all(world) as [Board, Board, Board]
  boot(world, [b0, b1])
  world.boot(stranger)
  world.run(20_000)
  const made = signCertificate({ fleet, node: stranger.spec.id, pool: 'default' as PoolName, name: '', labels: {} }, testSigner(77).signer)
  assert.ok(made.ok)
  const certificates = [new Uint8Array(0), made.value]
  const effects: Effect[] = []
  for (let i = 0; i < 2 * coreLimits.greetingsMax; i++) {
    const card = { certificate: certificates[i % 2]!, name: 'x', about: '' }
    const hello: Frame = { kind: 'hello', pool: 'default' as PoolName, version: '1', protocol: [1, 1], planVersion: 1, card }
    const now = world.clockOf(b0) + i
    effects.push(...b0.core!.step({ kind: 'frame', now, from: stranger.spec.id, via: 'stream', bytes: encodeFrame(hello) }))
  }
  assert.ok(effects.some((effect) => effect.kind === 'disconnect' && effect.peer === stranger.spec.id))
  assert.ok(effects.filter((effect) => effect.kind === 'broadcast' && effect.topic === 'fleet').length <= 1)
  const noted = effects.filter((effect) => effect.kind === 'log' && effect.level === 'info').length
  assert.ok(noted <= coreLimits.greetingsMax, `${noted} lines for operators`)
})

test('however many wait, others are heard; who waits itself keeps nobody out', () => {
  const world = certifiedWorld([{}, ...Array.from({ length: coreLimits.waitingPeersMax + 1 }, () => ({ token: null })), { pool: 'depot' }])
  const boards = all(world)
  const [member, stranger] = boards as [Board, Board]
  for (const board of boards.slice(0, -1)) world.boot(board)
  world.run(3_000)
  const waiting = waitingPeers(member.core!.state!).length
  assert.ok(waiting >= coreLimits.waitingPeersMax - 1 && waiting <= coreLimits.waitingPeersMax, `${waiting} wait`)
  assert.ok(mayConnect(member.core!.state!, boards.at(-1)!.spec.id))
  assert.ok(mayConnect(stranger.core!.state!, member.spec.id))
})

test('a board that a revoked key had admitted shows its own certificate instead', () => {
  const world = certifiedWorld([{}, { token: 51, pool: 'depot' }])
  const [b0, d1] = all(world) as [Board, Board]
  const bob = testSigner(2)
  boot(world, [b0])
  state(world, b0, new Map<string, Scalar>([[fleetPaths.role(bob.operator), 'admin'], ...stated(51, { pool: 'depot' })]))
  world.boot(d1)
  world.run(20_000)
  const word = signCertificate({ fleet, node: d1.spec.id, pool: 'depot' as PoolName, name: '', labels: {} }, bob.signer)
  assert.ok(word.ok)
  const admitted = [
    [opsPaths.admitted, 'depot'],
    [opsPaths.certificate, toBase64(word.value)],
  ] as const
  wish(world, d1, d1, new Map<string, Scalar>(admitted))
  world.until('it shows the word', () => peerAt(b0, d1)?.certificate?.token === (bob.id as string), 20_000)
  state(world, b0, new Map([[fleetPaths.revoked(bob.operator), 1]]))
  world.until('it shows its own', () => peerAt(b0, d1)?.certificate?.token !== (bob.id as string), 20_000)
  world.run(10_000)
  assert.equal(peerAt(b0, d1)?.waits, null)
  revokeToken(world, b0, 51)
  world.until('and that ends with its token', () => peerAt(b0, d1)?.waits === 'token-revoked', 20_000)
})
