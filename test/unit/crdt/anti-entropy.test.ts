import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { answerSync, createIndex, openSync, removeDigest, rootOf, setDigest } from '../../../crdt/anti-entropy.ts'
import { type ActorId, type DocId, fleetDocId, nodeDocId } from '../../../crdt/ids.ts'
import { type EntriesFrame, syncLimits } from '../../../crdt/sync-frame.ts'
import { testSigner } from '../../support/crypto.ts'
import { Node, actorOf, crypto, envelope, exchange, fakeDoc } from '../../support/sync-pair.ts'

function jobDoc(n: number): DocId {
  return `job/default/job-number-${n}` as DocId
}

function filled(count: number): Node {
  const node = new Node()
  for (let n = 0; n < count; n++) node.put(fakeDoc(jobDoc(n), 0, [envelope(jobDoc(n), 0, `first ${n}`, 1)]))
  return node
}

function edit(node: Node, doc: DocId, actor: string): void {
  const before = node.docs.get(doc)!
  node.put(
    fakeDoc(doc, before.epoch, [
      ...(before.envelopes as never[]),
      envelope(
        doc,
        before.epoch,
        actor,
        1,
        before.envelopes.map((each) => each.hash),
      ),
    ]),
  )
}

describe('digest index', () => {
  it('has the same root whatever the order in which digests were set', () => {
    const [a, b] = [createIndex(), createIndex()]
    for (let n = 0; n < 500; n++) setDigest(a, jobDoc(n), String(n))
    for (let n = 499; n >= 0; n--) setDigest(b, jobDoc(n), n === 7 ? 'other' : String(n))
    assert.notEqual(rootOf(crypto, a), rootOf(crypto, b))
    setDigest(b, jobDoc(7), '7')
    assert.equal(rootOf(crypto, a), rootOf(crypto, b))
  })

  it('forgets a removed document without a trace', () => {
    const index = createIndex()
    const empty = rootOf(crypto, index)
    setDigest(index, jobDoc(1), 'x')
    assert.notEqual(rootOf(crypto, index), empty)
    removeDigest(index, jobDoc(1))
    assert.equal(rootOf(crypto, index), empty)
  })
})

