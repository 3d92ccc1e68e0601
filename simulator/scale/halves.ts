// A large pool that is split in halves and healed: boards that know one another boot at once (`settled.ts`), jobs are submitted one after
// another, the connections between two halves fall silent, each half goes on, and after the heal every copy must run once. The caller
// reads the clock and the memory.

import type { Crypto } from '../../crdt/crypto.ts'
import { disconnectDefaults, resourceDefaults, updateDefaults } from '../../crdt/documents/defaults.ts'
import { jobDocId, jobId } from '../../crdt/ids.ts'
import type { GroupSpec, JobSpec } from '../../crdt/spec.ts'
import { chaosCrypto } from '../chaos/crypto.ts'
import { cheapIdentity } from '../cheap-crypto.ts'
import { createOperator, submission } from '../operator.ts'
import type { TaskId, TaskRequest } from '../../node/core/ports.ts'
import { sampleGroup, sampleJob, sampleTask } from '../sample-job.ts'
import type { Board, World } from '../world.ts'
import { disorderAtRest } from './at-rest.ts'
import { overlayOf } from './overlay-of.ts'
import { settledWorld } from './settled.ts'

export interface HalvesOptions {
  readonly nodes: number
  /** Wanted copies, all jobs together. */
  readonly copies: number
  /** Connections that each board makes; as many are made to it. */
  readonly dials: number
  readonly splitMs: number
  /** `chaosCrypto`, or one that hashes faster and gives the same. */
  readonly crypto?: Crypto
  /** Boards share views and plans; the same run either way. */
  readonly sharesViews?: boolean
  /** After each part: `boot`, `submit`, `split`, `heal`, `rest`. */
  readonly told?: (part: HalvesPart, world: World) => void
}

export type HalvesPart = 'boot' | 'submit' | 'split' | 'heal' | 'rest'

export interface HalvesResult {
  /** Events that boards took. */
  readonly steps: number
  readonly virtualMs: number
  /** Copies that ran at the end of the split, both halves together. */
  readonly copiesSplit: number
  /** From the heal until every wanted copy ran once and all boards named the same holders. */
  readonly healedMs: number
  /** From the heal until the pool kept the rules of a fleet at rest. */
  readonly restMs: number
}

/** No wait of the play takes longer; ms of virtual time. */
const patienceMs = 10 * 60_000
/** So often the rules are looked at, which reads what every board knows. */
const restEveryMs = 1_000
/** So often a wait looks whether it is over: looking reads every task of every board. */
const lookEveryMs = 100
/** Room for every copy of a half's boards twice. */
const copyCpuMhz = 100
const groupsPerJob = 10

export function playHalves(options: HalvesOptions): HalvesResult {
  const { nodes, copies, splitMs, told = () => {} } = options
  const { world, submit } = createPool(options)
  const boards = [...world.boards.values()]
  let steps = 0
  const asks = new Map<TaskId, TaskRequest>()
  world.watch = (_board, _event, step) => {
    steps++
    const effects = step()
    for (const effect of effects) if (effect.kind === 'start') asks.set(effect.task.id, effect.task)
    return effects
  }
  const reached = (part: HalvesPart): void => {
    // Nobody reads them, and they would be most of what a quiet board keeps.
    for (const board of boards) board.logs.length = 0
    told(part, world)
  }
  world.bootAll()
  // Those that do not take part yet leave the work to the others, who take it one by one.
  waitFor(world, 'every board sees every board alive and takes part', () =>
    boards.every((board) => board.core?.state?.acting === true && aliveOn(board) === nodes),
  )
  reached('boot')
  for (const [at, spec] of jobsOf(options).entries()) submit(boards[(at * 37) % nodes]!, spec)
  waitFor(world, 'every copy runs once', () => isEachOnce(boards, copies))
  reached('submit')
  const left = new Set(boards.slice(0, nodes >> 1))
  for (const board of left) for (const other of world.links.around(board)) if (!left.has(other)) world.cut(board, other)
  world.run(splitMs)
  const copiesSplit = tasksOn(boards)
  reached('split')
  world.heal()
  const healedMs = waitFor(world, 'every copy runs once, and all agree on its holder', () => isEachOnce(boards, copies) && isAgreed(boards))
  reached('heal')
  const isAtRest = (): boolean => disorderAtRest(options.crypto ?? chaosCrypto, boards, asks).length === 0
  const restMs = healedMs + waitFor(world, 'the pool keeps the rules of a fleet at rest', isAtRest, restEveryMs)
  reached('rest')
  const virtualMs = world.queue.now
  world.release()
  return { steps, virtualMs, copiesSplit, healedMs, restMs }
}

