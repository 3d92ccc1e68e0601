// A board that leaves the fleet for good: an operator wishes it, it drains, and once it holds nothing any more its own document and its
// link state say that it has left. It ends when another board has that word. From then on this key's board is over: whoever wants it back
// lets it join as a new one (`agent --rejoin`). docs/adr/0021.

import type { SyncFrame } from '../../crdt/anti-entropy.ts'
import type { NodeRecord } from '../../crdt/documents/node.ts'
import { type NodeId, nodeDocId } from '../../crdt/ids.ts'
import { showsSame } from '../../crdt/shown-digest.ts'
import { isAwaited } from '../../crdt/view.ts'
import { removeRemains } from './allocs/finished.ts'
import { hasOthers } from './alone.ts'
import { isSentAway } from './clones.ts'
import { stopWhatIsLeft } from './draining.ts'
import { coreLimits } from './limits.ts'
import { markLeft } from './liveness/liveness.ts'
import { performLiveness } from './perform-liveness.ts'
import { type State, type Step, isEvicted, note } from './state.ts'

/** What the own document said when the board went down: once said, it stands. */
export function recallLeft(step: Step, { left }: Pick<NodeRecord, 'left'>): void {
  if (left) sayLeft(step)
}

/** Runs in every step; nobody pays for it where nobody leaves. */
export function leaveIfAsked(step: Step): void {
  const { leave, view, boot } = step.state
  if (isSentAway(step.state)) return goAway(step)
  if (leave.left) return endIfTold(step)
  const wish = view.nodes.get(boot.config.self)?.leaving
  if (wish === undefined) {
    if (leave.askedAt !== null) note(step, 'an operator has taken it back: this board does not leave')
    leave.askedAt = null
    return
  }
  if (leave.askedAt === null)
    note(step, `this board is to leave the fleet: ${step.state.allocs.size} copies go first${untoldWords(step.state)}`)
  leave.askedAt ??= step.now
  if (step.now >= leaveDeadline(step.state)) stopWhatIsLeft(step, 'leaving: its board left, and nobody had taken it over')
  if (!isEmpty(step.state)) return
  note(step, 'nothing is held here any more: this board has left the fleet', 'warn')
  for (const remains of step.state.finished) removeRemains(step, remains)
  sayLeft(step)
}

/** When it is next looked at: to stop what nobody has taken over, or to end. */
export function leaveDeadline({ leave, view, boot, allocs, orphans }: State): number {
  const never = Number.MAX_SAFE_INTEGER
  if (leave.overAt !== null) return leave.overAt
  const deadlineMs = view.nodes.get(boot.config.self)?.leaving?.deadlineMs ?? null
  if (leave.askedAt === null || leave.left || deadlineMs === null) return never
  const isAnythingLeft = orphans.length > 0 || [...allocs.values()].some(({ ending }) => ending === null)
  return isAnythingLeft ? leave.askedAt + deadlineMs : never
}

function untoldWords({ untold }: State): string {
  return untold.size === 0 ? '' : `, and ${[...untold].join(', ')} has to say what it runs`
}

/** Whoever has only just booted may not know yet what runs here, nor does one whose engine does not answer: what that runs would run for ever. */
function isEmpty({ acting, untold, allocs, orphans, leavingOrphans }: State): boolean {
  return acting && untold.size === 0 && allocs.size === 0 && orphans.length === 0 && leavingOrphans.size === 0
}

function sayLeft(step: Step): void {
  step.state.leave.left = true
  step.state.ownStale = true
  performLiveness(step, markLeft(step.state.liveness, step.now))
}

/** A neighbour may have shown that it holds this board's own document, and with it the word that it has left. */
export function noteTold({ state, env }: Step, neighbour: NodeId, frame: SyncFrame): void {
  const { leave, boot, index } = state
  if (!leave.left) return
  if (showsSame({ crypto: env.crypto, index: index.pool, frame }, nodeDocId(boot.config.self))) leave.told.add(neighbour)
}

/** One that leaves itself may take the word with it. */
function isKnownToOneWhoStays({ leave, view }: State): boolean {
  return [...leave.told].some((id) => {
    const node = view.nodes.get(id)
    return node !== undefined && isAwaited(node)
  })
}

/** The key is another machine's from now on: this one tells nobody anything, and what it runs is the other's to run. */
function goAway(step: Step): void {
  const { state } = step
  stopWhatIsLeft(step, 'evicted: an operator has sent this clone of the board away')
  if (isEmpty(state)) endSoon(step, 'an operator has sent this clone of a board away')
}

/** Nobody hears an evicted board, and one that was alone in its fleet has nobody to tell. */
function endIfTold(step: Step): void {
  const { state } = step
  const mayEnd = isKnownToOneWhoStays(state) || (state.acting && (isEvicted(state, state.boot.config.self) || !hasOthers(state)))
  if (mayEnd) endSoon(step, 'this board has left its fleet')
  else state.leave.overAt = null
}

function endSoon(step: Step, why: string): void {
  const { leave } = step.state
  if (leave.isOver) return
  leave.overAt ??= step.now + coreLimits.leftLingerMs
  if (step.now < leave.overAt) return
  leave.overAt = null
  leave.isOver = true
  step.out.push({ kind: 'left', why })
}