describe('anti-entropy', () => {
  it('costs two small frames when nothing differs', () => {
    const traffic = exchange(filled(1_000), filled(1_000))
    assert.equal(traffic.frames, 2)
    assert.ok(traffic.frameBytes < 40, `${traffic.frameBytes} bytes`)
  })

  it('costs less than 2 kB beside the change for one difference among 1,000 documents, in either direction', () => {
    for (const editedFirst of [true, false]) {
      const [a, b] = [filled(1_000), filled(1_000)]
      edit(editedFirst ? a : b, jobDoc(17), 'somebody')
      const traffic = exchange(a, b)
      assert.equal(a.root, b.root)
      assert.equal(traffic.envelopes, 1)
      assert.ok(traffic.frameBytes < 2_000, `${traffic.frameBytes} bytes`)
    }
  })

  it('settles concurrent edits of one document in one exchange, both ways', () => {
    const [a, b] = [filled(300), filled(300)]
    edit(a, jobDoc(5), 'left')
    edit(b, jobDoc(5), 'right')
    const traffic = exchange(a, b)
    assert.equal(a.root, b.root)
    assert.equal(traffic.envelopes, 2)
    assert.equal(a.refused + b.refused, 0)
  })

  it('sends a higher epoch whole and never an old one', () => {
    for (const newFirst of [true, false]) {
      const [a, b] = [filled(40), filled(40)]
      const newer = [1, 2, 3].map((seq) => envelope(jobDoc(3), 1, 'compacted', seq))
      const ahead = newFirst ? a : b
      ahead.put(fakeDoc(jobDoc(3), 1, newer))
      const traffic = exchange(a, b)
      assert.equal(a.root, b.root)
      assert.equal(a.docs.get(jobDoc(3))?.epoch, 1)
      assert.equal(traffic.envelopes, 3)
    }
  })

  it('fills an empty node with thousands of documents in one exchange, in frames of at most 8 KiB', () => {
    for (const emptyOpens of [true, false]) {
      const [full, empty] = [filled(3_000), new Node()]
      const traffic = emptyOpens ? exchange(empty, full) : exchange(full, empty)
      assert.equal(empty.root, full.root)
      assert.equal(traffic.envelopes, 3_000, 'nothing is sent twice')
      assert.ok(traffic.largestFrame <= 8_192, `${traffic.largestFrame} bytes`)
    }
  })

  it('ends when a difference cannot be settled, and does not let it hide others', () => {
    const [a, b] = [filled(600), filled(600)]
    for (let n = 0; n < 600; n++) if (n % 3 !== 0) edit(a, jobDoc(n), 'refused by b')
    for (let n = 0; n < 600; n++) if (n % 3 !== 0) b.refuses.add(jobDoc(n))
    for (let n = 0; n < 600; n += 3) edit(a, jobDoc(n), 'welcome')
    for (let round = 0; round < 40; round++) assert.ok(exchange(a, b).frames < 1_000)
    for (let n = 0; n < 600; n += 3) assert.equal(b.docs.get(jobDoc(n))?.digest, a.docs.get(jobDoc(n))?.digest, `document ${n}`)
  })

  it('sends nothing for two documents with equal clocks (equivocation)', () => {
    const [a, b] = [filled(20), filled(20)]
    a.put(fakeDoc(jobDoc(1), 0, [envelope(jobDoc(1), 0, 'twice', 1, [], 2)]))
    b.put({ ...fakeDoc(jobDoc(1), 0, [envelope(jobDoc(1), 0, 'twice', 1, [], 2)]), digest: 'ffffffffffffffff' })
    assert.equal(exchange(a, b).envelopes, 0)
  })

  it('does not ask again for what it refused', () => {
    const [a, b] = [filled(10), filled(10)]
    edit(b, jobDoc(1), 'bad')
    const open = openSync(crypto, a.index, 'pool')
    const entries = answerSync({ crypto, index: b.index, scope: 'pool', docOf: (id) => b.docs.get(id), frame: open }).replies[0]!
    const ask = (refused: boolean) =>
      answerSync({ crypto, index: a.index, scope: 'pool', docOf: (id) => a.docs.get(id), frame: entries, refused: () => refused }).replies
        .length
    assert.equal(ask(false), 1)
    assert.equal(ask(true), 0)
  })

  it('shows and asks for nothing but the fleet document in the scope of the fleet', () => {
    const [a, b] = [filled(3), filled(2)]
    for (const node of [a, b]) node.put(fakeDoc(fleetDocId, 0, [envelope(fleetDocId, 0, 'admin', 1)]))
    edit(b, fleetDocId, 'second admin')
    const traffic = exchange(a, b, () => false, 'fleet')
    assert.equal(a.docs.get(fleetDocId)?.digest, b.docs.get(fleetDocId)?.digest)
    assert.equal(traffic.envelopes, 1)
    assert.equal(b.docs.size, 3)
  })

  it('bounds what one hostile frame sets in motion', () => {
    const node = filled(5_000)
    const lie: EntriesFrame = {
      kind: 'entries',
      turn: 0,
      root: '00'.repeat(8),
      partial: false,
      sections: [{ leaf: null, after: '', upTo: '', entries: [] }],
    }
    const answer = answerSync({ crypto, index: node.index, scope: 'pool', docOf: (id) => node.docs.get(id), frame: lie })
    assert.ok(answer.send.length * 300 <= syncLimits.sendBytesMax)
    assert.equal(answer.replies.length, 1)
    assert.equal(answer.replies[0]?.kind, 'more')
  })

  it('ignores unknown documents and entries outside of the section that they claim to be in', () => {
    const node = filled(50)
    const clocks = answerSync({
      crypto,
      index: node.index,
      scope: 'pool',
      docOf: (id) => node.docs.get(id),
      frame: {
        kind: 'clocks',
        turn: 9,
        root: '00'.repeat(8),
        partial: false,
        answer: false,
        clocks: [{ doc: 'job/x/y' as DocId, epoch: 3, actors: [] }],
      },
    })
    assert.deepEqual(clocks, { send: [], replies: [] })
    const outside = answerSync({
      crypto,
      index: node.index,
      scope: 'pool',
      docOf: (id) => node.docs.get(id),
      frame: {
        kind: 'entries',
        turn: 9,
        root: '00'.repeat(8),
        partial: false,
        sections: [{ leaf: null, after: 'zzz', upTo: '', entries: [{ doc: 'job/x/y' as DocId, epoch: 3, digest: '11'.repeat(8) }] }],
      },
    })
    assert.deepEqual(outside, { send: [], replies: [] })
  })

  it('asks for everything instead of listing too many actors', () => {
    const [a, b] = [new Node(), new Node()]
    const doc = nodeDocId(testSigner(1).node)
    const many = Array.from({ length: syncLimits.actorsMax + 1 }, (_, n) => envelope(doc, 0, `actor ${n}`, 1))
    a.put(fakeDoc(doc, 0, many))
    b.put(fakeDoc(doc, 0, [...many, envelope(doc, 0, 'one more', 1)]))
    const traffic = exchange(a, b)
    assert.equal(a.root, b.root)
    assert.equal(a.docs.get(doc)?.clock.get(actorOf('one more') satisfies ActorId)?.seq, 1)
    assert.ok(traffic.largestFrame < 1_000)
  })
})
