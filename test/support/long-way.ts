// Handles on which no change can be made anew, so that the gate has to go its long way: the change is checked field by field, applied,
// saved and opened again.

import type { KeptHandles } from '../../crdt/kept-handles.ts'
import { type OwnedHandle, openHandle } from '../../crdt/replica-handle.ts'

function withoutCommit(handle: OwnedHandle): OwnedHandle {
  return { ...handle, commit: () => null, fork: (actor) => withoutCommit(handle.fork(actor)) }
}

export const longWay: KeptHandles = {
  take: (doc) => withoutCommit(openHandle(doc)),
  keep: (_saved, handle) => handle.free(),
  clear: () => undefined,
}
