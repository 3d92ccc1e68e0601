// Groups whose tasks have a life cycle, what these tasks do by themselves on simulated boards, and what came of it in one line.

import { rescheduleDefaults, restartDefaults } from '../../crdt/documents/defaults.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type JobId, type SlotId, jobDocId } from '../../crdt/ids.ts'
import type { GroupSpec, TaskLifecycle, TaskSpec } from '../../crdt/spec.ts'
import type { Board, World } from '../../simulator/world.ts'
import { secondTask } from './pool.ts'
import { type JobOptions, claimOf, edit } from './world.ts'

const hooks = {
  prestart: { hook: 'prestart', sidecar: false },
  beside: { hook: 'prestart', sidecar: true },
  poststart: { hook: 'poststart', sidecar: false },
  after: { hook: 'poststart', sidecar: true },
  poststop: { hook: 'poststop', sidecar: false },
} as const satisfies Readonly<Record<string, TaskLifecycle>>

/** `init: 'prestart'`; `main` says that it has no lifecycle. In order of name, as a specification has them. */
export function tasksOf(
  kinds: Readonly<Record<string, keyof typeof hooks | 'main'>>,
  wishes: Readonly<Record<string, Partial<TaskSpec>>> = {},
): readonly TaskSpec[] {
  return Object.keys(kinds)
    .sort()
    .map((name) => {
      const kind = kinds[name]!
      return {
        ...secondTask(name),
        resources: { cpuMhz: 10, memoryMib: 16 },
        ...(kind === 'main' ? {} : { lifecycle: hooks[kind] }),
        ...wishes[name],
      }
    })
}

/** How long a task runs by itself each time, ms, and whether it ends well then. Tasks that are not named run for ever. */
export type Programs = Readonly<Record<string, readonly { readonly ms: number; readonly isWell: boolean }[]>>

export const well = (ms: number) => ({ ms, isWell: true })
export const badly = (ms: number) => ({ ms, isWell: false })

/** Lets tasks do so, the last entry again and again; gives the diary: `+init` began, `init.` ended well, `init!` ended badly, `-init` was stopped. */
export function watchTasks(world: World, programs: Programs = {}): { readonly lines: string[] } {
  const lines: string[] = []
  const runs = new Map<string, number>()
  world.lifetimes.onEnd = (_board, run) => void lines.push(`${run.task}.`)
  world.lifetimes.of = (board, request) => {
    const { name } = request.spec
    lines.push(`+${name}`)
    const program = programs[name]
    const turn = runs.get(name) ?? 0
    runs.set(name, turn + 1)
    const next = program?.[Math.min(turn, program.length - 1)]
    if (next === undefined) return null
    if (next.isWell) return next.ms
    const run = board.tasks.get(request.id)
    world.queue.after(next.ms, () => {
      if (board.tasks.get(request.id) !== run) return
      lines.push(`${name}!`)
      world.crash(board, request.slot, name)
    })
    return null
  }
  for (const board of world.boards.values()) {
    const push = board.trail.push.bind(board.trail)
    board.trail.push = (...entries) => {
      for (const { what, task } of entries) if (what === 'stop') lines.push(`-${task.split('.').at(-1)}`)
      return push(...entries)
    }
  }
  return { lines }
}

/** Names of the tasks of a slot that really run. */
export function tasksRunning(world: World, slot: SlotId): string[] {
  return [...world.boards.values()]
    .flatMap((board) => [...board.tasks.values()].flatMap((run) => (run.slot === slot ? [run.task] : [])))
    .sort()
}

/** A copy that fails stays failed for as long as a test looks, and a failed task is tried again within seconds. */
export const patient: Partial<GroupSpec> = {
  restart: { ...restartDefaults, attempts: 1, delayMs: 1_000 },
  reschedule: { ...rescheduleDefaults, delayMs: 3_600_000, maxDelayMs: 3_600_000 },
}
export const group = (tasks: GroupSpec['tasks'], wishes: Partial<GroupSpec> = {}): JobOptions => ({
  group: { ...patient, tasks, ...wishes },
})
export const stopJob = (world: World, board: Board, job: JobId): void =>
  edit(world, board, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
export const stateOf = (board: Board, id: SlotId): string => claimOf(board, id, board)?.state ?? 'none'
export const task = (board: Board, id: SlotId, name: string) => claimOf(board, id, board)?.tasks[name]
