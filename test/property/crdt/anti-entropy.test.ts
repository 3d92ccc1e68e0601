import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { type DocId, fleetDocId } from '../../../crdt/ids.ts'
import { type FakeEnvelope, Node, envelope, exchange, fakeDoc } from '../../support/sync-pair.ts'

/** One document's history (envelopes with what they depend on) and what each of two nodes holds of it. */
interface Story {
  readonly epochs: readonly { readonly writes: readonly { readonly actor: number; readonly count: number; readonly dep: number }[] }[]
  readonly left: { readonly epoch: number; readonly picks: readonly boolean[] }
  readonly right: { readonly epoch: number; readonly picks: readonly boolean[] }
}

const write = fc.record({ actor: fc.nat(2), count: fc.integer({ min: 1, max: 4 }), dep: fc.nat(5) })
// -1: the node does not have the document.
const share = fc.record({ epoch: fc.integer({ min: -1, max: 1 }), picks: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }) })
const story: fc.Arbitrary<Story> = fc.record({
  epochs: fc.array(fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 6 }) }), { minLength: 2, maxLength: 2 }),
  left: share,
  right: share,
})

function historyOf(doc: DocId, epoch: number, one: Story): FakeEnvelope[] {
  const made: FakeEnvelope[] = []
  const seqs = [0, 0, 0]
  for (const { actor, count, dep } of one.epochs[epoch]!.writes) {
    const needed = made[dep]
    made.push(envelope(doc, epoch, `actor ${actor}`, seqs[actor]! + 1, needed === undefined ? [] : [needed.hash], count))
    seqs[actor]! += count
  }
  return made
}

/** The picked envelopes that have all they need before them: a state that a node can be in. */
function held(history: readonly FakeEnvelope[], picks: readonly boolean[]): FakeEnvelope[] {
  const kept: FakeEnvelope[] = []
  history.forEach((each, i) => {
    const seq = Math.max(0, ...kept.filter((other) => other.actor === each.actor).map((other) => other.firstSeq + other.count - 1))
    const ready = each.firstSeq === seq + 1 && each.deps.every((dep) => kept.some((other) => other.hash === dep))
    if (ready && (picks[i] ?? true)) kept.push(each)
  })
  return kept
}

function place(node: Node, doc: DocId, one: Story, side: Story['left']): void {
  if (side.epoch < 0) return
  const kept = held(historyOf(doc, side.epoch, one), side.picks)
  if (kept.length > 0) node.put(fakeDoc(doc, side.epoch, kept))
}

function nodesOf(stories: readonly Story[], copies: number): [Node, Node] {
  const [left, right] = [new Node(), new Node()]
  for (let copy = 0; copy < copies; copy++) {
    stories.forEach((one, n) => {
      const doc = (n === 0 && copy === 0 ? fleetDocId : `job/ns-${copy}/doc-${n}`) as DocId
      place(left, doc, one, one.left)
      place(right, doc, one, one.right)
    })
  }
  return [left, right]
}

describe('anti-entropy between two random sets of documents', () => {
  it('converges within one exchange on a line that loses nothing, with everything in applicable order', () => {
    fc.assert(
      fc.property(fc.array(story, { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (stories, copies) => {
        const [left, right] = nodesOf(stories, copies)
        for (let round = 0; round < 4 && left.root !== right.root; round++) exchange(left, right)
        assert.equal(left.root, right.root)
        assert.equal(left.refused + right.refused, 0)
      }),
      { numRuns: 60 },
    )
  })

  it('converges after retries on a line that loses frames and envelopes', () => {
    fc.assert(
      fc.property(
        fc.array(story, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.nat(9)),
        fc.integer({ min: 0, max: 4 }),
        (stories, dice, lossTenths) => {
          const [left, right] = nodesOf(stories, 3)
          const lost = (): boolean => dice.next().value < lossTenths
          for (let round = 0; round < 6; round++) exchange(round % 2 === 0 ? left : right, round % 2 === 0 ? right : left, lost)
          for (let round = 0; round < 4 && left.root !== right.root; round++) exchange(right, left)
          assert.equal(left.root, right.root)
        },
      ),
      { numRuns: 60 },
    )
  })
})
