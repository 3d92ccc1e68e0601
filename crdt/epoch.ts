// Compaction: a document starts anew at epoch + 1 from what is worth keeping, and its history is dropped. Everybody takes the
// higher signed epoch. A node does it with its own document; the other kinds only at an operator's command. The new epoch is
// one envelope wherever it fits, so that nobody takes a half-told document for the whole.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import type { Author } from './envelope.ts'
import { assert } from './errors.ts'
import { type KeptHandles, keepNone } from './kept-handles.ts'
import { limits } from './limits.ts'
import type { Registers, Scalar } from './registers.ts'
import { type Edited, editDoc, emptyDoc } from './replica.ts'

/** Whether the document's history has grown enough to be dropped. Never right after a compaction. */
export function needsCompaction(doc: Doc): boolean {
  const { changeCount, saved, kind } = doc
  if (kind !== 'node') return changeCount >= limits.docChangesAim || saved.length >= limits.docBytesAim
  const changesAim = Math.max(limits.nodeDocChangesAim, Math.trunc(doc.registers.size / limits.registersPerRewriteChange))
  if (changeCount >= changesAim) return true
  if (doc.registers.size >= limits.nodeDocRegistersAim && deletedOf(doc) >= limits.rewriteDeletedMin) return true
  return saved.length >= limits.nodeDocBytesAim && changeCount >= limits.rewriteChangesMin
}

/** Deleted registers count like others until the next epoch leaves them out. */
function deletedOf(doc: Doc): number {
  let deleted = 0
  for (const value of doc.registers.values()) if (value === null) deleted++
  return deleted
}

/** The document at its next epoch, holding what `keep` holds (deleted registers are left out). */
export function compactDoc(
  crypto: Crypto,
  doc: Doc,
  author: Author,
  keep: Registers,
  timeSeconds: number = 0,
  handles: KeptHandles = keepNone,
): Edited {
  const kept = new Map<string, Scalar>()
  for (const [path, value] of keep) if (value !== null) kept.set(path, value)
  assert(kept.size > 0, 'an epoch without a single register could not be told to anybody')
  const fresh = emptyDoc(crypto, doc.id, doc.pool, doc.epoch + 1, doc.base + doc.changeCount)
  return editDoc(crypto, fresh, author, kept, timeSeconds, handles)
}
