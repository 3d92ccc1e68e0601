// A job that a board has known to be removed does not come back to it: it claims and starts nothing of it before it has an operator's
// later word that the job shall run. Who gave which word is told by those who carry operators' orders out.

import type { JobId } from '../../crdt/ids.ts'
import { jobDocId, slotParts } from '../../crdt/ids.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { claimOfLog } from './replacements.ts'
import type { SeenStep } from './seen-step.ts'

export class RemovedJobs {
  /** Hashes of envelopes that say of a job that it shall be there. */
  readonly #orders = new Set<string>()
  /** What each board had of the job's document when it was last known there to be removed. */
  readonly #removed = new Map<Board, Map<JobId, Doc | null>>()

  ordered(hash: string): void {
    this.#orders.add(hash)
  }

  /** Its disk is another one, or has lost something, or power failed before all of the step was carried out. */
  forgets(board: Board): void {
    this.#removed.delete(board)
  }

  after({ board, state, effects }: SeenStep): Finding[] {
    // What cannot be written down is forgotten with the power.
    if (board.disk.fault !== null || board.held.size > 0) return []
    const removed = this.#removed.get(board) ?? new Map<JobId, Doc | null>()
    this.#removed.set(board, removed)
    for (const { id, desired } of state.view.jobs.values()) {
      const doc = state.docs.get(jobDocId(id)) ?? null
      const before = removed.get(id)
      if (desired === 'removed' && before !== doc) removed.set(id, doc)
      else if (desired !== 'removed' && before !== undefined && this.#isOrdered(before, doc)) removed.delete(id)
    }
    if (removed.size === 0) return []
    const found: Finding[] = []
    for (const effect of effects) {
      const slot = effect.kind === 'start' ? effect.task.slot : effect.kind === 'log' ? claimOfLog(effect.message)?.slot : undefined
      if (slot === undefined || !removed.has(slotParts(slot).job)) continue
      // What runs by the word of a key that was revoked meanwhile goes on until an admin has looked at it (docs/adr/0017).
      if (effect.kind === 'start' && state.view.jobs.get(slotParts(slot).job)?.held != null) continue
      const does = effect.kind === 'start' ? 'starts' : 'claims'
      found.push({ rule: 'removed-stays-removed', what: `${board.spec.name} ${does} ${slot}, and has known that the job is removed` })
    }
    return found
  }

  #isOrdered(before: Doc | null, doc: Doc | null): boolean {
    const known = new Set(before?.envelopes.map(({ hash }) => hash))
    return doc?.envelopes.some(({ hash }) => !known.has(hash) && this.#orders.has(hash)) === true
  }
}
