// What runs on this machine, read from /proc: a board's tasks are the processes that work inside its data folder.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../../node/adapters/raw-exec/group.ts'
import { leaderOf, readRecord, recordedTasks, taskFolder } from '../../../node/adapters/raw-exec/record.ts'
import type { RunningTask } from '../../../node/core/ports.ts'

interface Board {
  readonly folder: string
  readonly process: { readonly pid?: number | undefined } | null
}

/** Of the drivers that run processes. */
const homes = ['raw-exec', 'exec'] as const

/** Process ids of a board's tasks (with their supervisors). */
export function taskPids({ folder, process: agent }: Board): number[] {
  return pids().filter((pid) => {
    if (pid === agent?.pid) return false
    const cwd = linkOf(`/proc/${pid}/cwd`)
    return homes.some((home) => cwd === `${folder}/${home}` || cwd.startsWith(`${folder}/${home}/`))
  })
}

/** Tasks that run, as their records say and their processes show: no agent is asked. */
export function runningTasks({ folder }: Pick<Board, 'folder'>): RunningTask[] {
  return homes.flatMap((name) => {
    const home = join(folder, name)
    return recordedTasks(home).flatMap((id) => {
      const record = readRecord(taskFolder(home, id))
      return record !== undefined && isAlive(leaderOf(record, true)) ? [record.task] : []
    })
  })
}

/** Process ids whose command line or working directory holds this text. */
export function pidsWith(text: string): number[] {
  return pids().filter(
    (pid) => pid !== process.pid && (textOf(`/proc/${pid}/cmdline`).includes(text) || linkOf(`/proc/${pid}/cwd`).includes(text)),
  )
}

export function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone meanwhile
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid))
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
