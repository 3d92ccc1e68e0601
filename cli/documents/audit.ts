// What operators changed in a document, one row for each signed change. The document was rebuilt through the gate, so that every row's
// signature was checked here and not by the peer. When it was written is what its author's clock said.

import type { Doc } from '../../crdt/doc.ts'
import { type DocId, compareText } from '../../crdt/ids.ts'
import type { Registers, Scalar } from '../../crdt/registers.ts'
import { type HistoryEntry, historyOf, registersAt } from '../../crdt/replica-history.ts'

export interface AuditRow {
  readonly hash: string
  /** Wall-clock seconds by the author's clock; 0: not said. */
  readonly time: number
  readonly doc: DocId
  /** Of a job, or a wish about a board; null: the fleet's own document. */
  readonly pool: string | null
  /** Key that signed it. */
  readonly author: string
  /** Each run of a command writes as an actor of its own: changes of one run have the same. */
  readonly run: string
  /** false: its key is revoked and nobody vouched for it, or fewer admins have signed it than it takes. */
  readonly counts: boolean
  readonly changes: readonly AuditChange[]
}

export interface AuditChange {
  readonly path: string
  /** As the author saw it; null: there was nothing. */
  readonly before: Scalar
  readonly after: Scalar
}

/** In causal order. */
export function auditRows(doc: Doc): AuditRow[] {
  const whole = doc.judged?.of ?? doc
  const rows: AuditRow[] = []
  let seen: Registers = new Map()
  let last: HistoryEntry | undefined
  for (const entry of historyOf(whole)) {
    if (!buildsOn(entry, last)) seen = registersAt(whole, entry.deps)
    rows.push(rowOf(doc, entry, seen))
    seen = new Map([...seen, ...entry.writes])
    last = entry
  }
  return rows
}

/** The usual case, in which nothing need be read again. */
function buildsOn({ deps }: HistoryEntry, last: HistoryEntry | undefined): boolean {
  return deps.length === (last === undefined ? 0 : 1) && deps[0] === last?.hash
}

function rowOf(doc: Doc, { hash, time, author, actor, writes }: HistoryEntry, seen: Registers): AuditRow {
  const paths = [...writes.keys()].sort(compareText)
  return {
    hash,
    time,
    doc: doc.id,
    pool: doc.kind === 'fleet' ? null : doc.pool,
    author,
    run: actor,
    counts: doc.judged?.voided.has(hash) !== true,
    changes: paths.map((path) => ({ path, before: seen.get(path) ?? null, after: writes.get(path) ?? null })),
  }
}
