// Verbs that most scenarios begin with: a pool that has booted, a job that runs, and what boards did since.

import type { Reply, Request, RequestBody } from '../../crdt/api-types.ts'
import type { JobId, SlotId } from '../../crdt/ids.ts'
import type { TaskSpec } from '../../crdt/spec.ts'
import type { Board, World } from '../../simulator/world.ts'
import { type JobOptions, allAlive, createWorld, jobSpec, runJob, runners, slot } from './world.ts'

export function bootPool(count: number, options: Parameters<typeof createWorld>[1] = {}) {
  const world = createWorld(count, options)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all see each other', () => allAlive(boards), 10_000)
  return { world, boards, first: boards[0]! }
}

/** Runs the job and waits until each of its copies runs exactly once, and a little longer, until all is quiet. */
export function place(world: World, options: JobOptions = {}, board = [...world.boards.values()][0]!): JobId {
  const job = runJob(world, board, jobSpec(options))
  world.until('placed', () => slotsOf(job, options.count ?? 1).every((id) => runners(world, id).length === 1), 10_000)
  world.run(3_000)
  return job
}

export function slotsOf(job: JobId, count: number): SlotId[] {
  return Array.from({ length: count }, (_, index) => slot(job, index))
}

/** How often something was started or stopped: on all boards or one, of all slots or one. */
export function count(world: World, what: 'start' | 'stop', where: { readonly board?: Board; readonly slot?: SlotId } = {}): number {
  const boards = where.board === undefined ? [...world.boards.values()] : [where.board]
  return boards
    .flatMap((board) => board.trail)
    .filter((entry) => entry.what === what && (where.slot === undefined || entry.slot === where.slot)).length
}

/** The board on which the slot's only copy runs. */
export function home(world: World, id: SlotId): Board {
  const [name, ...others] = runners(world, id)
  if (name === undefined || others.length > 0) throw new Error(`${id} runs on ${[name, ...others].join(', ') || 'no board'}`)
  return world.board(name)
}

type Kind<K extends Reply['kind']> = Reply & { readonly kind: K }

/** The answer to a question that has one, of the kind that it must have. */
export function answer<K extends Reply['kind']>(
  world: World,
  board: Board,
  kind: K,
  body: RequestBody,
  pool?: string,
  caller: string | null = null,
): Kind<K> {
  const request: Request = pool === undefined ? body : { ...body, pool }
  const asked = world.ask(board, request, caller)
  if (!asked.isOver) world.run(100)
  const reply = asked.replies.at(-1)
  if (reply?.kind !== kind) throw new Error(`${body.method}: ${JSON.stringify(reply)}`)
  return reply as Kind<K>
}

/** A task beside the one that `jobSpec` makes. */
export function secondTask(name: string): TaskSpec {
  const [app] = jobSpec().groups[0]!.tasks
  return { ...app!, name, config: { ...app!.config, command: `/bin/${name}` } }
}

export function bothTasks(): { readonly tasks: readonly TaskSpec[] } {
  return { tasks: [jobSpec().groups[0]!.tasks[0]!, secondTask('side')] }
}

export function claimsHeld(board: Board): string[] {
  return [...(board.core?.state?.allocs.keys() ?? [])].sort()
}

/** Kills the agent, lets the caller change its disk, and boots it again; its tasks run on. */
export function withDisk(world: World, board: Board, change: (disk: Map<string, Uint8Array>) => void): void {
  // Records are written a while after what they are about.
  world.run(10_000)
  world.kill(board)
  world.run(1_000)
  change(board.disk)
  world.boot(board)
}
