// How a task ended by itself: in words for people, and whether its work is done.

import type { TaskExit } from '../ports.ts'

export function wordsFor(exit: TaskExit): string {
  if (exit.outOfMemory) return 'out of memory'
  if (exit.signal !== null) return `ended by ${exit.signal}`
  return exit.exitCode === null ? 'ended while no agent ran' : `exited with code ${exit.exitCode}`
}

export function hasSucceeded(exit: TaskExit): boolean {
  return exit.exitCode === 0 && exit.signal === null && !exit.outOfMemory
}
