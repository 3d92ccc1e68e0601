// What a run plays on: the world that the plan describes, its operator, and what is going on in it at the moment.

import { cheapIdentity } from '../cheap-crypto.ts'
import type { Flaw } from '../flaws.ts'
import { type Operator, createOperator } from '../operator.ts'
import { type Prng, createPrng } from '../prng.ts'
import { World } from '../world.ts'
import { chaosCrypto } from './crypto.ts'
import type { ChaosPlan, EventOf, Way } from './plan.ts'
import { Witness } from './witness.ts'

export interface Stage {
  readonly plan: ChaosPlan
  readonly world: World
  readonly operator: Operator
  readonly witness: Witness
  readonly linkPrng: Prng
  /** Cuts that last, each with its ways. */
  readonly cuts: Set<readonly Way[]>
  readonly driverFaults: Set<EventOf<'driver'>>
  readonly badLinks: Set<EventOf<'bad-links'>>
  /** All faults have ended: what was to end or begin later no longer matters. */
  isOver: boolean
}

export function createStage(plan: ChaosPlan, flaws: ReadonlySet<Flaw>): Stage {
  const founder = cheapIdentity(0)
  const operator = createOperator(chaosCrypto, founder.node, founder.signer)
  const world = new World({
    crypto: chaosCrypto,
    fleet: operator.fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    boards: plan.boards.map(({ name, labels, memoryMib }, index) => {
      const { node, signer } = cheapIdentity(index + 1)
      return { name, id: node, signer, labels, capacity: { cpuMhz: 4_000, memoryMib, diskMib: 8_192 } }
    }),
    flaws,
  })
  const stage: Stage = {
    plan,
    world,
    operator,
    witness: new Witness(world),
    linkPrng: createPrng(plan.seed ^ 0x2545f491),
    cuts: new Set(),
    driverFaults: new Set(),
    badLinks: new Set(),
    isOver: false,
  }
  world.tasks.refuse = (board, _task, phase) =>
    [...stage.driverFaults].find((fault) => fault.board === board.spec.name && fault.phase === phase)?.code ?? null
  return stage
}
