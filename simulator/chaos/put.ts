// Hands an operator's change to one board, as the CLI does, and notes what that board said to it. A board that is down or takes no writes
// does nothing.

import { toBase64 } from '../../crdt/base64.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type DocId, hex } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { envelopeKey } from '../../node/core/documents.ts'
import type { Board } from '../board.ts'
import { type Change, Unreadable } from '../operator.ts'
import { chaosCrypto } from './crypto.ts'
import type { Stage } from './stage.ts'

/** An operator's change as it was handed in. */
export interface HandedIn {
  readonly doc: DocId
  readonly envelopes: readonly Uint8Array[]
  /** What the board had of the document before. */
  readonly before: ReadonlySet<string>
}

export function put(stage: Stage, via: string, doc: DocId, change: Change): void {
  const { witness } = stage
  const board = answering(stage, via)
  if (board === null) return
  const registers = board.core?.state?.docs.get(doc)?.registers ?? new Map<string, Scalar>()
  const values = change(registers)
  const before = hashesAt(board, doc)
  // Before the board hears of it: what follows from it may happen in the very same step.
  witness.changes(doc.split('/').at(-1) ?? '')
  const envelopes = signedOrNull(stage, board, doc, () => signed(stage, board, doc, change))
  if (envelopes === null) return
  const hashes = handIn(stage, board, { doc, envelopes, before })
  if (hashes === null) return
  witness.lastWords.wrote(doc, via, values, before, hashes)
  for (const hash of hashes) witness.acknowledgements.took({ hash, doc, epoch: epochAt(board, doc), via: board, at: stage.world.queue.now })
  noteConcurrent(stage, board, doc, new Set(hashes))
}

/** Nobody waits at a board that does not answer. */
export function answering({ world }: Stage, via: string): Board | null {
  const board = world.board(via)
  return board.core === null || board.pausedUntil > world.queue.now ? null : board
}

export function epochAt(board: Board, doc: DocId): number {
  return board.core?.state?.docs.get(doc)?.epoch ?? 1
}

export function hashesAt(board: Board, doc: DocId): ReadonlySet<string> {
  return new Set(board.core?.state?.docs.get(doc)?.envelopes.map((ref) => ref.hash))
}

/** Hashes of what the board has acknowledged; null: it has not. */
export function handIn({ world, witness }: Stage, board: Board, { doc, envelopes, before }: HandedIn): readonly string[] | null {
  const { name: via } = board.spec
  const reply = envelopes.length === 0 ? null : (world.request(board, { method: 'doc.put', envelopes: envelopes.map(toBase64) })[0] ?? null)
  if (reply === null) {
    // A slow board takes the change later, and nobody waits for its answer.
    if (envelopes.length > 0) witness.lastWords.unsure(doc)
    witness.note(`${via} ${envelopes.length > 0 ? 'does not answer yet about' : 'had nothing to change in'} ${doc}`)
    return null
  }
  if (reply.kind === 'error' && reply.code === 'E_STORE_FULL') witness.saw('disk-refused')
  if (reply.kind !== 'receipt') {
    // It may have it in memory, and so may others soon.
    witness.lastWords.unsure(doc)
    witness.note(`${via} refused: ${JSON.stringify(reply)}`)
    return null
  }
  const hashes = [...hashesAt(board, doc)].filter((hash) => !before.has(hash))
  const undone = new Set(board.disk.unsynced.flat().map(([key]) => key))
  if (hashes.some((hash) => undone.has(envelopeKey(hash))))
    witness.violated('durable-before-told', `${via} acknowledges a change of ${doc} that a power cut undoes`)
  return hashes
}

function signed({ world, operator, witness }: Stage, board: Board, doc: DocId, change: Change): Uint8Array[] {
  let desired: Scalar | undefined
  const envelopes = operator.sign(world, board, doc, board.spec.pool ?? 'default', (registers) => {
    const values = change(registers)
    desired = values.get(jobPaths.desired)
    witness.rules.revokedKey.copied(values)
    return values
  })
  if (desired !== undefined && desired !== 'removed') for (const bytes of envelopes) witness.rules.removedJobs.ordered(hashOf(bytes))
  return envelopes
}

export function hashOf(envelope: Uint8Array): string {
  return hex(chaosCrypto.sha256(envelope))
}

/** A board that has lost a part of the document on its disk cannot hand it out: its operator is told so and goes away. */
export function signedOrNull({ witness }: Stage, board: Board, doc: DocId, sign: () => Uint8Array[]): Uint8Array[] | null {
  try {
    const envelopes = sign()
    for (const bytes of envelopes) witness.rules.authors.genuine(hashOf(bytes))
    return envelopes
  } catch (error) {
    if (error instanceof Unreadable) {
      witness.saw('disk-refused')
      witness.note(`${board.spec.name} cannot read ${doc}: ${error.message}`)
      return null
    }
    if ((board.core?.state?.lacking.size ?? 0) === 0) throw error
    witness.note(`${board.spec.name} has not got all of ${doc}`)
    return null
  }
}

/** Somebody on the other side of a cut has just changed the same document. */
function noteConcurrent(stage: Stage, board: Board, doc: DocId, own: ReadonlySet<string>): void {
  const known = new Set(board.core?.state?.docs.get(doc)?.envelopes.map((ref) => ref.hash))
  for (const other of stage.world.boards.values()) {
    const theirs = other.core?.state?.docs.get(doc)?.envelopes ?? []
    if (own.size > 0 && theirs.some((ref) => !known.has(ref.hash))) stage.witness.saw('both-sides-wrote')
  }
}
