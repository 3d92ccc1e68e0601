// How a task ended by itself: in words for people, and whether its work is done.

import { isMain } from '../../../crdt/spec.ts'
import type { TaskExit } from '../ports.ts'
import type { TaskRun } from './alloc.ts'

export function wordsFor(exit: TaskExit): string {
  if (exit.outOfMemory) return 'out of memory'
  if (exit.signal !== null) return `ended by ${exit.signal}`
  return exit.exitCode === null ? 'ended while no agent ran' : `exited with code ${exit.exitCode}`
}

/** Of one that ended well, and had to. */
export function doneWords({ spec }: TaskRun, exit: TaskExit): string {
  return isMain(spec) ? wordsFor(exit) : 'complete'
}

export function hasSucceeded(exit: TaskExit): boolean {
  return exit.exitCode === 0 && exit.signal === null && !exit.outOfMemory
}

/** It ran, or ended while no agent did and has not been started again since. One that was told to stop may end as well as it likes. */
export function canFinish({ phase, again }: TaskRun): boolean {
  return !again && (phase === 'running' || phase === 'pending' || phase === 'preparing' || phase === 'ready')
}
