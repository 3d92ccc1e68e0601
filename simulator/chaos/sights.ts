// What was seen to happen in a step: the `sometimes` of `invariants.ts`. Read from what boards log and what really runs.

import { slotParts } from '../../crdt/ids.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type { Board } from '../board.ts'
import type { World } from '../world.ts'
import type { Sight } from './invariants.ts'

const words: readonly (readonly [RegExp, Sight])[] = [
  [/^adopted /, 'adopted'],
  [/^peers hold newer changes/, 'old-disk-noticed'],
  [/^another board seems to have this node's key/, 'twin-noticed'],
  [/ failed here /, 'gave-up'],
  [/ failed here .*: check-refused: /, 'check-refused'],
  [/ is not healthy any more: check /, 'check-failed'],
  [/^an operator has taken it back: this board does not leave/, 'leave-taken-back'],
  [/ misbehaves: banned for /, 'liar-banned'],
  [/^the ban of .* is over$/, 'ban-over'],
]

export function sightsOfStep(world: World, board: Board, event: CoreEvent, effects: readonly Effect[]): Sight[] {
  const seen: Sight[] = []
  for (const effect of effects) {
    if (effect.kind === 'log') for (const [pattern, sight] of words) if (pattern.test(effect.message)) seen.push(sight)
    if (effect.kind === 'left' && board.core?.state?.leave.left === true) seen.push('left-by-itself')
    if (effect.kind === 'stop') seen.push(...sightsOfStop(board, effect.task))
  }
  if (event.kind === 'started' && event.outcome.ok) seen.push(...sightsOfStart(world, board, event.task))
  return seen
}

/** What lasts, and no step tells. */
export function sightsOfMoment(board: Board): Sight[] {
  const { state } = board.core ?? {}
  if (state == null) return []
  const seen: Sight[] = []
  const self = state.view.nodes.get(board.spec.id)
  const isSpared = self?.draining === true && self.drainIgnoresSystem === true
  if (isSpared && [...board.tasks.values()].some(({ slot }) => slotParts(slot).node !== null)) seen.push('system-spared')
  if ([...state.allocs.values()].some(({ checks }) => checks.lapses.length > 1)) seen.push('check-flapped')
  return seen
}

function sightsOfStart(world: World, board: Board, id: string): Sight[] {
  const task = board.tasks.get(id)
  const run = task === undefined ? undefined : board.core?.state?.allocs.get(task.slot)?.body.tasks.get(task.task)
  const seen: Sight[] = run !== undefined && run.restarts > 0 ? ['crash-restarted'] : []
  for (const other of world.boards.values()) {
    const isApart = !world.links.isOpen(board, other) || !world.links.isOpen(other, board)
    if (other !== board && isApart && [...other.tasks.values()].some((rival) => rival.slot === task?.slot)) seen.push('two-copies')
  }
  return seen
}

function sightsOfStop(board: Board, id: string): Sight[] {
  const slot = board.tasks.get(id)?.slot
  const alloc = slot === undefined ? undefined : board.core?.state?.allocs.get(slot)
  if (alloc === undefined) return []
  if (alloc.leaving.has(id)) return ['updated-in-place']
  if (alloc.reason === 'evicted') return ['evicted-stopped']
  return alloc.reason.startsWith('alone:') ? ['alone-stopped'] : []
}
