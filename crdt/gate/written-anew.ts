// The strictest test of a change, and the cheapest: make it again. An honest change that builds on everything here is what this Automerge
// itself writes on the same document from the same values, as the same actor, at the same time. When that gives the same bytes, the
// change names the dependencies, operation numbers and predecessors that it must, it is encoded as it must be, and the document that
// now holds it is the one that its author has. Nothing is left to ask; an author does not open again what it has written either.

import type { DocKind } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { type DecodedChange, type Handle, decodeChange } from '../replica-handle.ts'
import { checkWrite, sameBytes } from './change-body.ts'
import type { CheckedHead } from './change-head.ts'

function decode(bytes: Uint8Array): DecodedChange | null {
  try {
    return decodeChange(bytes)
  } catch {
    return null
  }
}

function putAll(handle: Handle, kind: DocKind, change: DecodedChange, written: Map<string, Scalar>): boolean {
  const paths = new Set<string>()
  for (const op of change.ops) {
    const write = checkWrite(kind, op)
    if (!write.ok) return false
    const [path, value] = write.value
    if (paths.has(path)) return false
    paths.add(path)
    handle.put(path, value)
    written.set(path, value)
  }
  return true
}

/**
 * Writes these changes, in order, to a handle whose commits are their author's. What they wrote; null when this Automerge would have
 * made others, or may not make them, and then the handle is good for nothing any more.
 */
export function writeAnew(handle: Handle, kind: DocKind, changes: readonly CheckedHead[]): ReadonlyMap<string, Scalar> | null {
  const written = new Map<string, Scalar>()
  for (const { head, bytes } of changes) {
    const change = decode(bytes)
    if (change === null || !putAll(handle, kind, change, written)) return null
    const made = handle.commit(head.time)
    if (made === null || !sameBytes(made, bytes)) return null
  }
  return written
}
