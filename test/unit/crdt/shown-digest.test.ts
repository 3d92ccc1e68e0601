// What every frame of an exchange says of a document that is the same, and of one that is not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type SyncFrame, answerSync, createIndex, openSync, setDigest } from '../../../crdt/anti-entropy.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { type DigestIndex, digestOf } from '../../../crdt/digest-index.ts'
import type { DocId } from '../../../crdt/ids.ts'
import { showsSame } from '../../../crdt/shown-digest.ts'
import { testCrypto } from '../../support/crypto.ts'

const crypto = testCrypto()
const idOf = (at: number): DocId => `job/default/j${at}` as DocId

function indexOf(docs: number, newer: ReadonlySet<number> = new Set()): DigestIndex {
  const index = createIndex()
  for (let at = 0; at < docs; at++) setDigest(index, idOf(at), newer.has(at) ? 'new' : 'old')
  return index
}

/** All frames of one exchange in which neither sends any document, each with who gets it. */
function framesBetween(
  one: DigestIndex,
  other: DigestIndex,
): { readonly frame: SyncFrame; readonly at: DigestIndex; readonly from: DigestIndex }[] {
  const found = []
  let [from, at] = [one, other]
  let frames: readonly SyncFrame[] = [openSync(crypto, one, 'pool')]
  while (frames.length > 0) {
    for (const frame of frames) found.push({ frame, at, from })
    const docOf = (id: DocId): Doc => ({ id, epoch: 0, digest: digestOf(at, id), envelopes: [], clock: new Map() }) as unknown as Doc
    frames = frames.flatMap((frame) => answerSync({ crypto, index: at, scope: 'pool', docOf, frame }).replies)
    if (found.length > 20) break
    ;[from, at] = [at, from]
  }
  return found
}

test('a frame never shows as the same what differs; one of them shows each document that is', () => {
  const kinds = new Set<string>()
  for (const [docs, newer] of [
    [5, new Set([2])],
    [500, new Set([7])],
    [500, new Set([7, 8, 9])],
    // More than one chain of frames compares.
    [500, new Set([7, 8, 9, 10, 11])],
    [3, new Set<number>()],
  ] as const) {
    const frames = framesBetween(indexOf(docs), indexOf(docs, newer))
    let shown = 0
    for (const { frame, at, from } of frames) {
      for (let doc = 0; doc < docs; doc++) {
        const isSame = showsSame({ crypto, index: at, frame }, idOf(doc))
        if (!isSame) continue
        assert.equal(digestOf(at, idOf(doc)), digestOf(from, idOf(doc)), `${frame.kind} of ${docs}: ${doc}`)
        kinds.add(frame.kind)
        shown++
      }
    }
    const isWhole = frames.every(({ frame }) => !('partial' in frame && frame.partial))
    if (isWhole) assert.ok(shown >= docs - newer.size, `${shown} of ${docs}`)
  }
  assert.deepEqual([...kinds].toSorted(), ['branches', 'entries', 'leaves', 'root', 'same'])
})

test('what is not here is the same as nothing', () => {
  const [one, other] = [indexOf(3), indexOf(3)]
  assert.equal(showsSame({ crypto, index: other, frame: openSync(crypto, one, 'pool') }, idOf(7)), false)
})
