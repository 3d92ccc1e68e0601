// A large pool held against the rules of a fleet at rest (`chaos/rest.ts`). What a view or a plan says is written once for all boards that
// hold the very same.

import { viewHash } from '../../crdt/view-hash.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import type { Asks } from '../chaos/board-order.ts'
import { documentsOf, planOf } from '../chaos/finals.ts'
import { type Knowledge, type RestingBoard, findingsAtRest } from '../chaos/rest.ts'
import type { State } from '../../node/core/state.ts'
import { recall } from '../interned.ts'
import type { Board } from '../world.ts'

/** In words; none if all rules hold. `asks`: what each task that runs was started as. */
export function disorderAtRest(crypto: Crypto, boards: readonly Board[], asks: Asks): string[] {
  const views = new WeakMap<object, string>()
  const plans = new WeakMap<object, string>()
  let first: { readonly docs: State['docs']; readonly text: string } | null = null
  const documentsText = (state: State): string => {
    first ??= { docs: state.docs, text: documentsOf(state) }
    return isSame(first.docs, state.docs) ? first.text : documentsOf(state)
  }
  const knows = ({ core }: Board): Knowledge | null => {
    const state = core?.state
    if (state == null) return null
    const { view, plan } = state
    return {
      view,
      documentsText: () => documentsText(state),
      viewText: () => recall(views, view, () => viewHash(crypto, view)),
      planText: () => (plan === null ? '' : recall(plans, plan.bySlot, () => planOf(plan))),
      reasonOf: (slot) => plan?.bySlot.get(slot)?.reason ?? null,
    }
  }
  const resting = boards.map((board): RestingBoard => {
    const { name, id, capacity, labels = {} } = board.spec
    return { name, id, capacity, labels, tasks: [...board.tasks.values()], asks, knows: knows(board) }
  })
  return findingsAtRest(resting).map(({ rule, what }) => `${rule}: ${what}`)
}

function isSame(a: State['docs'], b: State['docs']): boolean {
  if (a.size !== b.size) return false
  for (const [id, doc] of a) if (b.get(id) !== doc) return false
  return true
}
