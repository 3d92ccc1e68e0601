// Carries what liveness asks for into effects, and news about peers into liveness.

import { askExchange } from './exchanges.ts'
import type { LivenessEffect } from './liveness/liveness.ts'
import type { Step } from './state.ts'
import { encodeFrame } from './wire.ts'

export function performLiveness(step: Step, effects: readonly LivenessEffect[]): void {
  for (const effect of effects) {
    switch (effect.kind) {
      case 'probe':
        step.out.push({ kind: 'send', to: effect.to, frame: encodeFrame({ kind: 'probe', n: effect.n }) })
        break
      case 'probe-ack':
        step.out.push({ kind: 'send', to: effect.to, frame: encodeFrame({ kind: 'probe-ack', n: effect.n }) })
        break
      case 'publish':
        step.out.push({ kind: 'broadcast', topic: 'pool', frame: encodeFrame({ kind: 'link-states', states: [effect.state] }) })
        break
      case 'relay':
        step.out.push({ kind: 'send', to: effect.to, frame: encodeFrame({ kind: 'link-states', states: effect.states }) })
        break
      case 'compare':
        askExchange(step, effect.to)
        break
      case 'hang-up':
        step.out.push({ kind: 'disconnect', peer: effect.peer, reason: effect.reason })
        break
    }
  }
}
