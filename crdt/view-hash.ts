// The hash by which two nodes tell whether they see the same. Every part (node, job, the claims of a slot) is hashed over canonical
// text, so key order does not matter, and the parts are added up, so the order in which documents arrived does not either. Parts
// are remembered by identity (views are immutable): a hash in a settled pool of twenty thousand claims costs what changed.
// Adding up is no defence against somebody who constructs parts on purpose; whoever wants to lie about its view can do so anyway.

import type { Crypto } from './crypto.ts'
import { canonicalText, shortHash } from './documents/canonical.ts'
import type { AllocId, Generation, NodeId, SlotId } from './ids.ts'
import type { View } from './view.ts'

/** 128 bits as four numbers of 32. */
type Sum = Uint32Array

// A pure function's memory: it can be forgotten at any time without changing an answer.
const remembered = new WeakMap<Crypto, WeakMap<object, Sum>>()

/** 32 hex digits. */
export function viewHash(crypto: Crypto, view: View): string {
  const memory = memoryOf(crypto)
  const ofPart = (part: object): Sum => recall(memory, part, () => crypto.sha256(new TextEncoder().encode(canonicalText(part))))
  // Each part names its own node, job or slot, so keys need not be hashed.
  const sums = [view.nodes, view.jobs, view.claims].map((parts) => [parts.size, ...sumOf(memory, parts, ofPart)])
  return shortHash(crypto, canonicalText([view.pool, [...ofPart(view.fleet)], sums]), 32)
}

function memoryOf(crypto: Crypto): WeakMap<object, Sum> {
  let memory = remembered.get(crypto)
  if (memory === undefined) remembered.set(crypto, (memory = new WeakMap()))
  return memory
}

function sumOf(memory: WeakMap<object, Sum>, parts: ReadonlyMap<string, object>, ofPart: (part: object) => Sum): Sum {
  const known = memory.get(parts)
  if (known !== undefined) return known
  const sum = new Uint32Array(4)
  for (const part of parts.values()) {
    const one = ofPart(part)
    // Each number wraps around at 2^32.
    for (let i = 0; i < 4; i++) sum[i] = (sum[i] ?? 0) + (one[i] ?? 0)
  }
  memory.set(parts, sum)
  return sum
}

function recall(memory: WeakMap<object, Sum>, part: object, digestOf: () => Uint8Array): Sum {
  const known = memory.get(part)
  if (known !== undefined) return known
  const digest = digestOf()
  const sum = new Uint32Array(4)
  // Byte by byte: a typed array over the bytes would read them in the board's own byte order.
  for (let i = 0; i < 16; i++) sum[i >> 2] = ((sum[i >> 2] ?? 0) << 8) | (digest[i] ?? 0)
  memory.set(part, sum)
  return sum
}

/** Names one claim being carried out: the same on every node. */
export function allocId(crypto: Crypto, slot: SlotId, node: NodeId, generation: Generation): AllocId {
  return shortHash(crypto, `alloc ${slot} ${node} ${generation}`, 16) as AllocId
}
