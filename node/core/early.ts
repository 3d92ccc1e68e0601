// Envelopes that came before what they build on: gossip brings them by several ways, and the second may overtake the first. They are kept
// until that comes, so that it counts at once and not only after the next exchange; what nothing completes makes way for the next.

import type { Envelope } from '../../crdt/envelope.ts'
import type { DocId } from '../../crdt/ids.ts'
import { coreLimits } from './limits.ts'
import type { State } from './state.ts'

export type Early = Pick<Envelope, 'doc' | 'hash' | 'bytes'>

/** Only what the gate found genuine but for what is missing. */
export function keepEarly(state: State, { doc, hash, bytes }: Early): void {
  const { earlyEnvelopesMax, earlyOfDocMax, earlyBytesMax } = coreLimits
  const kept = earlyOf(state, doc)
  if (bytes.length > earlyBytesMax || kept.some((one) => one.hash === hash)) return
  if (kept.length >= earlyOfDocMax) dropEarly(state, kept[0]!)
  // A copy: it would hold the whole frame otherwise.
  state.early.push({ doc, hash, bytes: bytes.slice() })
  let size = state.early.reduce((sum, one) => sum + one.bytes.length, 0)
  while (state.early.length > earlyEnvelopesMax || size > earlyBytesMax) size -= state.early.shift()!.bytes.length
}

/** What waits for changes of this document, first come first. */
export function earlyOf(state: State, doc: DocId): Early[] {
  return state.early.filter((one) => one.doc === doc)
}

export function dropEarly(state: State, early: Early): void {
  state.early = state.early.filter((one) => one !== early)
}
