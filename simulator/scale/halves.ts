// A large pool that is split in halves and healed: boards boot at once, jobs are submitted one after another, the connections between two
// halves fall silent, each half goes on, and after the heal every copy must run once. The caller reads the clock and the memory.

import { disconnectDefaults } from '../../crdt/documents/defaults.ts'
import { jobDocId, jobId } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { chaosCrypto } from '../chaos/crypto.ts'
import { cheapIdentity } from '../cheap-crypto.ts'
import { jobSpec } from '../job-spec.ts'
import { createOperator, submission } from '../operator.ts'
import type { Overlay } from '../overlay.ts'
import { type Board, World } from '../world.ts'

export interface HalvesOptions {
  readonly nodes: number
  /** Wanted copies, all jobs together. */
  readonly copies: number
  /** Connections that each board makes; as many are made to it. */
  readonly dials: number
  readonly splitMs: number
  /** After each part: `boot`, `submit`, `split`, `heal`. */
  readonly told?: (part: HalvesPart, world: World) => void
}

export type HalvesPart = 'boot' | 'submit' | 'split' | 'heal'

export interface HalvesResult {
  /** Events that boards took. */
  readonly steps: number
  readonly virtualMs: number
  /** Copies that ran at the end of the split, both halves together. */
  readonly copiesSplit: number
  /** From the heal until every wanted copy ran once and all boards named the same holders. */
  readonly healedMs: number
}

/** No wait of the play takes longer; ms of virtual time. */
const patienceMs = 10 * 60_000
/** Room for every copy of a half's boards twice. */
const copyCpuMhz = 100

export function playHalves(options: HalvesOptions): HalvesResult {
  const { nodes, splitMs, told = () => {} } = options
  const { world, run } = createPool(options)
  const boards = [...world.boards.values()]
  let steps = 0
  world.watch = (_board, _event, step) => {
    steps++
    return step()
  }
  world.bootAll()
  world.until('every board sees every board alive', () => boards.every((board) => aliveOn(board) === nodes), patienceMs)
  told('boot', world)
  for (const [at, spec] of jobsOf(options).entries()) run(boards[(at * 37) % nodes]!, spec)
  const isOnce = (): boolean => isEachOnce(boards, options.copies)
  world.until('every copy runs once', isOnce, patienceMs)
  told('submit', world)
  const left = new Set(boards.slice(0, nodes >> 1))
  for (const board of left) for (const other of world.links.around(board)) if (!left.has(other)) world.cut(board, other)
  world.run(splitMs)
  const copiesSplit = boards.reduce((sum, board) => sum + board.tasks.size, 0)
  told('split', world)
  world.heal()
  const healedMs = world.until('every copy runs once, and all agree on its holder', () => isOnce() && isAgreed(boards), patienceMs)
  told('heal', world)
  const virtualMs = world.queue.now
  world.release()
  return { steps, virtualMs, copiesSplit, healedMs }
}

/** Everybody waits for what is submitted before the next job comes: nobody submits ten thousand copies at a stroke. */
function createPool({ nodes, dials }: HalvesOptions): { readonly world: World; readonly run: (board: Board, spec: JobSpec) => void } {
  const founder = cheapIdentity(0)
  const operator = createOperator(chaosCrypto, founder.node, founder.signer)
  const world = new World({
    crypto: chaosCrypto,
    fleet: operator.fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    boards: Array.from({ length: nodes }, (_, index) => {
      const { node, signer } = cheapIdentity(index + 1)
      return { name: `b${index}`, id: node, signer, capacity: { cpuMhz: 4_000, memoryMib: 16_384, diskMib: 65_536 } }
    }),
    overlay: overlayOf(nodes, dials),
  })
  const tasks = (): number => [...world.boards.values()].reduce((sum, board) => sum + board.tasks.size, 0)
  const run = (board: Board, spec: JobSpec): void => {
    const wanted = tasks() + spec.groups.reduce((sum, group) => sum + group.count, 0)
    operator.put(world, board, jobDocId(jobId('default', spec.name)), 'default', submission(spec))
    world.until(`${spec.name} runs`, () => tasks() >= wanted, patienceMs)
  }
  return { world, run }
}

/** Steps that grow, so that any two boards are few hops apart. */
function overlayOf(nodes: number, dials: number): Overlay {
  return Array.from({ length: nodes }, (_, from) =>
    Array.from({ length: dials }, (_, nth) => [from, (from + 1 + 7 * nth * (nth + 1)) % nodes] as const).filter(([a, b]) => a !== b),
  ).flat()
}

/** Each has at most a copy for every second board, on boards of their own: a half has room for the other half's copies. */
function jobsOf({ nodes, copies }: HalvesOptions): JobSpec[] {
  const most = Math.max(1, nodes >> 1)
  return Array.from({ length: Math.ceil(copies / most) }, (_, at) =>
    jobSpec({
      name: `job-${at}`,
      count: Math.min(most, copies - at * most),
      cpuMhz: copyCpuMhz,
      group: {
        constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }],
        disconnect: { ...disconnectDefaults, replaceAfterMs: 10_000 },
      },
    }),
  )
}

function aliveOn(board: Board): number {
  let alive = 0
  for (const { liveness } of board.core?.state?.view.nodes.values() ?? []) if (liveness === 'alive') alive++
  return alive
}

function isEachOnce(boards: readonly Board[], copies: number): boolean {
  const slots = new Set<string>()
  let tasks = 0
  for (const board of boards) {
    tasks += board.tasks.size
    for (const { slot } of board.tasks.values()) slots.add(slot)
  }
  return tasks === copies && slots.size === copies
}

function isAgreed(boards: readonly Board[]): boolean {
  const [first, ...others] = boards.map(holdersOn)
  return others.every((holders) => holders === first)
}

function holdersOn(board: Board): string {
  return (board.core?.state?.plan?.slots ?? []).map(({ slot, standing }) => `${slot} ${standing.holder?.node}`).join('\n')
}
