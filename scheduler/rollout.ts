// Rolling update of one group, as a function of the view: which out-of-date slots may move to the form in force now. Nobody
// writes "the next step is"; everybody counts what is in flight and goes by index.

import type { Form } from '../crdt/ids.ts'
import { isRunOnce } from '../crdt/spec.ts'
import { isHeld } from '../crdt/view.ts'
import type { GroupRules } from './group.ts'
import { newestFailed } from './reschedule.ts'
import type { SlotFacts } from './slots.ts'

export interface Turns {
  /** Slots whose turn it is, by index. */
  readonly mayMove: ReadonlySet<number>
  readonly failed: ReadonlySet<number>
}

/** Somebody holds the slot with a copy that is to stay as it is until an admin has spoken. */
export function holdsBack({ standing: { holder } }: SlotFacts, index: number, { job, group, form, perNode }: GroupRules): boolean {
  return holder !== null && holder.form !== form && isHeld(job, group.name, perNode ? 0 : index, holder.form)
}

/** Out of date: somebody holds the slot, at another form. */
export function isOutOfDate(slot: SlotFacts, index: number, rules: GroupRules): boolean {
  const { holder } = slot.standing
  return holder !== null && holder.form !== rules.form && !holdsBack(slot, index, rules)
}

/**
 * `slots` in order of index. Unknown slots and those at a newer job version do not count and are skipped. Of a paused job only what never
 * started may move: like a vacant slot, it can begin with nothing but the form in force.
 */
export function turnsOf(slots: readonly SlotFacts[], rules: GroupRules): Turns {
  const { form, job } = rules
  // Copies that end by themselves are never waited for.
  const maxParallel = isRunOnce(rules.spec) ? 0 : rules.group.update.maxParallel
  const mayMove = new Set<number>()
  const failed = new Set<number>()
  const waiting: number[] = []
  let inFlight = 0
  for (const [index, slot] of slots.entries()) {
    const { standing } = slot
    if (standing.complete !== null) continue
    const { heir, holder } = standing
    const outOfDate = isOutOfDate(slot, index, rules)
    const hasFailed = newestFailed(form, slot.claims, standing.live, slot.history) || (outOfDate && hasFailedWhereItIs(slot, form))
    if (hasFailed) failed.add(index)
    if (standing.ahead.length > 0 || (holder === null && standing.unknown.length > 0)) continue
    if (outOfDate && neverStarted(slot)) {
      mayMove.add(index)
    } else if (holder?.form === form && holder.healthy) {
      // It has arrived, though somebody else has failed at it since: nobody will try again, so nobody need wait for that.
      continue
    } else if (job.paused === true) {
      // What is on its way elsewhere goes on; nothing that runs makes way here.
      continue
    } else if (hasFailed || (outOfDate ? heir?.form === form : holder !== null && !holder.healthy)) {
      inFlight++
      if (outOfDate) mayMove.add(index)
    } else if (outOfDate) {
      waiting.push(index)
    }
  }
  const free = maxParallel <= 0 ? waiting.length : Math.max(0, maxParallel - inFlight)
  for (const index of waiting.slice(0, free)) mayMove.add(index)
  return { mayMove, failed }
}

/**
 * Its holder's board could not have the form, and nobody who counts here took it over: whatever generation stands at a board that is silent
 * or gave way, the next try would be made at this one.
 */
function hasFailedWhereItIs({ standing: { heir, holder }, history }: SlotFacts, form: Form): boolean {
  return holder !== null && heir?.form !== form && history.failedOn.has(holder.node)
}

/** Nothing of this claim has ever run: there is nothing to protect, and waiting for its health would be for ever. */
function neverStarted({ standing: { holder } }: SlotFacts): boolean {
  return holder !== null && holder.state !== 'running' && holder.startedAt === 0
}
