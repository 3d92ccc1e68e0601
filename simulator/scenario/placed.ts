// Jobs that run already when a scenario begins. A fleet that has run for a while has its copies where history put them, and not where
// they would be put now. Before 0:00 each is placed by the boards themselves, one after the other, while only the board that is to run it
// is eligible: what stands at 0:00 is a fleet that decided all of it, with claims and documents as any has.

import { jobDocId, opsDocId, slotId } from '../../crdt/ids.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Board } from '../board.ts'
import type { World } from '../world.ts'
import { type Stage, put } from './orders.ts'
import { ordered } from './ordered.ts'
import { idOf, lookMs, poolOf } from './record.ts'
import type { PlacedJob } from './scenario.ts'

/** A copy begins after a fraction of a second on wide lines. What takes longer does not fit where it is said to run. */
const placedMsMax = 10_000
/** New copies count as healthy by then, and boards have heard of one another's, unless a job asks for longer. */
const restMs = 15_000

/** What could not be had as it was found, in words. */
export function placeAsFound(stage: Stage, boards: readonly Board[]): readonly string[] {
  const { scenario, world } = stage
  const { placed = [] } = scenario
  if (placed.length === 0) return []
  const missed = placed.flatMap((job) =>
    placeJob(
      stage,
      job,
      boards.filter((board) => poolOf(board) === job.spec.pool),
    ),
  )
  for (const board of boards) open(stage, board, true)
  world.run(restMs)
  return missed
}

function placeJob(stage: Stage, { spec, via, slots }: PlacedJob, boards: readonly Board[]): string[] {
  const { world } = stage
  const teller = boards.find((board) => board.spec.name === via) ?? boards[0]
  if (teller === undefined) return [`nobody is up to run ${idOf(spec)}`]
  const missed: string[] = []
  const counts = new Map(spec.groups.map(({ name }) => [name, 0]))
  for (const { name, count } of slots.size === 0 ? [] : spec.groups) {
    for (let index = 0; index < count; index++) {
      const holder = slots.get(`${name}/${index}`)
      allow(stage, boards, holder)
      counts.set(name, index + 1)
      hand(stage, teller, withCounts(spec, counts))
      const slot = slotId(idOf(spec), name, index)
      const isThere = (board: Board): boolean => [...board.tasks.values()].some((task) => task.slot === slot)
      const runs = waitFor(world, () => boards.some((board) => isThere(board) && (holder ?? board.spec.name) === board.spec.name))
      if (!runs && holder !== undefined) missed.push(`${slot} could not be started on ${holder}, where it was said to run`)
    }
  }
  allow(stage, boards, undefined)
  hand(stage, teller, spec)
  return missed
}

function withCounts(spec: JobSpec, counts: ReadonlyMap<string, number>): JobSpec {
  return { ...spec, groups: spec.groups.map((group) => ({ ...group, count: Math.min(group.count, counts.get(group.name) ?? 0) })) }
}

function hand(stage: Stage, teller: Board, spec: JobSpec): void {
  put(stage, teller, jobDocId(idOf(spec)), spec.pool, ordered(spec, stage.world.wallMs))
}

/** One board only takes copies, or all do; everybody knows it afterwards. */
function allow(stage: Stage, boards: readonly Board[], holder: string | undefined): void {
  const may = ({ spec }: Board): boolean => holder === undefined || spec.name === holder
  for (const board of boards) open(stage, board, may(board))
  const knows = ({ core }: Board): boolean => boards.every((other) => core?.state?.view.nodes.get(other.spec.id)?.eligible === may(other))
  waitFor(stage.world, () => boards.every(knows))
}

function open(stage: Stage, board: Board, isEligible: boolean): void {
  if (board.core?.state?.view.nodes.get(board.spec.id)?.eligible === isEligible) return
  put(stage, board, opsDocId(board.spec.id), poolOf(board), () => new Map([[opsPaths.eligible, isEligible]]))
}

function waitFor(world: World, condition: () => boolean): boolean {
  const until = world.queue.now + placedMsMax
  while (!condition()) {
    if (world.queue.now >= until) return false
    world.run(lookMs)
  }
  return true
}
