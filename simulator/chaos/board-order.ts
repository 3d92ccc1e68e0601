// What must be true of what really runs on one board: no slot twice, and no more than fits.

import type { RunningTask, TaskRequest } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import type { Rule } from './invariants.ts'

/** Task id → what it was started as. */
export type Asks = Map<string, TaskRequest>

export interface Used {
  cpuMhz: number
  memoryMib: number
  diskMib: number
}

export function usedOn(tasks: Iterable<RunningTask>, asks: ReadonlyMap<string, TaskRequest>): Used {
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
export function disorderOn(board: Board, asks: Asks, isLiar: boolean): { readonly rule: Rule; readonly what: string }[] {
  const found: { rule: Rule; what: string }[] = []
  const { name, capacity } = board.spec
  const seen = new Set<string>()
  for (const task of board.tasks.values()) {
    const key = `${task.slot} ${task.task}`
    if (seen.has(key)) found.push({ rule: 'one-copy-a-board', what: `${name} runs ${key} twice: ${[...board.tasks.keys()].join(', ')}` })
    seen.add(key)
  }
  const used = usedOn(board.tasks.values(), asks)
  if (capacity === undefined || isLiar) return found
  for (const what of ['cpuMhz', 'memoryMib', 'diskMib'] as const) {
    if (used[what] > capacity[what]) found.push({ rule: 'not-over-committed', what: `${name}: ${what} ${used[what]} of ${capacity[what]}` })
  }
  return found
}
