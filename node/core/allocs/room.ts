// What a copy waits for before it starts: copies of this board whose room it is to have.

import { hasEnded } from '../../../crdt/view.ts'
import type { State } from '../state.ts'
import type { Alloc } from './alloc.ts'

/** Whose room it has had is remembered; a job that was removed and is run again counts its generations anew, and is in nobody's way. */
export function hasNeverBegun({ startedAt, formStartedAt }: Alloc): boolean {
  return startedAt === 0 && formStartedAt === null
}

/** `other` ends before the copy starts. */
export function isDisplacedBy(other: Alloc, by: Alloc | null): boolean {
  return by !== null && hasNeverBegun(by) && by.displaces.get(other.slot) === other.generation && !hasEnded(other)
}

export function inTheWay({ allocs }: Pick<State, 'allocs'>, alloc: Alloc): readonly Alloc[] {
  if (alloc.displaces.size === 0) return []
  return [...allocs.values()].filter((other) => isDisplacedBy(other, alloc))
}
