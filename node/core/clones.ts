// What follows where two machines are proved to run with one key (`clone-proof.ts`): both say so in their document, so neither takes new
// work, and nothing stops, until an operator sends one of them away (`node evict --clone`). docs/adr/0021.

import { type CloneWords, noClones } from '../../crdt/documents/clones.ts'
import { opsFromRegisters } from '../../crdt/documents/ops.ts'
import { opsDocId } from '../../crdt/ids.ts'
import { whereOf } from './clone-proof.ts'
import { judgedHere } from './documents.ts'
import type { State } from './state.ts'

/** What the own document says of it, as long as another one is known that nobody has sent away. */
export function clonesNow(state: State): CloneWords {
  const { clones } = state
  if (clones.self === '') return clones
  const out = sentAway(state)
  const known = new Map([...clones.known].filter(([id]) => !out.has(id)))
  if (known.size < 2) return { ...noClones, heard: clones.heard }
  return { ...clones, known: known.set(clones.self, whereOf(state.addresses)) }
}

/** Its document does not say so yet. */
export function isCloneNews(state: State): boolean {
  const { clones, ownStale, view, boot } = state
  return ownStale && clones.self !== '' && view.nodes.get(boot.config.self)?.clones === undefined && clonesNow(state).known.size > 1
}

/** An operator has sent away this very machine: the key is the other one's. */
export function isSentAway(state: State): boolean {
  return state.clones.self !== '' && sentAway(state).has(state.clones.self)
}

function sentAway(state: State): ReadonlySet<string> {
  const wishes = judgedHere(state, opsDocId(state.boot.config.self))
  return wishes === undefined ? new Set() : opsFromRegisters(wishes.registers).out
}

/** As the own document said when the board went down: a clone is known by the same id after a restart. */
export function recallClones(state: State, { self, known }: CloneWords): void {
  if (self !== '') state.clones = { ...noClones, self, known }
}
