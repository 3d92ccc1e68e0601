// What a copy waits for before it starts: copies of this board whose room it is to have.

import { hasEnded } from '../../../crdt/view.ts'
import type { State } from '../state.ts'
import type { Alloc } from './alloc.ts'

/** `other` ends before the copy starts. */
export function isDisplacedBy(other: Alloc, by: Alloc | null): boolean {
  return by?.displaces.get(other.slot) === other.generation && !hasEnded(other)
}

export function inTheWay({ allocs }: Pick<State, 'allocs'>, alloc: Alloc): readonly Alloc[] {
  if (alloc.displaces.size === 0) return []
  return [...allocs.values()].filter((other) => isDisplacedBy(other, alloc))
}
