import assert from 'node:assert/strict'
import { test } from 'node:test'

import { livenessLimits as limits } from '../../../../../node/core/liveness/limits.ts'
import {
  changeCount,
  linkSeqs,
  livenessOf,
  markLeft,
  onLinkState,
  peerDown,
  peerUp as peerUpFrom,
  setHolds,
  setMembers,
  setOwnHeads,
  silentSince,
  tick,
} from '../../../../../node/core/liveness/liveness.ts'
import { ownState } from '../../../../../node/core/liveness/publish.ts'
import { createBench, idOf } from './pair.ts'

const [a, b] = [idOf(1), idOf(2)]

function connected() {
  const bench = createBench([1, 2])
  bench.connect(a, b)
  bench.run(1_000)
  return { bench, x: bench.nodes.get(a)!, y: bench.nodes.get(b)! }
}

type Bench = ReturnType<typeof createBench>

function fall(bench: Bench): void {
  bench.disconnect(a, b)
  bench.run(2_000)
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'disconnected')
}

/** ms until b is alive at a. */
function returnTime(bench: Bench): number {
  bench.connect(a, b)
  const startedAt = bench.now
  while (livenessOf(bench.nodes.get(a)!, b) !== 'alive') {
    bench.run(10)
    assert.ok(bench.now - startedAt < 600_000, 'it never came back')
  }
  return bench.now - startedAt
}

test('a returning node counts only once its heads are here', () => {
  const { bench, x } = connected()
  const missing = new Set<string>()
  setHolds(x, (_node, heads) => !missing.has(heads))
  fall(bench)
  bench.deliver(b, setOwnHeads(bench.nodes.get(b)!, 'written alone', bench.now))
  bench.run(2_000)
  missing.add('written alone')
  bench.connect(a, b)
  bench.run(20_000)
  assert.equal(livenessOf(x, b), 'disconnected')
  missing.clear()
  bench.run(limits.heldPollMs)
  assert.equal(livenessOf(x, b), 'alive')
})

test('the first return is at once, each further one within the hour takes twice as long, up to five minutes', () => {
  const { bench } = connected()
  const took: number[] = []
  for (let i = 0; i < 10; i++) {
    fall(bench)
    took.push(returnTime(bench))
  }
  assert.ok(took[0]! < 1_000)
  for (const [i, ms] of took.entries()) {
    if (i === 0) continue
    const wanted = Math.min(2 ** (i + 1) * 1_000, limits.returnWaitMsMax)
    assert.ok(ms >= wanted && ms < wanted + 1_000, `return ${i + 1} took ${ms} ms`)
  }
  bench.run(limits.returnWindowMs)
  fall(bench)
  assert.ok(returnTime(bench) < 1_000)
})

test('contact that breaks while it is waited for begins anew', () => {
  const { bench, x } = connected()
  fall(bench)
  returnTime(bench)
  fall(bench)
  for (let i = 0; i < 10; i++) {
    bench.connect(a, b)
    bench.run(3_000)
    bench.disconnect(a, b)
    bench.run(100)
  }
  assert.equal(livenessOf(x, b), 'disconnected')
})

test('a freeze is no contact: a return that was waited for before it is waited for anew', () => {
  const { bench, x } = connected()
  fall(bench)
  returnTime(bench)
  fall(bench)
  bench.connect(a, b)
  bench.run(3_000)
  tick(x, bench.now + 60_000, 0)
  assert.equal(livenessOf(x, b), 'disconnected')
})

test('after a freeze nobody behind a neighbour comes back before that neighbour has answered', () => {
  const c = idOf(3)
  const bench = createBench([1, 2, 3])
  bench.connect(a, b)
  bench.connect(b, c)
  bench.run(2_000)
  const [x, y, z] = [a, b, c].map((id) => bench.nodes.get(id)!)
  bench.disconnect(b, c)
  bench.run(3_000)
  assert.equal(livenessOf(x!, c), 'disconnected')
  bench.blocks = (_from, to) => to === a
  bench.connect(b, c)
  bench.run(1_500)
  // What b and c said then lies in the buffers of a, which is frozen; when it wakes, b is gone.
  const said = [ownState(y!)!.bytes, ownState(z!)!.bytes]
  bench.blocks = () => true
  const woke = bench.now + 60_000
  for (const bytes of said) onLinkState(x!, bytes, b, woke, 'stream')
  for (let ms = 0; ms <= 20_000; ms += 10) {
    tick(x!, woke + ms, 0)
    assert.equal(livenessOf(x!, c), 'disconnected')
  }
})

test('what a node said before its last boot holds up no edge', () => {
  const { bench, x } = connected()
  fall(bench)
  setHolds(x, (_node, heads) => heads === 'heads 1002')
  const old = ownState(bench.nodes.get(b)!)!.bytes
  bench.boot(2, 7_777)
  bench.connect(a, b)
  bench.deliver(a, onLinkState(x, old, b, bench.now))
  bench.run(20_000)
  // The new boot's own document has not come: its old heads, which are here, do not speak for it.
  assert.equal(livenessOf(x, b), 'disconnected')
  setHolds(x, () => true)
  bench.run(1_000)
  assert.equal(livenessOf(x, b), 'alive')
})

