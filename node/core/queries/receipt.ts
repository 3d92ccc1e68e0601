// Who has a change so far: nodes whose own document records exactly the heads that this node has.

import type { Reply } from '../../../crdt/api-types.ts'
import { type DocId, compareText } from '../../../crdt/ids.ts'
import type { Step } from '../state.ts'
import { coverageOf } from './coverage.ts'

/** `wanted` confirmations make the receipt final; this node counts as one. */
export function receiptReply(step: Step, documents: readonly DocId[], wanted: number): Reply {
  const { state } = step
  const { self, name } = state.boot.config
  const confirmedBy = [...state.view.nodes.values()]
    .filter((node) => node.id !== self && documents.every((id) => node.receipts[id] === state.docs.get(id)?.digest))
    .map((node) => node.name)
    .sort(compareText)
  const all = [name, ...confirmedBy]
  return {
    kind: 'receipt',
    coverage: coverageOf(step),
    accepted: [...documents].sort(compareText),
    confirmedBy: all,
    final: all.length >= wanted,
  }
}
