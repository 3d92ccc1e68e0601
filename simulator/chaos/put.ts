// Hands an operator's change to one board, as the CLI does, and notes what that board said to it. A board that is down or takes no writes
// does nothing.

import { toBase64 } from '../../crdt/base64.ts'
import { type DocId, hex } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { envelopeKey } from '../../node/core/documents.ts'
import type { Board } from '../board.ts'
import { type Change, Unreadable } from '../operator.ts'
import { chaosCrypto } from './crypto.ts'
import type { Stage } from './stage.ts'

export function put(stage: Stage, via: string, doc: DocId, change: Change): void {
  const { world, witness } = stage
  const board = world.board(via)
  // Nobody waits at a board that does not answer.
  if (board.core === null || board.pausedUntil > world.queue.now) return
  const registers = board.core.state?.docs.get(doc)?.registers ?? new Map<string, Scalar>()
  const values = change(registers)
  const before = new Set(board.core.state?.docs.get(doc)?.envelopes.map((ref) => ref.hash))
  // Before the board hears of it: what follows from it may happen in the very same step.
  witness.changes(doc.split('/').at(-1) ?? '')
  const envelopes = signedOrNull(stage, board, doc, change)
  if (envelopes === null) return
  const reply = envelopes.length === 0 ? null : (world.request(board, { method: 'doc.put', envelopes })[0] ?? null)
  if (reply === null) {
    // A slow board takes the change later, and nobody waits for its answer.
    if (envelopes.length > 0) witness.lastWords.unsure(doc)
    return witness.note(`${via} ${envelopes.length > 0 ? 'does not answer yet about' : 'had nothing to change in'} ${doc}`)
  }
  if (reply.kind === 'error' && reply.code === 'E_STORE_FULL') witness.saw('disk-refused')
  if (reply.kind !== 'receipt') {
    // It may have it in memory, and so may others soon.
    witness.lastWords.unsure(doc)
    return witness.note(`${via} refused: ${JSON.stringify(reply)}`)
  }
  const fresh = board.core?.state?.docs.get(doc)?.envelopes.filter((ref) => !before.has(ref.hash)) ?? []
  const hashes = fresh.map((ref) => ref.hash)
  witness.lastWords.wrote(doc, via, values, before, hashes)
  const undone = new Set(board.disk.unsynced.flat().map(([key]) => key))
  if (hashes.some((hash) => undone.has(envelopeKey(hash))))
    witness.violated('durable-before-told', `${via} acknowledges a change of ${doc} that a power cut undoes`)
  for (const hash of hashes) witness.acknowledgements.took({ hash, doc, via: board, at: world.queue.now })
  noteConcurrent(stage, board, doc, new Set(hashes))
}

/** A board that has lost a part of the document on its disk cannot hand it out: its operator is told so and goes away. */
function signedOrNull({ world, operator, witness }: Stage, board: Board, doc: DocId, change: Change): string[] | null {
  try {
    const envelopes = operator.sign(world, board, doc, board.spec.pool ?? 'default', change)
    for (const bytes of envelopes) witness.rules.authors.genuine(hex(chaosCrypto.sha256(bytes)))
    return envelopes.map(toBase64)
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
