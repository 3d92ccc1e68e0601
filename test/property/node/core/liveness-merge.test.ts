import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'

import { type NodeId, compareText } from '../../../../crdt/ids.ts'
import { signLinkState } from '../../../../node/core/liveness/link-state.ts'
import {
  createLiveness,
  linkSeqs,
  linkStatesNewerThan,
  linksDigest,
  livenessOf,
  onLinkState,
  setMembers,
  setOwnHeads,
  tick,
} from '../../../../node/core/liveness/liveness.ts'
import { cheapCrypto, cheapIdentity } from '../../../../simulator/cheap-crypto.ts'

const authors = [1, 2, 3, 4].map(cheapIdentity)
const ids = authors.map((author) => author.node)
const observer = cheapIdentity(0)

function observe(): ReturnType<typeof createLiveness> {
  const state = createLiveness({ self: observer.node, crypto: cheapCrypto, signer: observer.signer, now: 0, seed: 1 })
  setMembers(state, new Set<NodeId>([...ids, observer.node]))
  setOwnHeads(state, 'heads', 0)
  return state
}

/** Few sequences and boots, so that the same sequence is often said twice with different words. */
const statement = fc
  .record({
    author: fc.nat(3),
    sequence: fc.integer({ min: 1, max: 4 }),
    boot: fc.nat(2),
    left: fc.boolean(),
    named: fc.subarray([0, 1, 2, 3]),
  })
  .map(({ author, sequence, boot, left, named }) => {
    const neighbours = named
      .filter((other) => other !== author)
      .map((other) => ({ node: ids[other]!, sequence: 1 }))
      .sort((a, b) => compareText(a.node, b.node))
    return signLinkState(authors[author]!.signer, { author: ids[author]!, sequence, boot, left, heads: 'd', neighbours }).bytes
  })

const statements = fc.array(statement, { maxLength: 12 })

function tableAfter(states: readonly Uint8Array[]): string {
  const state = observe()
  for (const bytes of states) onLinkState(state, bytes, ids[0]!, 0)
  tick(state, 10_000, 0)
  return `${linksDigest(state)} ${JSON.stringify(linkSeqs(state))} ${ids.map((id) => livenessOf(state, id)).join()}`
}

test('link states merge to the same table in any order and any number of times', () => {
  fc.assert(
    fc.property(statements, fc.infiniteStream(fc.nat(1_000)), (states, choices) => {
      const expected = tableAfter(states)
      const shuffled = states
        .flatMap((bytes) => (choices.next().value % 2 === 0 ? [bytes] : [bytes, bytes]))
        .map((bytes) => ({ bytes, at: choices.next().value }))
        .sort((a, b) => a.at - b.at)
      assert.equal(tableAfter(shuffled.map(({ bytes }) => bytes)), expected)
      assert.equal(tableAfter([...states, ...states]), expected)
    }),
    { numRuns: 1_000 },
  )
})

test('merging groups is associative: it does not matter who merged what first', () => {
  fc.assert(
    fc.property(statements, statements, statements, (a, b, c) => {
      const held = (states: readonly Uint8Array[]): readonly Uint8Array[] => {
        const state = observe()
        for (const bytes of states) onLinkState(state, bytes, ids[0]!, 0)
        return linkStatesNewerThan(state, [[observer.node, 1_000]])
      }
      assert.equal(tableAfter([...held([...a, ...b]), ...held(c)]), tableAfter([...held(a), ...held([...b, ...c])]))
    }),
    { numRuns: 500 },
  )
})

test('an exchange by sequences makes two tables equal when no author said one sequence twice', () => {
  fc.assert(
    fc.property(statements, statements, (mine, theirs) => {
      const [a, b] = [observe(), observe()]
      const bySequence = new Map<string, Uint8Array>()
      const pick = (bytes: Uint8Array): Uint8Array => {
        const key = `${bytes.slice(1, 45).join()} ${bytes[45]}`
        if (!bySequence.has(key)) bySequence.set(key, bytes)
        return bySequence.get(key)!
      }
      for (const bytes of mine) onLinkState(a, pick(bytes), ids[0]!, 0)
      for (const bytes of theirs) onLinkState(b, pick(bytes), ids[0]!, 0)
      for (const bytes of linkStatesNewerThan(a, linkSeqs(b))) onLinkState(b, bytes, ids[0]!, 0)
      for (const bytes of linkStatesNewerThan(b, linkSeqs(a))) onLinkState(a, bytes, ids[0]!, 0)
      assert.equal(linksDigest(a), linksDigest(b))
      assert.deepEqual(linkStatesNewerThan(a, linkSeqs(b)), [])
    }),
    { numRuns: 500 },
  )
})

test('random bytes never throw and change nothing', () => {
  const state = observe()
  const before = linksDigest(state)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      onLinkState(state, bytes, ids[0]!, 0)
      assert.equal(linksDigest(state), before)
    }),
    { numRuns: 2_000 },
  )
})
