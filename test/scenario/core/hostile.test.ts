// Strangers' bytes: whatever comes in by stream or gossip, nothing throws, the view does not move, and the effects stay bounded.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { everyPool } from '../../../crdt/envelope.ts'
import { fleetGenesisRegisters } from '../../../crdt/documents/fleet.ts'
import { type FleetId, type NodeId, type PoolName, fleetDocId, jobDocId, jobId, nodeDocId } from '../../../crdt/ids.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import type { Effect } from '../../../node/core/effect.ts'
import { type Frame, encodeFrame, envelopeFrames } from '../../../node/core/wire.ts'
import { createPrng } from '../../../simulator/prng.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { testSigner } from '../../support/crypto.ts'
import { bootPool, place } from '../../support/pool.ts'
import { areEqual, createWorld, crypto, fleet, jobSpec, signJob } from '../../support/world.ts'

const stranger = testSigner(777)

/** Hands the board a frame and returns what it does about it. */
function hand(world: World, board: Board, bytes: Uint8Array, via: 'stream' | 'gossip', from: NodeId = stranger.node): readonly Effect[] {
  return board.core!.step({ kind: 'frame', now: world.queue.now, from, via, bytes })
}

/** Timed work of this very moment would be taken for an answer. */
function doWhatIsDue(world: World, board: Board): void {
  hand(world, board, new Uint8Array(0), 'gossip')
}

function acts(effects: readonly Effect[]): string[] {
  return effects.map((effect) => effect.kind).filter((kind) => kind !== 'wake' && kind !== 'log')
}

const view = (board: Board): string => JSON.stringify([...board.core!.state!.docs.values()].map((doc) => `${doc.id} ${doc.digest}`))

test('random bytes and mutated frames are refused and counted', () => {
  const { world, boards, first } = bootPool(3)
  place(world, { count: 3 })
  const prng = createPrng(11)
  const real: Uint8Array[] = []
  world.watch = (_board, event, step) => {
    if (event.kind === 'frame' && real.length < 400) real.push(event.bytes)
    return step()
  }
  world.run(30_000)
  const before = view(first)
  for (let n = 0; n < 3_000; n++) {
    const source = n % 2 === 0 ? prng.pick(real)! : Uint8Array.from({ length: prng.below(200) }, () => prng.below(256))
    const bytes = source.slice(0, prng.chance(0.2) ? prng.below(source.length + 1) : source.length)
    for (let m = prng.below(4); m >= 0 && bytes.length > 0; m--) bytes[prng.below(bytes.length)] = prng.below(256)
    const effects = hand(world, first, bytes, prng.chance(0.5) ? 'stream' : 'gossip', prng.chance(0.5) ? boards[1]!.spec.id : stranger.node)
    assert.ok(effects.length < 50, `${effects.length} effects`)
  }
  assert.equal(view(first), before)
  world.run(30_000)
  assert.ok(areEqual(boards))
})

const kinds: readonly Frame[] = [
  { kind: 'hello', pool: 'default' as PoolName, version: 'x', protocol: [1, 1], planVersion: 1 },
  { kind: 'probe', n: 1 },
  { kind: 'probe-ack', n: 1 },
  { kind: 'link-states', states: [new Uint8Array(100)] },
  { kind: 'links-have', digest: 'abc' },
  { kind: 'links-have', digest: 'abc', seqs: [[stranger.node, 5]] },
  { kind: 'envelopes', envelopes: [new Uint8Array(300)] },
  { kind: 'sync', scope: 'pool', frame: { kind: 'root', turn: 1, root: '0000000000000000' } },
  {
    kind: 'summary',
    pool: 'other' as PoolName,
    node: stranger.node,
    addresses: [],
    nodesAlive: 1,
    nodesTotal: 1,
    jobs: 0,
    seq: 1,
    wallMs: 1,
  },
]

test('frames of every kind from somebody who is not connected move nothing', () => {
  const { world, first } = bootPool(2)
  const before = view(first)
  for (const via of ['stream', 'gossip'] as const) {
    for (const frame of kinds) {
      const done = acts(hand(world, first, encodeFrame(frame), via))
      assert.ok(done.length <= 2 && !done.includes('persist'), `${frame.kind} via ${via}: ${done.join(' ')}`)
    }
  }
  assert.equal(view(first), before)
  assert.equal(first.core!.state!.peers.has(stranger.node), false)
})

test('gossip carries nothing that is answered: no probes, no digests, no greetings', () => {
  const { world, boards, first } = bootPool(2)
  const from = boards[1]!.spec.id
  doWhatIsDue(world, first)
  for (const frame of kinds) {
    if (['envelopes', 'link-states', 'summary'].includes(frame.kind)) continue
    assert.deepEqual(acts(hand(world, first, encodeFrame(frame), 'gossip', from)), [], frame.kind)
    // The same on the stream is heard.
    if (frame.kind === 'probe') assert.ok(acts(hand(world, first, encodeFrame(frame), 'stream', from)).includes('send'))
  }
})

