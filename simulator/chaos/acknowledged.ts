// Changes that boards acknowledged to operators, and which boards keep each: those that will have to answer for it in the end. A disk that
// loses one hands that duty on to the boards that have it by then; what nobody keeps any more, nobody can be asked to have.

import type { Doc } from '../../crdt/doc.ts'
import type { DocId } from '../../crdt/ids.ts'
import { envelopeKey } from '../../node/core/documents.ts'
import { isEvicted } from '../../node/core/state.ts'
import type { Board } from '../board.ts'

export interface Acknowledged {
  readonly hash: string
  readonly doc: DocId
  readonly epoch: number
  /** Who acknowledged it, and when (virtual ms). */
  readonly via: Board
  readonly at: number
}

export class Acknowledgements {
  readonly #keepers = new Map<Acknowledged, Set<Board>>()

  took(change: Acknowledged): void {
    this.#keepers.set(change, new Set([change.via]))
  }

  /**
   * The document began anew at its next epoch: what the copy had that was dropped is in the first change of that. What it had not got is lost, as
   * docs/adr/0008 says.
   */
  compacted(change: Acknowledged, copy: ReadonlySet<string>): void {
    for (const old of this.#keepers.keys()) if (old.doc === change.doc && copy.has(old.hash)) this.#keepers.delete(old)
    this.took(change)
  }

  /** What one of these boards keeps of the document’s present epoch since before that time, and this copy of it has not got. */
  leftOut(copy: Doc, boards: ReadonlySet<Board>, before: number): Acknowledged[] {
    const here = new Set(copy.envelopes.map(({ hash }) => hash))
    return this.keptBy(boards).filter(
      ({ doc, epoch, at, hash }) => doc === copy.id && epoch === copy.epoch && at < before && !here.has(hash),
    )
  }

  /** Another disk is in the board: what is not on that one. `others`: all boards that may have heard of it. */
  diskReplaced(board: Board, others: Iterable<Board>): void {
    this.#handOn(board, others, (hash) => board.disk.isSafe(envelopeKey(hash)))
  }

  /** Records of its disk are gone, and with each all changes that were made after it: nobody can say what it still has. */
  recordsLost(board: Board, others: Iterable<Board>): void {
    this.#handOn(board, others, () => false)
  }

  /** It has left: those who have taken something from it answer for that from now on. What nobody has taken it should have handed over. */
  left(board: Board, others: Iterable<Board>): void {
    const able = ableOf(board, others)
    this.#handOn(board, able, (hash) => !able.some((other) => other.disk.isSafe(envelopeKey(hash))))
  }

  #handOn(board: Board, others: Iterable<Board>, stillHas: (hash: string) => boolean): void {
    const able = ableOf(board, others)
    for (const [{ hash }, keepers] of this.#keepers) {
      if (!keepers.has(board) || stillHas(hash)) continue
      keepers.delete(board)
      // What is only in a board's memory may end with its power.
      for (const other of able) if (other.disk.isSafe(envelopeKey(hash))) keepers.add(other)
    }
  }

  /** What one of the boards keeps: of one that is evicted nothing is taken any more. */
  keptBy(boards: ReadonlySet<Board>): Acknowledged[] {
    return [...this.#keepers].flatMap(([change, keepers]) => ([...keepers].some((board) => boards.has(board)) ? [change] : []))
  }
}

function ableOf(board: Board, others: Iterable<Board>): readonly Board[] {
  return [...others].filter((other) => other !== board && isListenedTo(other))
}

/** One that knows that it is evicted tells nobody anything. What a board that is down knows will be seen when it is back. */
function isListenedTo({ core, spec }: Board): boolean {
  const state = core?.state
  return state == null || !isEvicted(state, spec.id)
}
