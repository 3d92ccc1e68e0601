// `job compact` at one board, as the CLI does it: what it asks before it drops a history, and what must be so once it has.

import { canonicalText } from '../../crdt/documents/canonical.ts'
import { jobPaths, jobView } from '../../crdt/documents/job.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type JobId, jobDocId } from '../../crdt/ids.ts'
import type { RecordedRow } from '../../crdt/api-nodes.ts'
import { judgedHere } from '../../node/core/documents.ts'
import type { Board } from '../board.ts'
import { chaosCrypto } from './crypto.ts'
import { chaosJobId } from './own-jobs.ts'
import type { EventOf } from './plan.ts'
import { answering, epochAt, handIn, hashOf, hashesAt, signedOrNull } from './put.ts'
import type { Stage } from './stage.ts'

/** So long changes and what boards record of them may take to spread (docs/adr/0008 says about a second, of a healthy network). */
const spreadMsMax = 60_000

export function compactJob(stage: Stage, event: EventOf<'compact'>): void {
  const { world, operator, witness } = stage
  const board = answering(stage, event.via)
  const job = chaosJobId(event.job)
  const id = jobDocId(job)
  const doc = board?.core?.state == null ? undefined : judgedHere(board.core.state, id)
  if (board === null || doc === undefined || !mayCompact(stage, board, doc, job)) return
  const recorded = recordedBy(stage, board, doc)
  // A slow board answers later, and its operator has gone by then.
  if (recorded === null) return witness.note(`${event.via} does not say who has ${id}`)
  const behind = recorded.filter(({ digest, liveness }) => digest !== doc.digest || liveness !== 'alive')
  if (behind.length > 0 && !event.force) {
    witness.saw('compaction-refused')
    return witness.note(`${event.via} does not drop the history of ${job}: ${behind.map(({ name }) => name).join(', ')} may have another`)
  }
  const before = hashesAt(board, id)
  const said = sayingOf(board, job)
  const envelopes = signedOrNull(stage, board, id, () => operator.compact(world, board, id, board.spec.pool ?? 'default'))
  if (envelopes === null) return
  witness.rules.revokedKey.stands(before)
  if (doc.registers.get(jobPaths.desired) !== 'removed') for (const bytes of envelopes) witness.rules.removedJobs.ordered(hashOf(bytes))
  const hashes = handIn(stage, board, { doc: id, envelopes, before })
  if (hashes === null) return
  witness.saw(behind.length > 0 ? 'compacted-by-force' : 'compacted')
  judge(stage, { board, job, said, copy: doc, isForced: behind.length > 0 })
  witness.lastWords.compacted(id, event.via, before, hashes)
  const at = world.queue.now
  for (const hash of hashes) witness.acknowledgements.compacted({ hash, doc: id, epoch: epochAt(board, id), via: board, at }, before)
}

/** Fields in conflict, what does not validate, and versions that have yet to be promoted or were gone back from: the CLI refuses these. */
function mayCompact({ world }: Stage, board: Board, doc: Doc, job: JobId): boolean {
  // Nothing would be held any more, and nobody would have decided it.
  if ([...(doc.judged?.voided ?? [])].some((hash) => doc.judged?.released.has(hash) !== true)) return false
  if (doc.envelopes.length < 2 || doc.conflicts.size > 0 || jobView(chaosCrypto, doc).problems.length > 0) return false
  const [reply] = world.request(board, { method: 'job.status', job })
  return reply?.kind === 'job' && reply.job.canaries === undefined && reply.job.wentBackTo === undefined
}

function recordedBy({ world }: Stage, board: Board, doc: Doc): readonly RecordedRow[] | null {
  const [reply] = world.request(board, { method: 'doc.receipts', doc: doc.id })
  return reply?.kind === 'receipts' ? reply.nodes : null
}

function sayingOf({ core }: Board, id: JobId): string {
  const job = core?.state?.view.jobs.get(id)
  return job === undefined ? '' : canonicalText({ spec: job.spec, desired: job.desired, forms: job.forms, wishes: job.wishes })
}

interface Compacted {
  readonly board: Board
  readonly job: JobId
  /** Before. */
  readonly said: string
  /** What the board had of it. */
  readonly copy: Doc
  readonly isForced: boolean
}

function judge({ world, witness }: Stage, { board, job, said, copy, isForced }: Compacted): void {
  const { name } = board.spec
  if (sayingOf(board, job) !== said) witness.violated('compaction-keeps-all', `${job} says something else on ${name} without its history`)
  if (isForced) return
  const nodes = board.core?.state?.view.nodes
  const seen = new Set([...world.boards.values()].filter(({ spec }) => nodes?.get(spec.id)?.liveness === 'alive'))
  const [lost] = witness.acknowledgements.leftOut(copy, seen, world.queue.now - spreadMsMax)
  if (lost !== undefined)
    witness.violated('compaction-keeps-all', `${name} drops what ${lost.via.spec.name} acknowledged of ${job} at ${lost.at}`)
}
