// Room for copies that displace others of this board: these are told to end once the copy is ready to start, and not before, so that nobody
// stops for one that cannot be fetched; and it starts once they have ended. Whom it displaces was decided by the plan (docs/adr/0037).

import { slotParts } from '../../crdt/ids.ts'
import { knowsRules } from '../../scheduler/basis.ts'
import { mayDisplace, preemptedReason } from '../../scheduler/preemption.ts'
import type { Alloc } from './allocs/alloc.ts'
import { end, fail } from './allocs/lifecycle.ts'
import { inTheWay } from './allocs/room.ts'
import { dueTasks } from './allocs/stages.ts'
import { coreLimits } from './limits.ts'
import { type State, type Step, note, writeOwnSoon } from './state.ts'

export function makeRoom(step: Step): void {
  for (const alloc of [...step.state.allocs.values()]) {
    if (alloc.displaces.size === 0 || alloc.ending !== null) continue
    if (alloc.state === 'preparing' && dueTasks(alloc).length > 0 && isHeirHere(step.state, alloc) && isCertain(step.state, alloc))
      displace(step, alloc)
    waitForRoom(step, alloc)
  }
}

/** Whoever may not be displaced any more stays: `actions.ts` gives the claim up then. */
function displace(step: Step, alloc: Alloc): void {
  const { job } = slotParts(alloc.slot)
  for (const other of inTheWay(step.state, alloc)) {
    const { slot, body, ending } = other
    if (ending !== null || !mayDisplace({ slot, version: body.version }, job, step.state.view)) continue
    note(step, `${slot} makes room for ${alloc.slot}`)
    end(step, other, 'stopped', preemptedReason(alloc.slot))
  }
}

/** Says what it waits for; if that takes too long, it is tried again, and elsewhere before here. */
function waitForRoom(step: Step, alloc: Alloc): void {
  const slots = alloc.state === 'preparing' && dueTasks(alloc).length > 0 ? inTheWay(step.state, alloc).map(({ slot }) => slot) : []
  const words = slots.slice(0, slotsShown).join(', ')
  if (slots.length > 0) alloc.roomAwaitedSince ??= step.now
  else alloc.roomAwaitedSince = null
  if (alloc.roomAwaitedSince !== null && step.now - alloc.roomAwaitedSince >= coreLimits.roomWaitMsMax)
    return fail(step, alloc, `room-awaited: ${words}`)
  const before = alloc.reason
  if (slots.length > 0) alloc.reason = `room-awaited: ${words}`
  else if (before.startsWith('room-awaited: ')) alloc.reason = ''
  if (alloc.reason !== before) writeOwnSoon(step)
}

/** An agent that has just started may not have heard yet that another board runs the copy; what cannot be written down, nobody hears of. */
function isCertain({ acting, storeProblem }: State, { settleUntil }: Alloc): boolean {
  return acting && settleUntil === null && storeProblem === null
}

/** A reason is one line. */
const slotsShown = 3

/** By rules that this board knows. */
function isHeirHere({ plan, boot }: State, { slot, body }: Alloc): boolean {
  if (plan === null || !knowsRules(plan.basis)) return false
  return plan.bySlot.of({ slot, form: body.form })?.standing.heir?.node === boot.config.self
}
