// The hash by which two nodes tell whether they see the same: over canonical text, so that neither the order in which documents
// arrived nor the order of keys matters. A settled view changes a little at a time, and a hash of all of it would be work for
// every read: the hashes of inner objects are remembered by identity (views are immutable).

import type { Crypto } from './crypto.ts'
import { canonicalText, shortHash } from './documents/canonical.ts'
import type { AllocId, Generation, NodeId, SlotId } from './ids.ts'
import type { View } from './view.ts'

// A pure function's memory: it can be forgotten at any time without changing an answer.
const remembered = new WeakMap<Crypto, WeakMap<object, string>>()

/** 32 hex digits. */
export function viewHash(crypto: Crypto, view: View): string {
  const parts = [view.nodes, view.jobs, view.claims].map((map) => hashOfMap(crypto, map as ReadonlyMap<string, object>))
  return shortHash(crypto, canonicalText([view.pool, hashOf(crypto, view.fleet), ...parts]), 32)
}

function hashOfMap(crypto: Crypto, map: ReadonlyMap<string, object>): string {
  return recall(crypto, map, () => canonicalText(new Map([...map].map(([key, value]) => [key, hashOf(crypto, value)]))))
}

function hashOf(crypto: Crypto, value: object): string {
  return recall(crypto, value, () => canonicalText(value))
}

function recall(crypto: Crypto, value: object, textOf: () => string): string {
  let known = remembered.get(crypto)
  if (known === undefined) remembered.set(crypto, (known = new WeakMap()))
  let hash = known.get(value)
  if (hash === undefined) known.set(value, (hash = shortHash(crypto, textOf(), 32)))
  return hash
}

/** Names one claim being carried out: the same on every node. */
export function allocId(crypto: Crypto, slot: SlotId, node: NodeId, generation: Generation): AllocId {
  return shortHash(crypto, `alloc ${slot} ${node} ${generation}`, 16) as AllocId
}
