import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareText, keyOfPeerId } from '../../../../../crdt/ids.ts'
import { decodeLinkState, isSignedByAuthor, replaces, signLinkState } from '../../../../../node/core/liveness/link-state.ts'
import { livenessLimits } from '../../../../../node/core/liveness/limits.ts'
import { onLinkState, refusedLinkStates, linkSeqs, setMembers } from '../../../../../node/core/liveness/liveness.ts'
import { packProbe, unpackProbe } from '../../../../../node/core/liveness/probe-number.ts'
import { testCrypto, testSigner } from '../../../../support/crypto.ts'
import { createBench, idOf } from './pair.ts'

const author = testSigner(1)
const peers = [2, 3, 4].map(idOf).sort(compareText)

function signed(sequence: number, count = 2, signer = author.signer) {
  const neighbours = peers.slice(0, count).map((node, i) => ({ node, sequence: i + 7 }))
  return signLinkState(signer, { author: author.node, sequence, boot: 77, left: false, heads: '00ff00ff00ff00ff', neighbours })
}

test('a link state comes back as it was said, and its signature holds', () => {
  const said = signed(5)
  const read = decodeLinkState(said.bytes)
  assert.ok(read.ok)
  assert.deepEqual(read.value, said)
  assert.ok(isSignedByAuthor(testCrypto(), read.value, keyOfPeerId(author.node)))
})

test('the largest link state fits its bound', () => {
  const many = Array.from({ length: livenessLimits.namedCountMax }, (_, i) => idOf(100 + i)).sort(compareText)
  const neighbours = many.map((node) => ({ node, sequence: livenessLimits.sequenceMax }))
  const said = signLinkState(author.signer, {
    author: author.node,
    sequence: livenessLimits.sequenceMax,
    boot: 2 ** 32 - 1,
    left: true,
    heads: 'f'.repeat(16),
    neighbours,
  })
  assert.ok(said.bytes.length <= livenessLimits.linkStateBytesMax)
  assert.ok(decodeLinkState(said.bytes).ok)
})

test('every single changed byte and every cut is refused', () => {
  const bench = createBench([1, 9])
  const state = bench.nodes.get(idOf(9))!
  const { bytes } = signed(50)
  const before = JSON.stringify(linkSeqs(state))
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice()
    changed[i] = changed[i]! ^ 1
    onLinkState(state, changed, idOf(1), 0)
    onLinkState(state, bytes.slice(0, i), idOf(1), 0)
  }
  assert.equal(JSON.stringify(linkSeqs(state)), before)
  const refused = refusedLinkStates(state)
  assert.equal(refused.malformed + refused.forged + refused.stranger + refused.stale, 2 * bytes.length)
})

test('neighbours out of order, twice, or the author itself are malformed', () => {
  for (const neighbours of [[peers[1]!, peers[0]!], [peers[0]!, peers[0]!], [author.node]]) {
    const said = signLinkState(author.signer, {
      author: author.node,
      sequence: 1,
      boot: 1,
      left: false,
      heads: '',
      neighbours: neighbours.map((node) => ({ node, sequence: 1 })),
    })
    assert.equal(decodeLinkState(said.bytes).ok, false)
  }
})

test('another key cannot speak for the author', () => {
  const bench = createBench([1, 9])
  const state = bench.nodes.get(idOf(9))!
  const other = testSigner(5)
  assert.throws(() => signed(60, 2, other.signer))
  const forged = signed(60).bytes.slice()
  forged.set(other.signer.sign(forged.slice(0, -64)), forged.length - 64)
  onLinkState(state, forged, idOf(1), 0)
  assert.equal(refusedLinkStates(state).forged, 1)
})

test('an older statement is refused, an equal one is known, a newer one taken', () => {
  const bench = createBench([1, 9])
  const state = bench.nodes.get(idOf(9))!
  const sequence = () => linkSeqs(state).find(([node]) => node === idOf(1))?.[1]
  onLinkState(state, signed(10).bytes, idOf(1), 0)
  onLinkState(state, signed(9).bytes, idOf(1), 0)
  assert.equal(sequence(), 10)
  assert.equal(refusedLinkStates(state).stale, 1)
  onLinkState(state, signed(10).bytes, idOf(1), 0)
  assert.equal(refusedLinkStates(state).stale, 1)
  onLinkState(state, signed(11).bytes, idOf(1), 0)
  assert.equal(sequence(), 11)
})

test('of two statements with one sequence the same one wins whatever the order', () => {
  const a = signed(10, 2)
  const b = signed(10, 3)
  assert.notEqual(replaces(a, b), replaces(b, a))
})

test('a stranger is refused, and heard as soon as it is a member', () => {
  const bench = createBench([9])
  const state = bench.nodes.get(idOf(9))!
  onLinkState(state, signed(3).bytes, idOf(1), 0)
  assert.equal(linkSeqs(state).length, 1)
  setMembers(state, new Set([idOf(1), idOf(9)]))
  assert.deepEqual(
    linkSeqs(state).find(([node]) => node === idOf(1)),
    [idOf(1), 3],
  )
  setMembers(state, new Set([idOf(9)]))
  assert.equal(linkSeqs(state).length, 1)
})

test('a probe number holds all that a probe says', () => {
  const probe = {
    sequence: livenessLimits.sequenceMax,
    bootMark: 255,
    tableMark: 254,
    counter: 15,
    lacks: true,
    names: false,
    wants: true,
    full: false,
  }
  const n = packProbe(probe)
  assert.ok(Number.isSafeInteger(n))
  assert.deepEqual(unpackProbe(n), probe)
  for (const bad of [-1, 0.5, 2 ** 52, Number.NaN, Infinity]) assert.equal(unpackProbe(bad), null)
})
