// Hands out a driver's exit notices. What ended before anybody listened is kept until the first listener comes, so that an exit
// found while the agent starts is not lost.

import type { TaskExit, TaskId } from '../../core/ports.ts'

export type ExitListener = (id: TaskId, exit: TaskExit) => void

export interface ExitNotices {
  listen(listener: ExitListener): void
  tell(id: TaskId, exit: TaskExit): void
}

export function createExitNotices(): ExitNotices {
  const listeners: ExitListener[] = []
  const early: [TaskId, TaskExit][] = []
  return {
    listen(listener) {
      listeners.push(listener)
      for (const [id, exit] of early.splice(0)) listener(id, exit)
    },
    tell(id, exit) {
      if (listeners.length === 0) early.push([id, exit])
      for (const listener of listeners) listener(id, exit)
    },
  }
}
