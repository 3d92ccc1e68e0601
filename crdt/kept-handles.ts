// Handles of documents that changed lately, so that the next change of one does not have to open it again: opening is most of what
// an admission costs. A handle is kept under the very bytes that it saved or was opened from, so it can only ever stand for them:
// whether one is here decides what a call costs, never what it gives. Whoever owns this bounds it, and no two owners share one.

import type { Doc } from './doc.ts'
import { type OwnedHandle, openHandle } from './replica-handle.ts'

export interface KeptHandles {
  /** The document's handle, which is the caller's from now on. Throws like `openHandle`. */
  take(doc: Pick<Doc, 'saved' | 'heads'>): OwnedHandle
  /** Takes over the handle of a document that saves, or saved, as these bytes. */
  keep(saved: Uint8Array, handle: OwnedHandle): void
  /** Frees them all. */
  clear(): void
}

/** For those who touch a document once. */
export const keepNone: KeptHandles = { take: openHandle, keep: (_saved, handle) => handle.free(), clear: () => undefined }

export interface KeptBounds {
  readonly countMax: number
  /** Of saved bytes; inside the wasm module a document takes about fourteen times as many. */
  readonly bytesMax: number
}

export function createKeptHandles({ countMax, bytesMax }: KeptBounds): KeptHandles {
  /** Longest unused first. */
  const kept = new Map<Uint8Array, OwnedHandle>()
  let bytes = 0

  function remove(saved: Uint8Array): OwnedHandle | undefined {
    const handle = kept.get(saved)
    if (kept.delete(saved)) bytes -= saved.length
    return handle
  }

  return {
    take: (doc) => remove(doc.saved) ?? openHandle(doc),
    keep(saved, handle) {
      remove(saved)?.free()
      kept.set(saved, handle)
      bytes += saved.length
      for (const [oldest, other] of kept) {
        if (kept.size <= countMax && bytes <= bytesMax) return
        remove(oldest)
        other.free()
      }
    },
    clear() {
      for (const handle of kept.values()) handle.free()
      kept.clear()
      bytes = 0
    },
  }
}
