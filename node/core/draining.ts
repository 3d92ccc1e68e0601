// The end of a drain: once its time is over the board stops what nobody has taken over, whether another board runs it or not. It is the
// board's own clock that counts, from when this boot heard of the wish, so that it comes on a cut-off board, too. docs/adr/0030.

import { slotParts, type SlotId } from '../../crdt/ids.ts'
import { end } from './allocs/lifecycle.ts'
import { stopOrphan } from './orphans.ts'
import { type State, type Step, note } from './state.ts'

/** Of the claims that end so. */
export const drainOverReason = 'drained: its time was over'

const never = Number.MAX_SAFE_INTEGER

/** Runs in every step; nobody pays for it where nobody drains. */
export function drainIfAsked(step: Step): void {
  const { leave, view, boot } = step.state
  const wish = view.nodes.get(boot.config.self)?.drain
  if (wish === undefined) {
    leave.drain = null
    return
  }
  const known = leave.drain?.wish
  // Another word of an operator is another drain: what was allowed to take an hour is not over because of what was said before.
  if (known?.saidAtMs !== wish.saidAtMs || known.deadlineMs !== wish.deadlineMs) leave.drain = { wish, heardAt: step.now }
  if (step.now < drainDeadline(step.state)) return
  note(step, 'the time that this board had to drain is over: it stops what is left', 'warn')
  stopWhatIsLeft(step, drainOverReason, mayBeStopped(step.state))
}

/** When its time is over; null: never, or it does not drain. */
export function drainOverAt({ leave: { drain } }: State): number | null {
  const deadlineMs = drain?.wish.deadlineMs ?? null
  return drain === null || deadlineMs === null ? null : drain.heardAt + deadlineMs
}

/** When it is next looked at: to stop what is left. */
export function drainDeadline(state: State): number {
  const overAt = drainOverAt(state)
  if (overAt === null) return never
  const may = mayBeStopped(state)
  const isLeft = [...state.allocs.values()].some(({ ending, slot }) => ending === null && may(slot))
  return isLeft || state.orphans.some(({ slot }) => may(slot)) ? overAt : never
}

/** As in Nomad, a drain that leaves system jobs alone leaves them alone at its end, too. */
function mayBeStopped({ view, boot }: State): (slot: SlotId) => boolean {
  const isSystemLeft = view.nodes.get(boot.config.self)?.drainIgnoresSystem === true
  return (slot) => !isSystemLeft || slotParts(slot).node === null
}

/** Whether or not anybody has taken it over. */
export function stopWhatIsLeft(step: Step, why: string, may: (slot: SlotId) => boolean = () => true): void {
  const { state } = step
  for (const alloc of [...state.allocs.values()]) if (may(alloc.slot)) end(step, alloc, 'stopped', why)
  const orphans = state.orphans.filter(({ slot }) => may(slot))
  state.orphans = state.orphans.filter(({ slot }) => !may(slot))
  for (const task of orphans) stopOrphan(step, task)
}
