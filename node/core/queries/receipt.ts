// Who has a change so far: nodes whose own document records exactly the heads that this node has. And, for a compaction, what each
// of them has recorded.

import type { RecordedRow } from '../../../crdt/api-nodes.ts'
import type { Reply } from '../../../crdt/api-types.ts'
import { type DocId, compareText } from '../../../crdt/ids.ts'
import { type NodeView, isAwaited } from '../../../crdt/view.ts'
import type { State, Step } from '../state.ts'
import { coverageOf } from './coverage.ts'

/** `wanted` confirmations make the receipt final; this node counts as one, and an evicted one does not. */
export function receiptReply(step: Step, documents: readonly DocId[], wanted: number): Reply {
  const { state } = step
  const { self } = state.boot.config
  const coverage = coverageOf(step)
  const confirmedBy = [...state.view.nodes.values()]
    .filter((node) => node.id !== self && isAwaited(node) && documents.every((id) => node.receipts[id] === state.docs.get(id)?.digest))
    .map((node) => node.name)
    .sort(compareText)
  const all = [coverage.nodeName, ...confirmedBy]
  return {
    kind: 'receipt',
    coverage,
    accepted: [...documents].sort(compareText),
    confirmedBy: all,
    final: all.length >= wanted,
  }
}

export function receiptsReply(step: Step, doc: DocId): Reply {
  const { state } = step
  const nodes = [...state.view.nodes.values()]
    .filter(isAwaited)
    .map((node) => recordedRow(state, node, doc))
    .sort((a, b) => compareText(a.name, b.name) || compareText(a.node, b.node))
  return { kind: 'receipts', coverage: coverageOf(step), doc, nodes }
}

/** This node holds its documents already when its record of them is still due. */
function recordedRow(state: State, { id, name, liveness, receipts }: NodeView, doc: DocId): RecordedRow {
  const digest = id === state.boot.config.self ? state.docs.get(doc)?.digest : receipts[doc]
  return { node: id, name, liveness, digest: digest ?? null }
}