test('a restarted node goes on from 1 + its own highest sequence, also behind a connection that never went down', () => {
  for (const seenDown of [true, false]) {
    const { bench, x, y } = connected()
    for (let i = 0; i < 5; i++) {
      bench.deliver(b, setOwnHeads(y, `change ${i}`, bench.now))
      bench.run(2_000)
    }
    const before = ownState(y)!.sequence
    const again = bench.boot(2, 8_888)
    if (seenDown) bench.disconnect(a, b)
    if (seenDown) bench.connect(a, b)
    else {
      again.out.length = 0
      // Only the restarted side hears of a new connection.
      bench.deliver(b, peerUpOf(bench))
    }
    bench.run(8_000)
    assert.ok(ownState(again)!.sequence > before)
    assert.equal(livenessOf(x, b), 'alive')
    assert.equal(livenessOf(again, a), 'alive')
    assert.equal(new Map(linkSeqs(x)).get(b), ownState(again)!.sequence)
  }
})

test('a restarted node that had said as much as its earlier boot before it heard of that says more', () => {
  for (let boot = 8_000; boot < 8_020; boot++) {
    const { bench, x, y } = connected()
    const before = ownState(y)!
    bench.nodes.delete(b)
    bench.deliver(a, peerDown(x, b, bench.now))
    bench.run(5_000)
    const again = bench.boot(2, boot)
    bench.blocks = (from, _to, effect) =>
      from === a && effect.kind === 'relay' && effect.states.includes(before.bytes) && again.own.sequence < before.sequence
    bench.connect(a, b)
    bench.run(8_000)
    assert.ok(ownState(again)!.sequence > before.sequence)
    assert.equal(livenessOf(x, b), 'alive')
    assert.equal(livenessOf(again, a), 'alive')
  }
})

test('a node that said it leaves has left, whatever the paths; coming back is no flapping', () => {
  const { bench, x, y } = connected()
  bench.deliver(b, markLeft(y, bench.now))
  bench.run(100)
  assert.equal(livenessOf(x, b), 'left')
  bench.disconnect(a, b)
  bench.run(60_000)
  assert.equal(livenessOf(x, b), 'left')
  bench.boot(2, 9_999)
  assert.ok(returnTime(bench) < 1_000)
  fall(bench)
  assert.ok(returnTime(bench) < 1_000)
})

test('new heads are signed when they are quiet, or after a while, as long as somebody fell lately', () => {
  const { bench, x, y } = connected()
  fall(bench)
  returnTime(bench)
  bench.run(1_000)
  const sequence = () => new Map(linkSeqs(x)).get(b)!
  const before = sequence()
  bench.deliver(b, setOwnHeads(y, 'one', bench.now))
  bench.run(limits.headsQuietMs - 1)
  assert.equal(sequence(), before)
  bench.run(1)
  assert.equal(sequence(), before + 1)
  for (let i = 0; i < 100; i++) {
    bench.deliver(b, setOwnHeads(y, `many ${i}`, bench.now))
    bench.run(100)
  }
  bench.run(2_000)
  assert.equal(sequence(), before + 3)
  assert.equal(ownState(y)!.heads, 'many 99')
})

test('while nobody can return, new heads cost next to nothing, and are signed as soon as somebody falls', () => {
  const bench = createBench([1, 2, 3])
  bench.connect(a, b)
  bench.connect(b, idOf(3))
  bench.run(1_000)
  const y = bench.nodes.get(b)!
  const sequence = () => new Map(linkSeqs(bench.nodes.get(a)!)).get(b)!
  const before = sequence()
  for (let i = 0; i < 50; i++) {
    bench.deliver(b, setOwnHeads(y, `many ${i}`, bench.now))
    bench.run(100)
  }
  assert.equal(sequence(), before)
  bench.run(limits.headsRestMs)
  assert.equal(sequence(), before + 1)
  bench.deliver(b, setOwnHeads(y, 'last', bench.now))
  bench.run(500)
  bench.disconnect(b, idOf(3))
  bench.run(2_000)
  assert.equal(livenessOf(y, idOf(3)), 'disconnected')
  bench.run(limits.headsLateMsMax)
  assert.equal(ownState(y)!.heads, 'last')
})

test('nothing is signed or named before the own heads are known', () => {
  const bench = createBench([1, 2])
  const state = bench.boot(2, 5)
  state.own.heads = null
  bench.connect(a, b)
  bench.run(3_000)
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'unheard')
  bench.deliver(b, setOwnHeads(state, 'now', bench.now))
  bench.run(2_000)
  assert.equal(livenessOf(bench.nodes.get(a)!, b), 'alive')
})

test('an evicted node is forgotten and is no edge of anybody', () => {
  const { bench, x } = connected()
  const before = changeCount(x)
  setMembers(x, new Set([a]))
  bench.run(100)
  assert.equal(livenessOf(x, b), 'unheard')
  assert.equal(silentSince(x).size, 0)
  assert.ok(changeCount(x) > before)
  assert.deepEqual(ownState(x)!.neighbours, [])
})

function peerUpOf(bench: Bench) {
  return peerUpFrom(bench.nodes.get(b)!, a, bench.now)
}
