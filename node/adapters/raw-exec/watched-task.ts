// One task that runs now: notices its end, whoever started it, ends it when asked, and says once how it ended. The agent that
// started a supervisor hears from the system when it exits; one that adopted it sees the status file change, or misses the
// process at the next look.

import { type FSWatcher, watch } from 'node:fs'
import type { ChildProcess } from 'node:child_process'
import type { RunningTask, TaskExit } from '../../core/ports.ts'
import { exitOfSignal, exitOfStatus, unknownExit } from '../task/exit-status.ts'
import { type Enclosure, type Leader, endTask, isAlive, killTask, signalTask } from './group.ts'
import { type LogLimits, type TaskFolder, readExitStatus } from './record.ts'

export interface WatchedTask {
  readonly running: RunningTask
  readonly folder: TaskFolder
  readonly logs: LogLimits
  readonly leader: Leader
  /** Looks whether it still runs: called now and then, for ends of which no news came. */
  look(): void
  signal(signal: NodeJS.Signals): void
  /** False when something of it could not be killed. `onEnd` has been called when this resolves. */
  end(signal: NodeJS.Signals, timeoutMs: number): Promise<boolean>
  /** No more news; the task goes on. */
  release(): void
}

export interface WatchOptions {
  readonly running: RunningTask
  readonly folder: TaskFolder
  readonly logs: LogLimits
  readonly leader: Leader
  /** null when an earlier agent started it. */
  readonly child: ChildProcess | null
  readonly onEnd: (exit: TaskExit) => void
}

export function watchTask(options: WatchOptions): WatchedTask {
  const { folder, leader, child } = options
  let isEnding = false
  let finished: Promise<boolean> | undefined
  let watcher: FSWatcher | undefined
  const release = (): void => {
    watcher?.close()
    child?.removeListener('exit', onGone)
    finished ??= Promise.resolve(true)
  }
  const finish = async (): Promise<boolean> => {
    // What the program left behind in its session does not outlive it.
    const isClean = await killTask(leader)
    const exit = exitOf(folder, child, isEnding, leader.enclosure)
    release()
    options.onEnd(exit)
    return isClean
  }
  const finishOnce = (): Promise<boolean> => (finished ??= finish())
  // While it is being ended, what is left of it may still use its time to shut down.
  function onGone(): void {
    if (!isEnding) void finishOnce()
  }
  child?.once('exit', onGone)
  if (child === null) watcher = watchStatus(folder, () => readExitStatus(folder) !== undefined && onGone())
  return {
    ...options,
    look: () => void (isAlive(leader) || onGone()),
    signal: (signal) => signalTask(leader, signal),
    release,
    async end(signal, timeoutMs) {
      isEnding = true
      if (finished === undefined) await endTask(leader, signal, timeoutMs)
      return finishOnce()
    },
  }
}

function watchStatus(folder: TaskFolder, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(folder.exit, { persistent: false }, onChange).on('error', () => undefined)
  } catch {
    // No watches left on this board, or no such file: the regular look finds it out.
    return undefined
  }
}

/** How a task ended that no longer runs; `wasKilled`: by us, if there is no other word. */
export function exitOf(folder: TaskFolder, child: ChildProcess | null, wasKilled: boolean, enclosure?: Enclosure): TaskExit {
  const exit = plainExitOf(folder, child, wasKilled)
  // The kernel kills with it, or what would have told the end. A child that ran out of memory and was survived is no reason of a later end.
  const isLikeIt = exit.signal === 'SIGKILL' || (exit.signal === null && exit.exitCode === null)
  return !wasKilled && isLikeIt && enclosure?.hasLackedMemory() === true ? { ...exit, outOfMemory: true } : exit
}

function plainExitOf(folder: TaskFolder, child: ChildProcess | null, wasKilled: boolean): TaskExit {
  const status = readExitStatus(folder) ?? child?.exitCode ?? undefined
  if (status !== undefined) return exitOfStatus(status)
  const signal = child?.signalCode ?? (wasKilled ? 'SIGKILL' : null)
  return signal === null ? unknownExit : exitOfSignal(signal)
}
