// What a run plays on: the world that the plan describes, its operator, and what is going on in it at the moment.

import type { Crypto } from '../../crdt/crypto.ts'
import type { AdoptedTask, TaskRequest } from '../../node/core/ports.ts'
import { type AllocId, type NodeId, hex, slotParts } from '../../crdt/ids.ts'
import { isRunOnce } from '../../crdt/spec.ts'
import type { TaskAnswer } from '../checks.ts'
import { cheapIdentity } from '../cheap-crypto.ts'
import type { Flaw } from '../flaws.ts'
import { createNextCore } from '../next-agent.ts'
import { type Operator, createOperator, operatorBeside } from '../operator.ts'
import { type Prng, createPrng } from '../prng.ts'
import { type Board, World } from '../world.ts'
import { chaosCrypto } from './crypto.ts'
import { noteCarriedOn } from './faults-deaths.ts'
import { chaosJobId } from './own-jobs.ts'
import { Patience } from './patience.ts'
import { secondIdentity } from './revoked-key.ts'
import type { ChaosPlan, DrawnCode, EventOf, Way } from './plan.ts'
import { Witness } from './witness.ts'

export interface Stage {
  readonly plan: ChaosPlan
  readonly world: World
  readonly operator: Operator
  /** Whose key an admin gives a role to, and takes away. */
  readonly second: Operator
  readonly witness: Witness
  readonly linkPrng: Prng
  /** Cuts that last, each with its ways. */
  readonly cuts: Set<readonly Way[]>
  readonly driverFaults: Set<EventOf<'driver'>>
  readonly badLinks: Set<EventOf<'bad-links'>>
  readonly tails: Set<EventOf<'tails'>>
  readonly unwell: Set<EventOf<'unwell'>>
  /** Boards whose place a clone has taken, and what they hold meanwhile. */
  readonly parked: Map<Board, { readonly disk: ReadonlyMap<string, Uint8Array>; readonly tasks: ReadonlyMap<string, AdoptedTask> }>
  /** Second machines with a board's key that run now. */
  readonly twins: Map<Board, Board>
  /** Not there yet. */
  readonly absent: Set<Board>
  /** Boards, by their keys, whose agent is the next one. */
  readonly upgraded: Set<NodeId>
  /** An operator has raised the fleet's plan version, or tried to. */
  isPlanRaised: boolean
  /** Left for good. */
  readonly gone: Set<Board>
  readonly malicious: Set<Board>
  readonly patience: Patience
  /** Told halves of the fleet different things under one sequence number of theirs. */
  readonly twoTongued: Set<Board>
  /** All faults have ended: what was to end or begin later no longer matters, but at boards outside the core. */
  isOver: boolean
  /** Boards for which that is not so, once it is over. */
  readonly outside: Set<Board>
  /** There, too, nothing begins or ends any more. */
  isSettled: boolean
}

/** From seconds to minutes, and the same for each task of a copy. */
function lifetimeMs(seed: number, alloc: AllocId): number {
  return (
    2_000 +
    createPrng(seed ^ Number.parseInt(alloc.slice(0, 8), 16))
      .fork()
      .below(90_000)
  )
}

/** What a task says to a check now: the first fault that speaks of it. */
function answerOf({ unwell, world }: Stage, { spec }: Board, { slot }: TaskRequest): TaskAnswer {
  const { job } = slotParts(slot)
  const isNow = ({ at, periodMs }: EventOf<'unwell'>): boolean => periodMs === null || 2 * ((world.queue.now - at) % periodMs) < periodMs
  const fault = [...unwell].find((event) => (event.board ?? spec.name) === spec.name && chaosJobId(event.job) === job && isNow(event))
  return fault?.answer ?? 'passes'
}

export interface StageOptions {
  /** Boards share nothing that they work out: the same run, and slower. */
  readonly isUnshared?: boolean
  /** `chaosCrypto`, or one that hashes faster and gives the same. */
  readonly crypto?: Crypto
}

export function createStage(
  plan: ChaosPlan,
  flaws: ReadonlySet<Flaw>,
  { isUnshared = false, crypto = chaosCrypto }: StageOptions = {},
): Stage {
  const founder = cheapIdentity(0)
  const operator = createOperator(crypto, founder.node, founder.signer)
  const upgraded = new Set(plan.boards.flatMap(({ agent }, index) => (agent === 'next' ? [cheapIdentity(index + 1).node] : [])))
  const world = new World({
    crypto,
    seed: plan.seed,
    isDialled: true,
    fleet: operator.fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    boards: plan.boards.map(({ pool = 'default', cpuMhz = 4_000, memoryMib, diskMib = 8_192, ...board }, index) => {
      const { node, signer } = cheapIdentity(index + 1)
      return { ...board, id: node, signer, pool, capacity: { cpuMhz, memoryMib, diskMib } }
    }),
    flaws,
    isUnshared,
    coreOf: ({ spec }) => (upgraded.has(spec.id) ? createNextCore : undefined),
  })
  const stage: Stage = {
    plan,
    world,
    operator,
    second: operatorBeside(crypto, operator, secondIdentity.node, secondIdentity.signer),
    witness: new Witness(world),
    linkPrng: createPrng(plan.seed ^ 0x2545f491),
    cuts: new Set(),
    driverFaults: new Set(),
    badLinks: new Set(),
    tails: new Set(),
    unwell: new Set(),
    parked: new Map(),
    twins: new Map(),
    absent: new Set(plan.events.flatMap((event) => (event.kind === 'join' ? [world.board(event.board)] : []))),
    upgraded,
    isPlanRaised: false,
    gone: new Set(),
    malicious: new Set(),
    patience: new Patience(),
    twoTongued: new Set(),
    isOver: false,
    outside: new Set(),
    isSettled: false,
  }
  noteCarriedOn(stage)
  for (const bytes of operator.fleetEnvelopes) stage.witness.rules.authors.genuine(hex(crypto.sha256(bytes)))
  const seen = (code: DrawnCode | null): DrawnCode | null => {
    if (code !== null) stage.witness.saw(`driver-${code}`)
    return code
  }
  world.lifetimes.of = (board, { slot, alloc }) => {
    // A task that its driver starts when its agent has ended is of a job that others know.
    const someone = board.core ?? [...world.boards.values()].find(({ core }) => core?.state?.view.jobs.has(slotParts(slot).job))?.core
    const spec = someone?.state?.view.jobs.get(slotParts(slot).job)?.spec
    return spec != null && isRunOnce(spec) ? lifetimeMs(plan.seed, alloc) : null
  }
  world.checks.of = (board, { task }) => answerOf(stage, board, task)
  world.tasks.refuse = (board, _task, phase) => {
    if (board.isDriverSilent) return seen('E_DRIVER_DOWN')
    return seen([...stage.driverFaults].find((fault) => fault.board === board.spec.name && fault.phase === phase)?.code ?? null)
  }
  return stage
}
