// What peers see of this node's documents: the digests that they compare, and what is sent to them. A document of which the store has
// lost signed changes is shown as what is left of it without them, so that whoever has more sends it, and two boards that have each lost
// something else mend one another. Upholds invariants 16 and 18.

import { removeDigest, setDigest } from '../../crdt/anti-entropy.ts'
import { cutBack } from '../../crdt/cut-back.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type DocId, fleetDocId } from '../../crdt/ids.ts'
import type { State, Step } from './state.ts'

/**
 * Whenever a document, or what the store lacks of it, has changed. One that lacks something is hidden until the next comparison: to cut it
 * back costs a look at every change. A node's document stays hidden, since its owner has all of it and is asked by that for all of it.
 */
export function showDigest(state: State, doc: Doc): void {
  // Mostly nothing is lacking, and a document has many envelopes.
  if (state.lacking.size > 0 && doc.envelopes.some((ref) => state.lacking.has(ref.hash))) {
    hide(state, doc.id)
    if (doc.kind !== 'node') state.shownDocs.toCut.add(doc.id)
  } else {
    state.shownDocs.toCut.delete(doc.id)
    state.shownDocs.left.delete(doc.id)
    show(state, doc)
  }
}

export function hide(state: State, id: DocId): void {
  state.shownDocs.toCut.delete(id)
  state.shownDocs.left.delete(id)
  removeDigest(state.index.pool, id)
  if (id === fleetDocId) removeDigest(state.index.fleet, id)
}

/** Before digests are compared. A document of which nothing is left stays hidden. */
export function showWhatIsLeft({ state, env }: Step): void {
  for (const id of state.shownDocs.toCut) {
    const left = cutBack(env.crypto, state.docs.get(id)!, (ref) => state.lacking.has(ref.hash))
    if (left === null) continue
    state.shownDocs.left.set(id, left)
    show(state, left)
  }
  state.shownDocs.toCut.clear()
}

export function shownDoc(state: State, id: DocId): Doc | undefined {
  return state.shownDocs.left.get(id) ?? state.docs.get(id)
}

function show(state: State, doc: Doc): void {
  if (doc.id === fleetDocId) setDigest(state.index.fleet, doc.id, doc.digest)
  setDigest(state.index.pool, doc.id, doc.digest)
}
