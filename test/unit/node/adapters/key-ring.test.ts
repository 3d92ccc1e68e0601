// Which pre-shared key two ends take, neither knowing what the other has.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyRing, nonceBytes } from '../../../../node/adapters/libp2p/key-ring.ts'

const key = (name: string): Uint8Array => new Uint8Array(32).fill(name.charCodeAt(0))
const ringOf = (names: string): KeyRing => new KeyRing(names.split('').map(key))

/** What each of them takes; '' if it is not one of these. */
function taken(a: KeyRing, b: KeyRing): readonly [Uint8Array, Uint8Array] {
  const [fromA, fromB] = [a.nonce(), b.nonce()]
  return [a.keyFor(fromB), b.keyFor(fromA)]
}

test('two ends that share a key take the same one, in whatever order each holds its keys', () => {
  const rings = fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 1, maxLength: 3 }).map((names) => names.join(''))
  fc.assert(
    fc.property(rings, rings, (one, other) => {
      const shared = one
        .split('')
        .filter((name) => other.includes(name))
        .map(key)
      const [first, second] = taken(ringOf(one), ringOf(other))
      if (shared.length === 0) return
      assert.deepEqual(first, second)
      assert.ok(shared.some((one) => Buffer.compare(one, first) === 0))
    }),
  )
})

test('an agent that makes no marks is taken to have the oldest key', () => {
  const nonce = Buffer.alloc(nonceBytes, 0x5a)
  assert.deepEqual(ringOf('new').keyFor(nonce), key('w'))
  assert.equal(ringOf('new').isBehind(nonce), false)
})

test('one end sees that the other has other keys, if they share one', () => {
  const sees = (own: string, other: string): boolean => ringOf(own).isBehind(ringOf(other).nonce())
  assert.deepEqual(
    [sees('a', 'a'), sees('ba', 'ab'), sees('a', 'ba'), sees('ba', 'b'), sees('ba', 'a'), sees('a', 'b')],
    [false, false, true, true, true, false],
  )
})

test('nonces are as long as pnet’s, differ each time, and show nothing of how many keys there are', () => {
  const many = Array.from({ length: 50 }, () => Buffer.from(ringOf('a').nonce()))
  assert.ok(many.every(({ length }) => length === nonceBytes))
  assert.equal(new Set(many.map((nonce) => nonce.toString('hex'))).size, 50)
  // With one key its three marks are three.
  for (const nonce of many) assert.equal(new Set([12, 16, 20].map((at) => nonce.readUInt32BE(at))).size, 3)
})

test('keys are replaced for the connections that follow; what is no key is refused', () => {
  const ring = ringOf('a')
  ring.use([key('b'), key('a')])
  assert.deepEqual(taken(ring, ringOf('b')), [key('b'), key('b')])
  for (const bad of [[], [new Uint8Array(31)], 'abcd'.split('').map(key)]) assert.throws(() => ring.use(bad), RangeError)
  assert.deepEqual(taken(ring, ringOf('a')), [key('a'), key('a')])
})
