// A 16-ary tree of hashes, two levels deep, over the digests of all documents of one scope. Two nodes find the documents in
// which they differ by comparing root, branches and leaves instead of lists. Equal contents give equal hashes whatever the
// order in which they were set. It knows nothing of peers, epochs or frames (`anti-entropy.ts`).

import type { Crypto } from './crypto.ts'
import { type DocId, compareText, hex } from './ids.ts'

/** Two levels of sixteen: about four documents a leaf at 1,000 documents, forty at 10,000. */
export const fanOut = 16
export const leafCount = fanOut * fanOut

/** 64 bits: accidental collisions do not happen at this scale, and whoever could forge one could as well write a document. */
const hashBytes = 8
export const emptyHash = '0'.repeat(2 * hashBytes)

interface Leaf {
  readonly digests: Map<DocId, string>
  hash: string | null
}

/** Where nothing is: most leaves of most boards, which would take a hundred kilobytes. Never changed. */
const bare: Leaf = { digests: new Map(), hash: emptyHash }

/** Mutable, owned by whoever made it. Hashes are computed when asked for and kept until something below them changes. */
export interface DigestIndex {
  readonly leaves: Leaf[]
  readonly branches: (string | null)[]
  root: string | null
  /** How often an exchange was opened: turns where a bounded exchange begins, so that no difference starves. */
  turn: number
}

export function createIndex(): DigestIndex {
  return {
    leaves: Array.from({ length: leafCount }, () => bare),
    branches: Array.from({ length: fanOut }, () => null),
    root: null,
    turn: 0,
  }
}

/** `digest` is `Doc.digest`. */
export function setDigest(index: DigestIndex, doc: DocId, digest: string): void {
  const at = leafOf(doc)
  const leaf = index.leaves[at]!
  if (leaf.digests.get(doc) === digest) return
  if (leaf === bare) index.leaves[at] = { digests: new Map([[doc, digest]]), hash: null }
  else leaf.digests.set(doc, digest)
  markChanged(index, doc)
}

export function removeDigest(index: DigestIndex, doc: DocId): void {
  if (index.leaves[leafOf(doc)]!.digests.delete(doc)) markChanged(index, doc)
}

export function digestOf(index: DigestIndex, doc: DocId): string | undefined {
  return index.leaves[leafOf(doc)]!.digests.get(doc)
}

export function docCount(index: DigestIndex): number {
  return index.leaves.reduce((count, leaf) => count + leaf.digests.size, 0)
}

/** Documents of a leaf (null: of all leaves), in order of their ids. */
export function docsIn(index: DigestIndex, leaf: number | null): DocId[] {
  const leaves = leaf === null ? index.leaves : [index.leaves[leaf]!]
  return leaves.flatMap((each) => [...each.digests.keys()]).toSorted(compareText)
}

export function rootOf(crypto: Crypto, index: DigestIndex): string {
  index.root ??= hashOf(crypto, branchHashes(crypto, index).join(''))
  return index.root
}

export function branchHashes(crypto: Crypto, index: DigestIndex): readonly string[] {
  for (let branch = 0; branch < fanOut; branch++) {
    index.branches[branch] ??= hashOf(crypto, leafHashes(crypto, index, branch).join(''))
  }
  return index.branches as readonly string[]
}

export function leafHashes(crypto: Crypto, index: DigestIndex, branch: number): readonly string[] {
  return index.leaves.slice(branch * fanOut, (branch + 1) * fanOut).map((leaf) => (leaf.hash ??= hashOfLeaf(crypto, leaf)))
}

/** FNV-1a, folded to eight bits. Names that crowd one leaf cost bytes, never correctness, so no stronger hash is needed. */
export function leafOf(doc: DocId): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < doc.length; i++) hash = Math.imul(hash ^ doc.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & 0xff
}

function markChanged(index: DigestIndex, doc: DocId): void {
  const leaf = leafOf(doc)
  index.leaves[leaf]!.hash = null
  index.branches[Math.trunc(leaf / fanOut)] = null
  index.root = null
}

function hashOfLeaf(crypto: Crypto, leaf: Leaf): string {
  if (leaf.digests.size === 0) return emptyHash
  const docs = [...leaf.digests.keys()].toSorted(compareText)
  return hashOf(crypto, docs.map((doc) => `${doc} ${leaf.digests.get(doc)}\n`).join(''))
}

function hashOf(crypto: Crypto, text: string): string {
  return hex(crypto.sha256(new TextEncoder().encode(text)).subarray(0, hashBytes))
}
