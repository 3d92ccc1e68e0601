// Paths that are walked on from edges that came, or anew after one fell, are those of a walk over the whole table, whatever link states
// say in whatever order.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../../../crdt/ids.ts'
import { createLiveness, setMembers } from '../../../../node/core/liveness/liveness.ts'
import { findPaths, noteEdges } from '../../../../node/core/liveness/paths.ts'
import type { Link, LivenessState } from '../../../../node/core/liveness/state.ts'
import { put } from '../../../../node/core/liveness/table.ts'
import { cheapCrypto, cheapIdentity } from '../../../../simulator/cheap-crypto.ts'

const boards = 7
const self = cheapIdentity(0)
const others = Array.from({ length: boards - 1 }, (_, at) => cheapIdentity(at + 1))
const ids = [self, ...others].map(({ node }) => node)
/** This board has proved its connections to the first of them. */
const connected = others.slice(0, 2)

/** A board says whom it names, and at which of their sequences. */
const said = fc.record({
  by: fc.integer({ min: 1, max: boards - 1 }),
  names: fc.uniqueArray(fc.integer({ min: 0, max: boards - 1 }), { maxLength: 3 }),
  ahead: fc.integer({ min: -1, max: 1 }),
  isLooked: fc.boolean(),
})

test('after every link state the paths are those of a walk over all edges', () => {
  let longest = 0
  fc.assert(
    fc.property(fc.array(said, { minLength: 20, maxLength: 60 }), (all) => {
      const s = createLiveness({ self: self.node, crypto: cheapCrypto, signer: self.signer, now: 0, seed: 1 })
      setMembers(s, ids)
      for (const { node } of connected) s.links.set(node, { peer: node, named: 0 } as Link)
      for (const [at, { by, names, ahead, isLooked }] of all.entries()) {
        const author = ids[by]!
        const neighbours = names
          .filter((one) => one !== by)
          .map((one) => ids[one]!)
          .toSorted()
          .map((node) => ({ node, sequence: Math.max(0, (s.table.get(node)?.state.sequence ?? 0) + ahead) }))
        const before = s.table.get(author)?.state
        const state = { author, sequence: at + 1, boot: 1, left: false, heads: '', neighbours, bytes: new Uint8Array([at]) }
        put(s, state)
        noteEdges(s, state, before)
        if (!isLooked) continue
        const former = new Set(s.reached.keys())
        s.unsettled.clear()
        const isAnybodyLost = findPaths(s)
        const expected = walk(s)
        longest = Math.max(longest, expected.length)
        assert.deepEqual([...s.reached.keys()].toSorted(), expected)
        assert.ok(isAnybodyLost || [...former].every((node) => s.reached.has(node)), 'nobody is lost without being told')
        for (const node of expected) assert.ok(former.has(node) || s.unsettled.has(node), 'who is reached anew is judged anew')
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(longest >= 4, `no more than ${longest} boards were ever reached`)
})

/** An edge stands when both name each other, and neither is older than the other has seen. */
function walk(s: LivenessState): NodeId[] {
  const namesAt = (from: NodeId, to: NodeId): number | undefined =>
    from === s.self ? (s.links.get(to)?.named ?? undefined) : s.table.get(from)?.state.neighbours.find(({ node }) => node === to)?.sequence
  const sequenceOf = (node: NodeId): number => (node === s.self ? s.own.sequence : (s.table.get(node)?.state.sequence ?? -1))
  const stands = (a: NodeId, b: NodeId): boolean => {
    const [there, back] = [namesAt(a, b), namesAt(b, a)]
    return there !== undefined && back !== undefined && there <= sequenceOf(b) && back <= sequenceOf(a)
  }
  const reached = new Set<NodeId>([s.self])
  for (const from of reached) for (const to of ids) if (!reached.has(to) && stands(from, to)) reached.add(to)
  return [...reached].toSorted()
}
