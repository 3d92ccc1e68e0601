import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type NodeId, compareText } from '../../../../../crdt/ids.ts'
import { signLinkState } from '../../../../../node/core/liveness/link-state.ts'
import { livenessLimits as limits } from '../../../../../node/core/liveness/limits.ts'
import {
  livenessOf,
  neighboursOf,
  nextDeadline,
  onLinkState,
  onProbe,
  onProbeAck,
  setMembers,
  tick,
  silentSince,
} from '../../../../../node/core/liveness/liveness.ts'
import { packProbe, unpackProbe } from '../../../../../node/core/liveness/probe-number.ts'
import { testSigner } from '../../../../support/crypto.ts'
import { createBench, idOf } from './pair.ts'

const [a, b, c] = [idOf(1), idOf(2), idOf(3)]

function connected() {
  const bench = createBench([1, 2])
  bench.connect(a, b)
  bench.run(1_000)
  return { bench, x: bench.nodes.get(a)!, y: bench.nodes.get(b)! }
}

test('two nodes that meet name each other and are alive to one another', () => {
  const { x, y } = connected()
  assert.equal(livenessOf(x, b), 'alive')
  assert.equal(livenessOf(y, a), 'alive')
  assert.deepEqual(neighboursOf(x, a), [b])
  assert.deepEqual(neighboursOf(x, b), [a])
})

test('before they meet they are unheard, and oneself is alive', () => {
  const bench = createBench([1, 2])
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'unheard')
  assert.equal(livenessOf(bench.nodes.get(a)!, a), 'alive')
  assert.equal(livenessOf(bench.nodes.get(a)!, c), 'unheard')
})

test('an idle edge costs one probe in three seconds, says nothing else and never ends', () => {
  const { bench } = connected()
  bench.run(10_000)
  const [probes, echoes, published] = [bench.count('probe'), bench.count('probe-ack'), bench.count('publish')]
  bench.run(60_000)
  const sent = bench.count('probe') - probes
  assert.ok(sent >= 20 && sent <= 24, `${sent} probes`)
  assert.equal(bench.count('probe-ack') - echoes, sent)
  assert.equal(bench.count('publish'), published)
  assert.equal(bench.count('hang-up'), 0)
})

test('a closed connection ends the edge at once, and after the suspicion time the peer is disconnected', () => {
  const { bench, x } = connected()
  bench.disconnect(a, b)
  assert.deepEqual(neighboursOf(x, a), [])
  bench.run(900)
  assert.equal(livenessOf(x, b), 'alive')
  bench.run(500)
  assert.equal(livenessOf(x, b), 'disconnected')
  assert.equal(silentSince(x).get(b), 1_000 + limits.pathsDelayMs)
})

/** Nothing passes any more: how long a round of probes then lasts before the edge falls. */
function patience({ bench, x }: ReturnType<typeof connected>): number {
  const link = x.links.get(b)!
  bench.blocks = () => true
  for (let waited = 0; link.named !== null && waited < 10_000; waited += 50) bench.run(50)
  return bench.now - (link.round?.startedAt ?? 0)
}

test('a slow echo at the start makes nobody patient for longer than some quick ones', () => {
  const pair = connected()
  const { echo } = pair.x.links.get(b)!
  assert.ok(echo !== null && echo.mean + limits.latenessFactor * echo.lateness > limits.giveUpMsMin + 100, 'the first was slow')
  pair.bench.run(5 * limits.probeIntervalMs)
  const waited = patience(pair)
  assert.ok(waited < limits.giveUpMsMin + 100, `${waited} ms`)
})

test('a cut says nothing about how slow the link is: the next silence is noticed as soon as the first', () => {
  const pair = connected()
  const { bench, x } = pair
  bench.run(120_000)
  const first = patience(pair)
  assert.ok(first < limits.giveUpMsMin + 100, `${first} ms`)
  // Long enough that the echo of the probe that was lost would make a mean of it, not so long that the connection is hung up.
  bench.run(1_500)
  bench.blocks = () => false
  bench.run(2_000)
  assert.notEqual(x.links.get(b)!.named, null, 'an edge again')
  const next = patience(pair)
  assert.ok(next < limits.giveUpMsMin + 100, `${next} ms`)
})

