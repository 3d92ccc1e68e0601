// What may be demanded of a core while boards outside it still flap, are cut or die: that its boards tell one another what operators want, and
// settle among themselves who runs a slot. That somebody runs it is `vacancy-filled`, which asks so of every board; but who, and that
// nothing moves, depends on those outside.

import { slotParts } from '../../crdt/ids.ts'
import { type State, isEvicted } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import { type Wrong, isAttentive } from './lasting.ts'
import { seesHalf, stands } from './replacements.ts'
import { type Slot, wantedSlots } from './slots.ts'
import type { Stage } from './stage.ts'

export function wrongInCore(stage: Stage, board: Board, state: State): Wrong[] {
  if (stage.outside.size === 0 || stage.outside.has(board)) return []
  const others = [...stage.world.boards.values()].flatMap((other) => {
    const known = other.core?.state
    if (other === board || known == null || stage.outside.has(other) || other.spec.pool !== board.spec.pool) return []
    const isApart = [state, known].some((one) => isEvicted(one, board.spec.id) || isEvicted(one, other.spec.id))
    return isApart || !isAttentive(stage, other, known) ? [] : [{ other, known }]
  })
  return others.flatMap(({ other, known }) => [...unknown(state, other, known), ...twice(board, other)])
}

/** Of boards' own documents this cannot be said: those outside write theirs, and tell whom they reach. */
function unknown({ docs }: State, other: Board, known: State): Wrong[] {
  return [...known.docs.values()].flatMap(({ id, kind, epoch, envelopes }): Wrong[] => {
    const own = docs.get(id)
    if (kind === 'node' || (own !== undefined && own.epoch > epoch)) return []
    const has = new Set(own?.envelopes.map(({ hash }) => hash))
    const lacking = envelopes.find(({ hash }) => !has.has(hash))
    if (lacking === undefined) return []
    const what = `it lacks a change of ${id} that ${other.spec.name} in its core has`
    return [{ rule: 'core-knows', key: `${other.spec.name} ${id} ${lacking.hash}`, what }]
  })
}

function twice(board: Board, other: Board): Wrong[] {
  if (board.spec.id > other.spec.id) return []
  return [...board.tasks.values()].flatMap(({ slot, alloc }): Wrong[] => {
    const rival = [...other.tasks.values()].find((task) => task.slot === slot)
    if (rival === undefined) return []
    return [{ rule: 'core-runs-once', key: `${alloc} ${rival.alloc}`, what: `it runs ${slot}, which ${other.spec.name} in its core runs` }]
  })
}

/** A slot runs on both sides: what the unrest is for. */
export function isSplit({ world, outside }: Stage): boolean {
  const inside = new Set(
    [...world.boards.values()].flatMap((board) => (outside.has(board) ? [] : [...board.tasks.values()].map(({ slot }) => slot))),
  )
  return [...outside].some((board) => [...board.tasks.values()].some(({ slot }) => inside.has(slot)))
}

/**
 * Slots for which a core at rest need not run a copy: a board outside holds it that the core sees, or that it may not replace, since the
 * job says `replace = false` or the core is not half of those that could run it.
 */
export function heldOutside({ outside }: Stage, state: State): ReadonlySet<Slot['slot']> {
  const ids = new Set([...outside].map(({ spec }) => spec.id))
  const isHeld = ({ slot, spec, group }: Slot): boolean => {
    const { job } = slotParts(slot)
    const stopped = state.view.jobs.get(job)?.wishes.get(slot)?.stopGeneration ?? 0
    const { replace, partition } = group.disconnect
    const mayLose = replace && (partition !== 'half' || seesHalf(state, spec, group))
    return (state.view.claims.get(slot) ?? []).some(
      (claim) =>
        ids.has(claim.node) && stands(state, claim, stopped) && (!mayLose || state.view.nodes.get(claim.node)?.liveness === 'alive'),
    )
  }
  return new Set(wantedSlots(state.view).flatMap((wanted) => (isHeld(wanted) ? [wanted.slot] : [])))
}
