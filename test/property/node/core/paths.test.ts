// Paths that are walked on from edges that came, and looked for anew where one fell, are those of a walk over the whole table, whatever link
// states say in whatever order, whomever this board names no more, and whoever is forgotten.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NodeId } from '../../../../crdt/ids.ts'
import { createLiveness, setMembers } from '../../../../node/core/liveness/liveness.ts'
import { unname } from '../../../../node/core/liveness/links.ts'
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
  names: fc.uniqueArray(fc.integer({ min: 0, max: boards - 1 }), { maxLength: 5 }),
  ahead: fc.constantFrom(-1, 0, 0, 0, 0, 1),
  /** What this board does itself before. */
  does: fc.constantFrom('nothing', 'nothing', 'names', 'names no more', 'forgets'),
  isLooked: fc.boolean(),
})

test('after every link state the paths are those of a walk over all edges', () => {
  let longest = 0
  fc.assert(
    fc.property(fc.array(said, { minLength: 20, maxLength: 60 }), (all) => {
      const s = createLiveness({ self: self.node, crypto: cheapCrypto, signer: self.signer, now: 0, seed: 1 })
      setMembers(s, ids)
      for (const { node } of connected) s.links.set(node, { peer: node, named: 0, sent: [] as unknown } as Link)
      const former = new Set(s.reached.keys())
      for (const [at, { by, names, ahead, does, isLooked }] of all.entries()) {
        const author = ids[by]!
        const link = s.links.get(author)
        if (does === 'names' && link !== undefined) link.named = s.table.get(author)?.state.sequence ?? 0
        if (does === 'names no more' && link !== undefined) unname(s, link)
        if (does === 'forgets')
          setMembers(
            s,
            ids.filter((node) => node !== author),
          )
        if (does === 'forgets') setMembers(s, ids)
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
        findPaths(s)
        const expected = walk(s)
        longest = Math.max(longest, expected.length)
        assert.deepEqual([...s.reached.keys()].toSorted(), expected)
        for (const node of ids)
          assert.ok(former.has(node) === s.reached.has(node) || s.unsettled.has(node), 'whose path came or went is judged anew')
        for (const [node, over] of s.reached)
          assert.ok(over === null ? node === s.self : isEdge(s, over, node), 'each is reached over an edge')
        s.unsettled.clear()
        former.clear()
        for (const node of s.reached.keys()) former.add(node)
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(longest >= 4, `no more than ${longest} boards were ever reached`)
})

/** When both name each other, and neither is older than the other has seen. */
function isEdge(s: LivenessState, a: NodeId, b: NodeId): boolean {
  const namesAt = (from: NodeId, to: NodeId): number | undefined =>
    from === s.self ? (s.links.get(to)?.named ?? undefined) : s.table.get(from)?.state.neighbours.find(({ node }) => node === to)?.sequence
  const sequenceOf = (node: NodeId): number => (node === s.self ? s.own.sequence : (s.table.get(node)?.state.sequence ?? -1))
  const [there, back] = [namesAt(a, b), namesAt(b, a)]
  return there !== undefined && back !== undefined && there <= sequenceOf(b) && back <= sequenceOf(a)
}

function walk(s: LivenessState): NodeId[] {
  const reached = new Set<NodeId>([s.self])
  for (const from of reached) for (const to of ids) if (!reached.has(to) && isEdge(s, from, to)) reached.add(to)
  return [...reached].toSorted()
}
