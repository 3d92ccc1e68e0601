// What a board makes of an action of the plan, in one go: for laws of the plan that need no board.

import assert from 'node:assert/strict'
import type { NodeId } from '../../crdt/ids.ts'
import type { Claim, View } from '../../crdt/view.ts'
import type { Action } from '../../scheduler/types.ts'
import { form, makeClaim, version } from './view.ts'

/** `healthy`: whether what starts is so at once. */
export function carriedOut(claim: Claim | undefined, action: Action, self: NodeId, healthy = true): Claim {
  if (action.kind === 'claim')
    return makeClaim(self, {
      slot: action.slot,
      generation: action.generation,
      state: 'claimed',
      healthy: false,
      lost: action.lost,
      form: form('f2'),
      version: version(2),
    })
  assert.ok(claim !== undefined, `${action.kind} of a claim that is not there`)
  switch (action.kind) {
    case 'withdraw':
      return { ...claim, state: 'withdrawn' }
    case 'stop':
      return { ...claim, state: 'stopped' }
    case 'start':
      return { ...claim, state: 'running', healthy, startedAt: 1_000 }
    case 'update':
      return { ...claim, form: action.form, version: version(2) }
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

/** The view with this claim in the place of the one that its node had on the slot. */
export function withClaim(view: View, claim: Claim): View {
  const others = (view.claims.get(claim.slot) ?? []).filter(({ node }) => node !== claim.node)
  const claims = [...others, claim].sort((a, b) => (a.node < b.node ? -1 : 1))
  return { ...view, claims: new Map(view.claims).set(claim.slot, claims) }
}
