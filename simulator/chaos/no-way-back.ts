// What only rises, seen from each board: the epochs of documents, as long as the disk that holds them is the board's; the sequences of link
// states, as long as it runs and the author belongs to it; and a new claim's generation, above all that the board knows of the slot.

import type { DocId, NodeId, SlotId } from '../../crdt/ids.ts'
import { slotParts } from '../../crdt/ids.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { View } from '../../crdt/view.ts'
import type { LinkState } from '../../node/core/liveness/link-state.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { claimOfLog } from './replacements.ts'
import type { SeenStep } from './seen-step.ts'

export class NoWayBack {
  readonly #docs = new Map<Board, Map<DocId, Doc>>()
  readonly #epochs = new Map<Board, Map<DocId, number>>()
  readonly #links = new WeakMap<State, Map<NodeId, LinkState>>()
  readonly #views = new WeakMap<State, View>()

  after(step: SeenStep): Finding[] {
    const found = [...this.#epochsOf(step), ...this.#linksOf(step), ...this.#claimsOf(step)]
    this.#views.set(step.state, step.state.view)
    return found
  }

  /** Its disk is another one, or has lost something, or power failed before all of the step was carried out. */
  forgets(board: Board): void {
    this.#docs.delete(board)
    this.#epochs.delete(board)
  }

  #epochsOf({ board, state }: SeenStep): Finding[] {
    // What cannot be written down is forgotten with the power.
    if (board.disk.fault !== null || board.held.size > 0) return []
    const found: Finding[] = []
    const docs = memoryOf(this.#docs, board)
    const epochs = memoryOf(this.#epochs, board)
    for (const [id, doc] of state.docs) {
      if (docs.get(id) === doc) continue
      docs.set(id, doc)
      const before = epochs.get(id) ?? 0
      epochs.set(id, doc.epoch)
      if (doc.epoch < before)
        found.push({ rule: 'epochs-rise', what: `${board.spec.name} has ${id} at epoch ${doc.epoch}, after ${before}` })
    }
    return found
  }

  #linksOf({ board, state }: SeenStep): Finding[] {
    const found: Finding[] = []
    const { table } = state.liveness
    const known = memoryOf(this.#links, state)
    for (const author of known.keys()) if (!table.has(author)) known.delete(author)
    for (const [author, { state: link }] of table) {
      const before = known.get(author)
      if (before === link) continue
      known.set(author, link)
      if (before !== undefined && link.sequence < before.sequence)
        found.push({
          rule: 'sequences-rise',
          what: `${board.spec.name} has link state ${link.sequence} of ${author}, after ${before.sequence}`,
        })
    }
    return found
  }

  /** What it knew both before the step and after it, it knew when it claimed. */
  #claimsOf({ board, state, effects }: SeenStep): Finding[] {
    const before = this.#views.get(state)
    if (before === undefined) return []
    return effects.flatMap((effect): Finding[] => {
      const claim = effect.kind === 'log' ? claimOfLog(effect.message) : null
      if (claim === null) return []
      const highest = Math.min(...[before, state.view].map((view) => highestOf(view, claim.slot, board.spec.id)))
      if (claim.generation > highest) return []
      const what = `${board.spec.name} claims generation ${claim.generation} of ${claim.slot}, and knows of ${highest}`
      return [{ rule: 'generations-above-all', what }]
    })
  }
}

/** Of the slot, of whatever became of it, but for the board's own claim: in claims, in what they name and mark, in verdicts and wishes. */
function highestOf(view: View, slot: SlotId, self: NodeId): number {
  const claims = (view.claims.get(slot) ?? []).filter(({ node }) => node !== self)
  const named = claims.flatMap(({ generation, over, lost }) => [generation, ...over.values(), ...lost.values()])
  const judged = [...view.nodes.values()].flatMap(({ verdicts }) => (verdicts.get(slot) ?? []).map(({ generation }) => generation))
  const wished = view.jobs.get(slotParts(slot).job)?.wishes.get(slot)?.stopGeneration ?? 0
  return Math.max(wished, ...named, ...judged)
}

interface Memory<K extends object, V> {
  get(key: K): V | undefined
  set(key: K, value: V): unknown
}

function memoryOf<K extends object, I, V>(memory: Memory<K, Map<I, V>>, key: K): Map<I, V> {
  const known = memory.get(key) ?? new Map<I, V>()
  memory.set(key, known)
  return known
}
