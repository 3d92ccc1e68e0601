// What a frame of anti-entropy shows of one document beside its purpose: that the sender holds it just as it is here.

import type { SyncInput } from './anti-entropy.ts'
import { branchHashes, digestOf, fanOut, leafHashes, leafOf, rootOf } from './digest-index.ts'
import type { DocId } from './ids.ts'

/** False: it does not hold it so, or the frame does not say. */
export function showsSame({ crypto, index, frame }: Pick<SyncInput, 'crypto' | 'index' | 'frame'>, doc: DocId): boolean {
  const digest = digestOf(index, doc)
  // The root that such a frame names is the receiver's own.
  if (digest === undefined || frame.kind === 'more') return false
  if (frame.root === rootOf(crypto, index)) return true
  const leaf = leafOf(doc)
  const [branch, place] = [Math.trunc(leaf / fanOut), leaf % fanOut]
  switch (frame.kind) {
    case 'branches':
      return frame.hashes[branch] === branchHashes(crypto, index)[branch]
    case 'leaves':
      return frame.branches.some((shown) => shown.branch === branch && shown.hashes[place] === leafHashes(crypto, index, branch)[place])
    case 'entries':
      return frame.sections.some(({ entries }) => entries.some((entry) => entry.doc === doc && entry.digest === digest))
    default:
      return false
  }
}
