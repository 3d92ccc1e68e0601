// What operators on several sides of a split say of replacing boards comes to the same in every order of arrival: who is out, who is called
// what, and who takes over. And whoever was replaced stays out.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { noClones } from '../../../crdt/documents/clones.ts'
import { nodeToRegisters } from '../../../crdt/documents/node.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { createReader } from '../../../crdt/engine.ts'
import { type DocId, type NodeId, nodeDocId, opsDocId } from '../../../crdt/ids.ts'
import { createProjector } from '../../../crdt/project.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import type { Claim, View } from '../../../crdt/view.ts'
import { viewHash } from '../../../crdt/view-hash.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Plan } from '../../../scheduler/types.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { type Edited, edit, merge, newDoc, testPool } from '../../support/edit.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeView, random, slotOf } from '../../support/view.ts'

const crypto = testCrypto()
const boards: readonly NodeId[] = [1, 2, 3, 4, 5].map((seed) => testSigner(seed).node)
/** Sides of the split, by the key of the operator there. */
const sides = [11, 12, 13] as const

const word = fc.record({
  side: fc.nat(sides.length - 1),
  about: fc.nat(boards.length - 1),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('replace' as const), by: fc.nat(boards.length - 1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('evict' as const, 'undo' as const, 'admit' as const) }) },
  ),
})
type Word = typeof word extends fc.Arbitrary<infer T> ? T : never

/** Each on the documents as its side has them. */
function written(words: readonly Word[]): Edited[][] {
  const known = sides.map(() => new Map<NodeId, Doc>())
  const said: Edited[][] = sides.map(() => [])
  const write = (side: number, about: NodeId, changes: Readonly<Record<string, Scalar>>): void => {
    const edited = edit(known[side]!.get(about) ?? newDoc(opsDocId(about)), sides[side]!, changes)
    known[side]!.set(about, edited.doc)
    if (edited.envelopes.length > 0) said[side]!.push(edited)
  }
  for (const { side, about, what } of words) {
    const [id, by] = [boards[about]!, what.kind === 'replace' ? boards[what.by]! : null]
    if (by === id) continue
    if (by === null) write(side, id, { [opsPaths.evicted]: what.kind === 'evict' })
    else {
      write(side, by, { [opsPaths.name]: `place-${about}` })
      write(side, id, { [opsPaths.evicted]: true, [opsPaths.replacedBy(by)]: true })
    }
  }
  return said
}

const own = boards.map((id): [DocId, Doc] => {
  const { images: _, ...board } = makeNode(id)
  const record = {
    ...board,
    images: [],
    left: false,
    certificate: '',
    clones: noClones,
    psk: '',
    allocsMax: 0,
    devices: [],
    claims: new Map(),
  }
  return [nodeDocId(id), { ...newDoc(nodeDocId(id)), kind: 'node', registers: nodeToRegisters({ ...record, pool: testPool }) }]
})
const held: readonly Claim[] = boards.map((id, index) => makeClaim(id, { slot: slotOf(index) }))
const { jobs, claims } = makeView({ jobs: [makeJob({ groups: [makeGroup({ count: boards.length })] })], claims: held })

interface Seen {
  readonly view: View
  readonly made: Plan
}

/** As a board sees it to which they come in some order, each side's own in theirs; it plans after each. */
function arrived(said: readonly (readonly Edited[])[], seed: number): Seen {
  const next = random(seed)
  const queues = said.map((list) => [...list])
  const docs = new Map<DocId, Doc>(own)
  const project = createProjector(createReader(crypto))
  const see = (before: Plan | null): Seen => {
    const view = { ...project({ pool: testPool, docs, livenessOf: () => 'alive' }), jobs, claims }
    return { view, made: plan(view, makeLocal(boards[0]!), before) }
  }
  let seen = see(null)
  for (;;) {
    const waiting = queues.filter((queue) => queue.length > 0)
    const edited = waiting[Math.floor(next() * waiting.length)]?.shift()
    if (edited === undefined) return seen
    const { id } = edited.doc
    docs.set(id, merge(docs.get(id) ?? newDoc(id), edited))
    seen = see(seen.made)
  }
}

/** Whoever is at the end of a chain that begins there. */
function endsOf({ nodes }: View, id: NodeId, seen = new Set<NodeId>()): NodeId[] {
  if (seen.has(id)) return []
  seen.add(id)
  return (nodes.get(id)?.replacedBy ?? []).flatMap((by) =>
    nodes.get(by)?.replacedBy === undefined ? [by] : endsOf({ nodes } as View, by, seen),
  )
}

test('the same in every order of arrival; who was replaced is out, and whoever came in its place takes over what it held', () => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), fc.nat(), fc.nat(), (words, one, other) => {
      const said = written(words)
      const [a, b] = [arrived(said, one), arrived(said, other)]
      assert.deepEqual(a.view.nodes, b.view.nodes)
      assert.equal(viewHash(crypto, a.view), viewHash(crypto, b.view))
      assert.deepEqual(a.made.slots, b.made.slots)
      assert.deepEqual(a.made.slots, plan(a.view, makeLocal(boards[0]!)).slots)
      const replaced = new Set(
        words.filter(({ about, what }) => what.kind === 'replace' && what.by !== about).map(({ about }) => boards[about]),
      )
      for (const id of boards) if (replaced.has(id)) assert.equal(a.view.nodes.get(id)?.evicted, true)
      for (const { slot, candidate } of a.made.slots) {
        const holder = held.find((claim) => claim.slot === slot)!.node
        const isOut = a.view.nodes.get(holder)!.evicted
        const heirs = endsOf(a.view, holder).filter((id) => a.view.nodes.get(id)?.evicted === false)
        if (!isOut) assert.equal(candidate, null)
        else if (heirs.length > 0) assert.ok(heirs.includes(candidate!), `${slot}: ${candidate}`)
      }
    }),
    { numRuns: 30 },
  )
})