test('envelopes of another pool, another fleet or another author are refused with their codes', () => {
  const { world, first } = bootPool(2)
  const before = view(first)
  const foreignPool = signJob(jobSpec({ name: 'x', pool: 'south' }))
  const author = { id: stranger.id, signer: stranger.signer, nonce: new Uint8Array(16) }
  const wanted = new Map([['spec/priority', 1]])
  const job = emptyDoc(crypto, jobDocId(jobId('default', 'x')), 'default' as PoolName)
  const foreignFleet = editDoc(crypto, job, { ...author, fleet: 'f'.repeat(64) as FleetId }, wanted)
  const noRight = editDoc(crypto, job, { ...author, fleet }, wanted)
  const notItself = editDoc(
    crypto,
    emptyDoc(crypto, nodeDocId(first.spec.id), 'default' as PoolName),
    { ...author, fleet },
    new Map([['name', 'evil']]),
  )
  const genesis = editDoc(
    crypto,
    emptyDoc(crypto, fleetDocId, everyPool),
    { ...author, fleet: '' },
    fleetGenesisRegisters({ name: 'evil', admin: stranger.operator, adminName: 'evil' }),
  )
  const all = [
    foreignPool,
    ...[foreignFleet, noRight, notItself, genesis].map((edited) => edited.envelopes.map((envelope) => envelope.bytes)),
  ]
  for (const envelopes of all) for (const bytes of envelopeFrames(envelopes)) hand(world, first, bytes, 'gossip')
  assert.equal(view(first), before)
  const { refusals } = first.core!.state!
  for (const code of ['E_POOL', 'E_FLEET', 'E_RIGHT']) assert.ok((refusals[code as never] ?? 0) > 0, `${code}: ${JSON.stringify(refusals)}`)
  assert.equal(first.core!.state!.view.fleet.name, 'test')
})

test('a frame with a thousand envelopes costs a bounded number of admissions', () => {
  const { world, boards, first } = bootPool(2)
  const author = { id: stranger.id, signer: stranger.signer, nonce: new Uint8Array(16), fleet }
  let doc = emptyDoc(crypto, nodeDocId(stranger.node), 'default' as PoolName)
  const envelopes: Uint8Array[] = []
  for (let n = 0; n < 200; n++) {
    const edited = editDoc(crypto, doc, author, new Map([['name', `n${n}`]]))
    doc = edited.doc
    envelopes.push(...edited.envelopes.map((envelope) => envelope.bytes))
  }
  const effects = hand(world, first, encodeFrame({ kind: 'envelopes', envelopes }), 'stream', boards[1]!.spec.id)
  const written = effects.filter((effect) => effect.kind === 'persist').length
  assert.ok(written > 0 && written <= 40, `${written} documents written in one step`)
})

test('a thousand link states in one frame are not all verified in one step', () => {
  const { world, boards, first } = bootPool(2)
  let verified = 0
  const real = first.core!.state!
  const states = Array.from({ length: 4_000 }, () => new Uint8Array(50))
  const before = { ...real.liveness.refused }
  hand(world, first, encodeFrame({ kind: 'link-states', states }), 'stream', boards[1]!.spec.id)
  for (const reason of Object.keys(before) as (keyof typeof before)[]) verified += real.liveness.refused[reason] - before[reason]
  assert.ok(verified > 0 && verified <= 64, `${verified}`)
})

test('an evicted board that greets again and again is told once', () => {
  const { world, boards, first } = bootPool(3)
  const evicted = boards[2]!.spec.id
  first.core!.state!.view.nodes.get(evicted)
  const hello = encodeFrame({ kind: 'hello', pool: 'default' as PoolName, version: 'x', protocol: [1, 1], planVersion: 1 })
  // Seen through the state: what a hello of an evicted board leads to.
  Object.assign(first.core!.state!.view.nodes.get(evicted)!, { evicted: true })
  const sent = Array.from(
    { length: 20 },
    () => acts(hand(world, first, hello, 'stream', evicted)).filter((kind) => kind === 'send-stored').length,
  )
  assert.equal(
    sent.reduce((sum, n) => sum + n, 0),
    1,
  )
  assert.ok(first.core!.state!.hangUps.length <= 1)
})

test('summaries cannot move nodes that are known better, and only so many contacts are kept', () => {
  const { world, boards, first } = bootPool(2)
  const summary = (node: NodeId, seq: number, pool = 'other'): Uint8Array =>
    encodeFrame({
      kind: 'summary',
      pool: pool as PoolName,
      node,
      addresses: ['/evil'],
      nodesAlive: seq,
      nodesTotal: 9,
      jobs: 0,
      seq,
      wallMs: 1,
    })
  doWhatIsDue(world, first)
  assert.deepEqual(acts(hand(world, first, summary(boards[1]!.spec.id, 1), 'gossip')), [], 'a node of this very pool')
  for (let n = 0; n < 40; n++) hand(world, first, summary(testSigner(2_000 + n).node, 1), 'gossip')
  assert.ok(first.core!.state!.contacts.get('other' as PoolName)!.size <= 8)
  const known = [...first.core!.state!.contacts.get('other' as PoolName)!.keys()][0]!
  hand(world, first, summary(known, 8), 'gossip')
  hand(world, first, summary(known, 5), 'gossip')
  assert.equal(first.core!.state!.contacts.get('other' as PoolName)!.get(known)!.nodesAlive, 8, 'what comes late is old news')
})

test('a peer that speaks another protocol is hung up on', () => {
  const world = createWorld(1)
  world.bootAll()
  const [board] = [...world.boards.values()]
  board!.core!.step({ kind: 'peer-up', now: 0, peer: stranger.node })
  const effects = hand(
    world,
    board!,
    encodeFrame({ kind: 'hello', pool: 'default' as PoolName, version: 'x', protocol: [7, 9], planVersion: 1 }),
    'stream',
  )
  assert.ok(acts(effects).includes('disconnect'))
  assert.equal(board!.core!.state!.peers.get(stranger.node)!.pool, null)
})
