// Every claim, the first of a slot or a later one, waits for better ones before anything of it is started (DESIGN section 6). Who waits is
// read from the log of its board, and when it starts from what the driver is told.

import { coreLimits } from '../../node/core/limits.ts'
import type { Alloc } from '../../node/core/allocs/alloc.ts'
import type { Finding } from './invariants.ts'
import { claimOfLog } from './replacements.ts'
import type { SeenStep } from './seen-step.ts'

export class Settling {
  /** Claims of this boot → when they were made, on their board's clock. */
  readonly #claimedAt = new WeakMap<Alloc, number>()

  after({ board, state, effects, now }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const effect of effects) {
      const claim = effect.kind === 'log' ? claimOfLog(effect.message) : null
      const made = claim === null ? undefined : state.allocs.get(claim.slot)
      if (made !== undefined && made.generation === claim?.generation) this.#claimedAt.set(made, now)
      if (effect.kind !== 'start') continue
      const { slot, alloc } = effect.task
      const begun = state.allocs.get(slot)
      const since = begun?.alloc === alloc ? this.#claimedAt.get(begun) : undefined
      if (since !== undefined && now - since < coreLimits.settleMsMin)
        found.push({
          rule: 'settles-first',
          what: `${board.spec.name} starts generation ${begun?.generation} of ${slot} ${now - since} ms after it was claimed`,
        })
    }
    return found
  }
}