/** How long it took, to `everyMs`; ms of virtual time. */
function waitFor(world: World, what: string, condition: () => boolean, everyMs = lookEveryMs): number {
  const began = world.queue.now
  while (!condition()) {
    if (world.queue.now - began >= patienceMs) throw new Error(`not within ${patienceMs} ms: ${what}`)
    world.run(everyMs)
  }
  return world.queue.now - began
}

interface Pool {
  readonly world: World
  /** Ends when the job's copies run: nobody submits ten thousand at a stroke. */
  readonly submit: (board: Board, spec: JobSpec) => void
}

function createPool({ nodes, dials, crypto = chaosCrypto, sharesViews = true }: HalvesOptions): Pool {
  const founder = cheapIdentity(0)
  const operator = createOperator(crypto, founder.node, founder.signer)
  const world = settledWorld({
    crypto,
    fleet: operator.fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    boards: Array.from({ length: nodes }, (_, index) => {
      const { node, signer } = cheapIdentity(index + 1)
      return { name: `b${index}`, id: node, signer, capacity: { cpuMhz: 4_000, memoryMib: 16_384, diskMib: 65_536 } }
    }),
    overlay: overlayOf(nodes, dials),
    sharesViews,
  })
  const boards = [...world.boards.values()]
  const submit = (board: Board, spec: JobSpec): void => {
    const wanted = tasksOn(boards) + spec.groups.reduce((sum, group) => sum + group.count, 0)
    operator.put(world, board, jobDocId(jobId('default', spec.name)), 'default', submission(spec))
    waitFor(world, `${spec.name} runs`, () => tasksOn(boards) >= wanted)
  }
  return { world, submit }
}

/** Each group has at most a copy for every second board, on boards of their own: a half has room for the other half's copies. */
function jobsOf({ nodes, copies }: HalvesOptions): JobSpec[] {
  const most = Math.max(1, nodes >> 1)
  const groups = Array.from({ length: Math.ceil(copies / most) }, (_, at) => groupOf(at, Math.min(most, copies - at * most)))
  return Array.from({ length: Math.ceil(groups.length / groupsPerJob) }, (_, at) =>
    sampleJob({ name: `job-${at}`, groups: groups.slice(at * groupsPerJob, (at + 1) * groupsPerJob) }),
  )
}

function groupOf(at: number, count: number): GroupSpec {
  return sampleGroup({
    name: `g${at}`,
    count,
    update: { ...updateDefaults, minHealthyMs: 1_000 },
    constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }],
    disconnect: { ...disconnectDefaults, replaceAfterMs: 10_000 },
    tasks: [sampleTask({ resources: { ...resourceDefaults, cpuMhz: copyCpuMhz } })],
  })
}

function tasksOn(boards: readonly Board[]): number {
  return boards.reduce((sum, board) => sum + board.tasks.size, 0)
}

function aliveOn(board: Board): number {
  let alive = 0
  for (const { liveness } of board.core?.state?.view.nodes.values() ?? []) if (liveness === 'alive') alive++
  return alive
}

function isEachOnce(boards: readonly Board[], copies: number): boolean {
  if (tasksOn(boards) !== copies) return false
  const slots = new Set<string>()
  for (const board of boards) {
    for (const { slot } of board.tasks.values()) slots.add(slot)
  }
  return slots.size === copies
}

function isAgreed(boards: readonly Board[]): boolean {
  const first = holdersOn(boards[0])
  return boards.every((board) => {
    const holders = holdersOn(board)
    return holders.length === first.length && holders.every((holder, at) => holder === first[at])
  })
}

/** In the plan's order of slots, which is the same on all. */
function holdersOn(board: Board | undefined): (string | undefined)[] {
  return (board?.core?.state?.plan?.slots ?? []).map(({ standing }) => standing.holder?.alloc)
}
