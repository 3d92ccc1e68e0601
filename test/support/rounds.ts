// Every board of a pool does what its plan asks for, in turn, until nobody asks for anything: what properties and tables play with.

import type { View } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { canaryKey } from '../../scheduler/canaries.ts'
import { inForce } from '../../scheduler/in-force.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Local } from '../../scheduler/types.ts'
import { carriedOut } from './carried-out.ts'
import { makeLocal, random, shuffled } from './view.ts'

/** All that is silent has been for so long, and all failures are long ago. */
export function localOf(view: View, self: string, silentMs: number): Local {
  const silent = Object.fromEntries([...view.nodes.values()].filter((one) => one.liveness !== 'alive').map((one) => [one.name, silentMs]))
  const failedSince = new Map([...view.claims.keys()].flatMap((slot) => [[slot, 0] as const, [canaryKey(slot), 0] as const]))
  return makeLocal(self, { silent, failedSince, now: 1_000_000_000 })
}

/** The same, as if it had come in another order. */
export function refilled(view: View, seed: number): View {
  const next = random(seed)
  const again = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> => new Map(shuffled([...map], next))
  return { ...view, nodes: again(view.nodes), jobs: again(view.jobs), claims: again(view.claims) }
}

/** Every alive node acts on the shared view, in turn. */
export function round(view: View, silentMs: number): { view: View; acted: number } {
  let now = view
  let acted = 0
  for (const self of [...view.nodes.keys()].sort()) {
    if (view.nodes.get(self)?.liveness !== 'alive') continue
    const local = localOf(now, self, silentMs)
    const seen = inForce(now)
    for (const action of actions(seen, plan(seen, local), local)) {
      now = carriedOut(now, action, self)
      acted++
    }
  }
  return { view: now, acted }
}

/** The view in which nobody asks for anything any more; null: it does not come to rest. */
export function atRest(view: View, silentMs: number, roundsMax = 20): View | null {
  let now = view
  for (let rounds = 0; rounds < roundsMax; rounds++) {
    const next = round(now, silentMs)
    if (next.acted === 0) return now
    now = next.view
  }
  return null
}
