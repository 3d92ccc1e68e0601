// The small file that lets a later agent recognise what this one started: who runs, for which claim, as which process. One per
// task, readable by the agent's user alone, replaced atomically. A damaged one is as good as none.

import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeId } from '../../../crdt/ids.ts'
import type { RunningTask, TaskId } from '../../core/ports.ts'
import { readGranted } from '../task/granted-devices.ts'
import { isTaskId } from '../task/task-id.ts'
import type { Enclosure, Leader } from './group.ts'

export interface LogLimits {
  readonly maxFiles: number
  readonly maxFileBytes: number
}

export interface TaskRecord {
  readonly node: NodeId
  readonly task: RunningTask
  readonly leader: Omit<Leader, 'marker' | 'seen' | 'enclosure'>
  readonly logs: LogLimits
}

export const markerName = 'SHOAL_TASK_ID'

export function leaderOf(record: TaskRecord, seen: boolean, enclosure?: Enclosure): Leader {
  return { ...record.leader, marker: `${markerName}=${record.task.id}`, seen, ...(enclosure === undefined ? {} : { enclosure }) }
}

export interface TaskFolder {
  readonly root: string
  readonly record: string
  readonly exit: string
  readonly work: string
}

export function taskFolder(home: string, id: TaskId): TaskFolder {
  const root = join(home, id)
  return { root, record: join(root, 'task.json'), exit: join(root, 'exit'), work: join(root, 'work') }
}

export function writeRecord(folder: TaskFolder, record: TaskRecord): void {
  const fresh = `${folder.record}.new`
  writeFileSync(fresh, JSON.stringify(record), { mode: 0o600 })
  renameSync(fresh, folder.record)
}

export function readRecord(folder: TaskFolder): TaskRecord | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(folder.record, 'utf8'))
    // Agents that did not count updates wrote none.
    if (!isRecord(record)) return undefined
    const { devices, ...task } = record.task
    return { ...record, task: { ...task, updates: task.updates ?? null, ...readGranted(devices) } }
  } catch {
    return undefined
  }
}

/** Ids of all tasks that left a folder, in a fixed order. Throws when that cannot be read: what runs is not known then. */
export function recordedTasks(home: string): TaskId[] {
  try {
    return readdirSync(home).filter(isTaskId).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** The program's status as its supervisor wrote it; undefined when it did not come to that. */
export function readExitStatus(folder: TaskFolder): number | undefined {
  try {
    const status = /^([0-9]{1,3})\n/.exec(readFileSync(folder.exit, 'latin1'))?.[1]
    return status === undefined ? undefined : Number(status)
  } catch {
    return undefined
  }
}

/** Written by ourselves, but perhaps by an older version, or half by a disk that died: only its shape is trusted. */
function isRecord(value: unknown): value is TaskRecord {
  const { node, task, leader, logs } = (value ?? {}) as Record<string, Record<string, unknown> | undefined>
  return (
    typeof node === 'string' &&
    typeof task?.['id'] === 'string' &&
    isTaskId(task['id']) &&
    typeof task['slot'] === 'string' &&
    typeof task['alloc'] === 'string' &&
    typeof task['form'] === 'string' &&
    typeof task['task'] === 'string' &&
    typeof task['startedAt'] === 'number' &&
    typeof task['ports'] === 'object' &&
    Number.isSafeInteger(task['generation']) &&
    Number.isSafeInteger(task['updates'] ?? 0) &&
    Number.isSafeInteger(leader?.['pid']) &&
    Number(leader?.['pid']) > 1 &&
    typeof leader?.['startTicks'] === 'string' &&
    typeof leader['bootId'] === 'string' &&
    Number.isSafeInteger(logs?.['maxFiles']) &&
    Number.isSafeInteger(logs?.['maxFileBytes'])
  )
}