for (const [way, from] of [
  ['to the peer', a],
  ['from the peer', b],
] as const) {
  test(`a cut of the direction ${way} ends the edge at both ends, then the connection`, () => {
    const { bench, x, y } = connected()
    bench.blocks = (sender) => sender === from
    bench.run(limits.probeIntervalMs + limits.probeOtherEndMs + limits.giveUpMsMax + 50)
    assert.deepEqual(
      [...x.links.values()].map((link) => link.named),
      [null],
    )
    assert.deepEqual(
      [...y.links.values()].map((link) => link.named),
      [null],
    )
    bench.run(10_000)
    assert.equal(livenessOf(x, b), 'disconnected')
    assert.equal(livenessOf(y, a), 'disconnected')
    assert.ok(bench.count('hang-up') >= 1)
    bench.blocks = () => false
    bench.disconnect(a, b)
    bench.connect(a, b)
    bench.run(2_000)
    assert.equal(livenessOf(x, b), 'alive')
    assert.equal(livenessOf(y, a), 'alive')
  })
}

test('a lost link state between neighbours is asked for again', () => {
  const bench = createBench([1, 2])
  bench.blocks = (_from, _to, effect) => effect.kind === 'publish'
  bench.connect(a, b)
  bench.run(1_000)
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'alive')
  assert.equal(livenessOf(bench.nodes.get(b)!, a), 'alive')
})

test('a probe is echoed unchanged to whoever is connected; nonsense and strangers are not', () => {
  const { bench, x } = connected()
  assert.deepEqual(onProbe(x, b, 2 ** 30, bench.now)[0], { kind: 'probe-ack', to: b, n: 2 ** 30 })
  assert.deepEqual(onProbe(x, b, -1, bench.now), [])
  assert.deepEqual(onProbe(x, c, 2 ** 30, bench.now), [])
})

test('an echo of a probe that was never sent proves nothing', () => {
  const bench = createBench([1, 2])
  bench.blocks = (_from, _to, effect) => effect.kind === 'probe-ack'
  bench.connect(a, b)
  bench.run(2_000)
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'unheard')
})

test('an echo of a probe from before a freeze proves nothing, nor does a probe that lay in the buffer', () => {
  const { bench, x } = connected()
  bench.run(20_000)
  const late: number[] = []
  bench.blocks = (from, _to, effect) => {
    if (effect.kind === 'probe' && from === a) late.push(effect.n)
    return true
  }
  while (late.length === 0) bench.run(10)
  const { proofAt } = x.links.get(b)!
  bench.now += 60_000
  onProbeAck(x, b, late[0]!, bench.now)
  const buffered = bench.trail.findLast(({ from, effect }) => from === b && effect.kind === 'probe')?.effect
  assert.ok(buffered?.kind === 'probe')
  onProbe(x, b, buffered.n, bench.now)
  assert.equal(x.links.get(b)!.proofAt, proofAt)
  bench.blocks = () => false
  bench.run(5_000)
  assert.notEqual(x.links.get(b)!.proofAt, proofAt)
})

test('a node that overslept does not accuse the others', () => {
  const { bench, x } = connected()
  bench.run(20_000)
  bench.blocks = () => true
  // It was stopped for 30 s in which its deadlines passed; whatever it hears first says so.
  bench.now += 30_000
  for (let i = 0; i < 3; i++) tick(x, bench.now + i, i === 0 ? 30_000 : 0)
  assert.equal(livenessOf(x, b), 'alive')
  assert.deepEqual(neighboursOf(x, a), [b])
  tick(x, bench.now + limits.giveUpMsMax, 0)
  assert.deepEqual(neighboursOf(x, a), [b])
  bench.blocks = () => false
  bench.run(5_000)
  assert.equal(livenessOf(x, b), 'alive')
})

