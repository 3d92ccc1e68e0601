// Documents from the store at boot. A record that cannot be read is rebuilt from its signed changes, a signed change that is gone is
// asked for again, and what belongs to a pool that this board has left is forgotten. Upholds invariants 4, 7 and 18.

import type { Doc } from '../../crdt/doc.ts'
import { fleetDocId, nodeDocId } from '../../crdt/ids.ts'
import { authorityHere, docKey, envelopeKey, put, receive } from './documents.ts'
import type { StoreRecords } from './event.ts'
import { showDigest } from './shown.ts'
import { type State, type Step, note } from './state.ts'

/** Fills the state from the records that the store held. `moved`: this board was in another pool when it went down. */
export function restore(step: Step, records: StoreRecords): { readonly moved: boolean } {
  const { state } = step
  const stored = new Set(records.filter(([key]) => key.startsWith('env/')).map(([key]) => key.slice('env/'.length)))
  let moved = false
  for (const [key, bytes] of records) {
    if (!key.startsWith('doc/')) continue
    const doc = state.engine.decodeDoc(bytes)
    if (!doc.ok) note(step, `the record of ${key.slice('doc/'.length)} is damaged and is rebuilt from its signed changes: ${doc.message}`)
    else if (doc.value.kind === 'fleet' || doc.value.pool === state.boot.config.pool) take(step, doc.value, stored)
    else moved = forget(step, doc.value) || moved
  }
  for (const bytes of state.boot.config.fleetEnvelopes) receive(step, bytes, true)
  rebuild(step, records)
  return { moved }
}

function take(step: Step, doc: Doc, stored: ReadonlySet<string>): void {
  const { state } = step
  state.docs.set(doc.id, doc)
  const lost = doc.envelopes.filter((ref) => !stored.has(ref.hash))
  if (lost.length > 0) note(step, `${lost.length} signed changes of ${doc.id} are gone from this disk`)
  // The own document is written anew: nobody else may be able to send it.
  if (doc.id === nodeDocId(state.boot.config.self)) state.ownEpochFloor = lost.length > 0 ? doc.epoch + 1 : state.ownEpochFloor
  else for (const ref of lost) state.lacking.add(ref.hash)
  showDigest(state, doc)
}

/** A document of the pool that the board was in before. True for the board's own. */
function forget(step: Step, doc: Doc): boolean {
  const { state } = step
  const keys = [docKey(doc.id), ...doc.envelopes.map((ref) => envelopeKey(ref.hash))]
  step.out.push({ kind: 'persist', writes: keys.map((key) => ({ key, value: null })), sync: false })
  if (doc.id !== nodeDocId(state.boot.config.self)) return false
  state.ownEpochFloor = doc.epoch + 1
  note(step, `this board was in pool ${doc.pool} and is in ${state.boot.config.pool} now: it starts anew there`)
  return true
}

/** Admits stored envelopes whose document did not come back; several rounds, since keys are hashes and say nothing of order. */
function rebuild(step: Step, records: StoreRecords): void {
  const known = new Set([...step.state.docs.values()].flatMap((doc) => doc.envelopes.map((ref) => envelopeKey(ref.hash))))
  let waiting = records.filter(([key]) => key.startsWith('env/') && !known.has(key)).map(([, bytes]) => bytes)
  for (let before = -1; waiting.length > 0 && waiting.length !== before;) {
    before = waiting.length
    waiting = waiting.filter((bytes) => isWorthWaiting(step, bytes))
  }
}

/** Takes the envelope in, or says whether it may be taken once others have been. */
function isWorthWaiting(step: Step, bytes: Uint8Array): boolean {
  const { state } = step
  const decoded = state.engine.decodeEnvelope(bytes)
  if (!decoded.ok || !belongsHere(state, decoded.value)) return false
  const known = state.docs.get(decoded.value.doc)
  const admitted = state.engine.admit(known, decoded.value, authorityHere(state))
  if (admitted.ok && admitted.value.kind === 'applied') put(step, known, admitted.value.doc, [admitted.value.envelope], false)
  return !admitted.ok && (admitted.code === 'E_MISSING' || admitted.code === 'E_RIGHT')
}

function belongsHere(state: State, envelope: { readonly doc: string; readonly pool: string }): boolean {
  return envelope.doc === fleetDocId || envelope.pool === state.boot.config.pool
}
