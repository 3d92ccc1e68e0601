// Looks after what runs, now and then: notices ends of which no news came, and keeps log files at their size. Nothing ticks while
// nothing runs.

import type { TaskId } from '../../core/ports.ts'
import type { DriverLog } from '../task/log.ts'
import { logPath, rotateLog } from './log-files.ts'
import type { WatchedTask } from './watched-task.ts'

// How far a log may overshoot its size, and how late the end of an adopted, killed task is noticed. Each look wakes an idle board for three files per task.
const lookMs = 5_000

export interface Lookout {
  run(): void
  /** A task ended: its logs are looked at once more. */
  last(task: WatchedTask): void
  stop(): void
}

export function createLookout(tasks: ReadonlyMap<TaskId, WatchedTask>, log: DriverLog): Lookout {
  const rotating = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const rotate = async (path: string, task: WatchedTask): Promise<void> => {
    if (rotating.has(path)) return
    rotating.add(path)
    try {
      await rotateLog(path, task.logs)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // The folder of a finished task may go while its last log is being looked at.
      if (code !== 'ENOENT') log.warn({ task: task.running.id, path, error: message }, 'a log could not be rotated')
    } finally {
      rotating.delete(path)
    }
  }
  const rotateBoth = (task: WatchedTask): void => {
    void rotate(logPath(task.folder, 'stdout'), task)
    void rotate(logPath(task.folder, 'stderr'), task)
  }
  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  const look = (): void => {
    if (tasks.size === 0) stop()
    for (const task of tasks.values()) {
      task.look()
      rotateBoth(task)
    }
  }
  return { run: () => void (timer ??= setInterval(look, lookMs).unref()), last: rotateBoth, stop }
}