test('the time in which a node did not run counts neither against an edge in doubt nor against a node without a path', () => {
  const { bench, x } = connected()
  bench.blocks = () => true
  while (x.links.get(b)!.round === null) bench.run(10)
  tick(x, bench.now + 30_000, 30_000)
  assert.deepEqual(neighboursOf(x, a), [b])
  const other = connected()
  other.bench.disconnect(a, b)
  other.bench.run(500)
  tick(other.x, other.bench.now + 30_000, 30_000)
  assert.equal(livenessOf(other.x, b), 'alive')
})

test('the same silence is an accusation when the node was awake', () => {
  const { bench, x } = connected()
  bench.run(20_000)
  bench.blocks = () => true
  bench.run(30_000)
  assert.equal(livenessOf(x, b), 'disconnected')
})

test('one edge is enough to stay alive, and a third node keeps two apart together', () => {
  const bench = createBench([1, 2, 3])
  bench.connect(a, b)
  bench.connect(b, c)
  bench.connect(a, c)
  bench.run(2_000)
  bench.disconnect(a, b)
  bench.run(10_000)
  for (const state of bench.nodes.values()) for (const other of [a, b, c]) assert.equal(livenessOf(state, other), 'alive')
  assert.deepEqual(neighboursOf(bench.nodes.get(a)!, a), [c])
})

test('an edge far away stands only while both ends name it, each with a statement as new as the other saw', () => {
  const { bench, x, y } = connected()
  setMembers(x, new Set([a, b, c]))
  const say = (seed: number, sequence: number, named: readonly (readonly [NodeId, number])[]) => {
    const { node, signer } = testSigner(seed)
    const neighbours = named.map(([other, at]) => ({ node: other, sequence: at })).sort((p, q) => compareText(p.node, q.node))
    onLinkState(x, signLinkState(signer, { author: node, sequence, boot: 1, left: false, heads: '', neighbours }).bytes, b, bench.now)
    bench.now += limits.pathsDelayMs
    tick(x, bench.now, 0)
    return x.reached.has(c)
  }
  bench.blocks = () => true
  const own = y.own.sequence
  const toSelf = [a, 1] as const
  assert.equal(say(2, own + 1, [toSelf, [c, 5]]), false)
  assert.equal(say(3, 5, []), false)
  assert.equal(say(3, 6, [[b, own + 1]]), true)
  assert.equal(say(2, own + 2, [toSelf, [c, 7]]), false, 'c has said nothing as new as b saw')
  assert.equal(say(3, 7, [[b, own + 2]]), true)
  assert.equal(say(3, 8, [[b, own + 3]]), false, 'b has said nothing as new as c saw')
  assert.equal(say(2, own + 3, [toSelf]), false)
})

test('a restarted peer is not named on the word of its earlier boot', () => {
  const { bench, x } = connected()
  bench.disconnect(a, b)
  bench.run(5_000)
  bench.boot(2, 4_242)
  bench.blocks = (_from, _to, effect) => effect.kind === 'publish' || effect.kind === 'relay'
  bench.connect(a, b)
  bench.run(4_000)
  assert.equal(x.links.get(b)!.named, null)
  assert.notEqual(x.links.get(b)!.proofAt, null)
  bench.blocks = () => false
  bench.run(4_000)
  assert.notEqual(x.links.get(b)!.named, null)
})

test('the deadline is never in the past and an idle node without peers has almost none', () => {
  const bench = createBench([1])
  const state = bench.nodes.get(a)!
  tick(state, 5_000, 0)
  assert.ok(nextDeadline(state) >= 5_000)
})

test('a peer that says twice within an echo time that it lacks the statement is sent it once; later again', () => {
  const { bench, x } = connected()
  const echoes = bench.trail.flatMap(({ from, effect }) => (from === a && effect.kind === 'probe-ack' ? effect.n : []))
  const lacking = packProbe({ ...unpackProbe(echoes.at(-1)!)!, lacks: true })
  const { bytes } = x.table.get(a)!.state
  const relays = (): number =>
    onProbe(x, b, lacking, bench.now).filter((effect) => effect.kind === 'relay' && effect.states[0] === bytes).length
  // What was sent while they met is long ago.
  bench.run(500)
  assert.deepEqual([relays(), relays()], [1, 0])
  bench.run(500)
  assert.equal(relays(), 1)
})
