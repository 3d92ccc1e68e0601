// What a board makes of an action of the plan, in one go: for laws of the plan that need no board.

import assert from 'node:assert/strict'
import { type NodeId, slotParts } from '../../crdt/ids.ts'
import { type Claim, type View, hasEnded } from '../../crdt/view.ts'
import { mayDisplace, preemptedReason } from '../../scheduler/preemption.ts'
import type { Action } from '../../scheduler/types.ts'
import { makeClaim } from './view.ts'

/** The view once `self` has carried the action out; `healthy`: whether what starts is so at once. */
export function carriedOut(view: View, action: Action, self: NodeId, healthy = true): View {
  const own = view.claims.get(action.slot)?.find(({ node }) => node === self)
  const inTheWay = action.kind === 'start' ? displacedBy(view, own) : []
  // As on a board: they end first, and it starts when it is asked to again.
  if (inTheWay.length > 0) {
    const ended = inTheWay.filter((claim) => mayDisplace(claim, slotParts(action.slot).job, view))
    return ended.reduce((now, claim) => withClaim(now, { ...claim, state: 'stopped', reason: preemptedReason(action.slot) }), view)
  }
  return withClaim(view, claimAfter(own, action, self, view, healthy))
}

function displacedBy(view: View, own: Claim | undefined): readonly Claim[] {
  return [...(own?.displaces ?? [])].flatMap(([slot, generation]) =>
    (view.claims.get(slot) ?? []).filter((claim) => claim.node === own?.node && claim.generation === generation && !hasEnded(claim)),
  )
}

function claimAfter(claim: Claim | undefined, action: Action, self: NodeId, view: View, healthy: boolean): Claim {
  const { version } = view.jobs.get(slotParts(action.slot).job)!
  if (action.kind === 'claim') {
    const { slot, form, generation, lost, displaces } = action
    const room = { ports: staticPorts(view, slot), ...(displaces && { displaces }) }
    return makeClaim(self, { slot, form, version, generation, lost, state: 'claimed', healthy: false, ...room })
  }
  assert.ok(claim !== undefined, `${action.kind} of a claim that is not there`)
  switch (action.kind) {
    case 'withdraw':
      return { ...claim, state: 'withdrawn' }
    case 'stop':
      return { ...claim, state: 'stopped' }
    case 'start':
      return { ...claim, state: 'running', healthy, startedAt: 1_000 }
    case 'update':
      return { ...claim, form: action.form, version }
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

function staticPorts({ jobs }: View, slot: Claim['slot']): Claim['ports'] {
  const { group, job } = slotParts(slot)
  const ports = jobs.get(job)?.spec?.groups.find(({ name }) => name === group)?.network.ports ?? []
  return Object.fromEntries(ports.flatMap((port) => (port.static === null ? [] : [[port.label, port.static]])))
}

/** The view with this claim in the place of the one that its node had on the slot. */
export function withClaim(view: View, claim: Claim): View {
  const others = (view.claims.get(claim.slot) ?? []).filter(({ node }) => node !== claim.node)
  const claims = [...others, claim].sort((a, b) => (a.node < b.node ? -1 : 1))
  return { ...view, claims: new Map(view.claims).set(claim.slot, claims) }
}
