// What a peer may ask of this board (`askRates`): beyond it nothing is answered, and whoever goes on all the same is blamed.

import type { NodeId } from '../../../crdt/ids.ts'
import { isFlagrant, take } from '../bucket.ts'
import { countRefusal } from '../refusals.ts'
import type { Step } from '../state.ts'
import { blame } from './judge.ts'
import { askRates } from './limits.ts'
import { recordOf } from './state.ts'

export function mayAsk(step: Step, peer: NodeId, what: 'asks' | 'sends', count = 1): boolean {
  const bucket = recordOf(step.state.conduct, peer, step.now)[what]
  if (take(bucket, askRates[what], step.now, count)) return true
  countRefusal(step.state, 'E_RATE')
  if (isFlagrant(bucket, askRates[what])) blame(step, peer, 'E_FLOOD')
  return false
}
