// Every board of a pool does what its plan asks for, in turn, until nobody asks for anything: what properties and tables play with.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Claim, View } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { canaryKey } from '../../scheduler/canaries.ts'
import { inForce } from '../../scheduler/in-force.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Action, Local } from '../../scheduler/types.ts'
import { makeClaim, makeLocal, random, shuffled } from './view.ts'

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

function carriedOut(claim: Claim | undefined, action: Action, self: NodeId, view: View): Claim {
  if (action.kind === 'claim') {
    const { slot, form, generation, lost } = action
    const { version } = view.jobs.get(slotParts(slot).job)!
    return makeClaim(self, { slot, form, version, generation, lost, state: 'claimed', healthy: false })
  }
  if (claim === undefined) throw new Error(`${action.kind} of a claim that is not there`)
  switch (action.kind) {
    case 'withdraw':
      return { ...claim, state: 'withdrawn' }
    case 'stop':
      return { ...claim, state: 'stopped' }
    case 'start':
      return { ...claim, state: 'running', healthy: true, startedAt: 1_000 }
    case 'update':
      return { ...claim, form: action.form, version: view.jobs.get(slotParts(action.slot).job)!.version }
    case 'adopt-version':
      return { ...claim, version: action.version }
    case 'restart':
      return { ...claim, restartSeen: action.restart }
    case 'over':
      return { ...claim, over: action.over }
    case 'lost':
      return { ...claim, lost: action.lost }
  }
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
      const claims = new Map<SlotId, readonly Claim[]>(now.claims)
      const list = claims.get(action.slot) ?? []
      const next = carriedOut(
        list.find((claim) => claim.node === self),
        action,
        self,
        now,
      )
      claims.set(
        action.slot,
        [...list.filter((claim) => claim.node !== self), next].sort((a, b) => (a.node < b.node ? -1 : 1)),
      )
      now = { ...now, claims }
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
