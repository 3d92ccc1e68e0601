// What must be true of what really runs on one board: no slot twice, and no more than fits.

import type { TaskSpec } from '../../crdt/spec.ts'
import type { Resources } from '../../crdt/view.ts'
import type { RunningTask } from '../../node/core/ports.ts'
import type { Finding } from './invariants.ts'

/** What a running task was asked to be started with. */
export interface Ask {
  readonly spec: Pick<TaskSpec, 'resources'>
  readonly diskMib: number
}

/** Task id → what it asks for. */
export type Asks = ReadonlyMap<string, Ask>

/** A board, simulated or real, and what really runs on it. */
export interface Occupied {
  readonly name: string
  /** As its own configuration says; undefined: not known. */
  readonly capacity: Resources | undefined
  readonly tasks: readonly RunningTask[]
  readonly asks: Asks
}

export interface Used {
  cpuMhz: number
  memoryMib: number
  diskMib: number
}

export function usedOn(tasks: Iterable<RunningTask>, asks: Asks): Used {
  const used: Used = { cpuMhz: 0, memoryMib: 0, diskMib: 0 }
  const allocs = new Set<string>()
  for (const task of tasks) {
    const ask = asks.get(task.id)
    if (ask === undefined) continue
    used.cpuMhz += ask.spec.resources.cpuMhz
    used.memoryMib += ask.spec.resources.memoryMib
    if (!allocs.has(task.alloc)) used.diskMib += ask.diskMib
    allocs.add(task.alloc)
  }
  return used
}

/** `isLiar`: it has been given more than it has, because it said that it has more. */
export function disorderOn({ name, capacity, tasks, asks }: Occupied, isLiar = false): Finding[] {
  const found: Finding[] = []
  const seen = new Set<string>()
  for (const task of tasks) {
    const key = `${task.slot} ${task.task}`
    if (seen.has(key)) found.push({ rule: 'one-copy-a-board', what: `${name} runs ${key} twice: ${tasks.map(({ id }) => id).join(', ')}` })
    seen.add(key)
  }
  const used = usedOn(tasks, asks)
  if (capacity === undefined || isLiar) return found
  for (const what of ['cpuMhz', 'memoryMib', 'diskMib'] as const) {
    if (used[what] > capacity[what]) found.push({ rule: 'not-over-committed', what: `${name}: ${what} ${used[what]} of ${capacity[what]}` })
  }
  return found
}
