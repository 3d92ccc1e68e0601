// Which claims of its node make room for a claim, as registers of a node document: one for each, below `x/`, where agents that do not know of
// them pass them on. So whatever stands there must be borne.

import type { Generation, SlotId } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { type Claim, hasEnded } from '../view.ts'
import type { RegisterTree } from './register-tree.ts'

export const displacedPath = (slot: string): string => `x/displaces/${slot}`

export function writeDisplaced(out: Map<string, Scalar>, claim: Claim): void {
  if (hasEnded(claim)) return
  for (const [slot, generation] of claim.displaces ?? []) out.set(`${displacedPath(claim.slot)}/${slot}`, generation)
}

export function readDisplaced(slots: readonly (readonly [SlotId, RegisterTree])[]): Pick<Claim, 'displaces'> {
  const named = slots.flatMap(([slot, { value }]): [SlotId, Generation][] =>
    typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? [[slot, value]] : [],
  )
  return named.length === 0 ? {} : { displaces: new Map(named) }
}
