// Envelopes that came before what they build on: gossip brings them by several ways, and the second may overtake the first. They are kept
// until that comes, so that one which was overtaken costs no round of anti-entropy; what nothing completes makes way for the next.

import type { DocId } from '../../crdt/ids.ts'
import { coreLimits } from './limits.ts'
import type { State } from './state.ts'

export interface Early {
  readonly doc: DocId
  readonly bytes: Uint8Array
}

/** Only what the gate found genuine but for what is missing. */
export function keepEarly(state: State, early: Early): void {
  const { earlyEnvelopesMax, earlyOfDocMax, earlyBytesMax } = coreLimits
  if (early.bytes.length > earlyBytesMax) return
  const kept = state.early.filter(({ doc }) => doc === early.doc)
  if (kept.some(({ bytes }) => areSame(bytes, early.bytes))) return
  const oldest = kept.length >= earlyOfDocMax ? kept[0] : undefined
  // A copy: it would hold the whole frame otherwise.
  state.early = [...state.early.filter((one) => one !== oldest), { doc: early.doc, bytes: early.bytes.slice() }]
  let size = state.early.reduce((sum, { bytes }) => sum + bytes.length, 0)
  while (state.early.length > earlyEnvelopesMax || size > earlyBytesMax) size -= state.early.shift()!.bytes.length
}

/** Takes out what may have been waiting for a change of this document, first come first. */
export function takeEarly(state: State, doc: DocId): Early[] {
  const taken = state.early.filter((one) => one.doc === doc)
  if (taken.length > 0) state.early = state.early.filter((one) => one.doc !== doc)
  return taken
}

function areSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}
