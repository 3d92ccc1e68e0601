// Starts one task: folder, log files, supervisor, record, and only then the program itself.

import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import type { NodeId } from '../../../crdt/ids.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode, RunningTask, TaskId, TaskRequest } from '../../core/ports.ts'
import { grantedTo } from '../task/granted-devices.ts'
import { takenPort, takenPortMessage } from '../task/taken-port.ts'
import { giveArtifacts, giveFiles } from './give-files.ts'
import { killTask } from './group.ts'
import type { Cage, ProcessKind } from './kind.ts'
import { logPath } from './log-files.ts'
import { bootId, processOf } from './proc.ts'
import { type Program, resolveProgram } from './program.ts'
import { type LogLimits, type TaskFolder, type TaskRecord, leaderOf, readRecord, writeRecord } from './record.ts'
import { type Supervisor, launch, plainSupervisor } from './supervisor.ts'

export interface Run {
  readonly record: TaskRecord
  readonly supervisor: Supervisor
}

const bytesPerMib = 1024 * 1024

export async function runTask(node: NodeId, task: TaskRequest, folder: TaskFolder, kind: ProcessKind): Promise<Result<Run, DriverCode>> {
  const program = resolveProgram(task, folder, kind)
  if (!program.ok) return program
  try {
    await endEarlierRun(task.id, folder, kind.cage)
    const taken = task.portsHeld === true ? undefined : await takenPort(task.ports)
    if (taken !== undefined) return refuse('E_PORT_IN_USE', takenPortMessage(taken))
    makeFolders(folder, program.value)
    const made = await kind.cage?.make(task, folder)
    if (made?.ok === false) return made
    await giveArtifacts(folder.work, task.files ?? [])
    giveFiles(folder.work, task.files ?? [], program.value.taskDir)
    return await begin(node, task, folder, program.value, kind.cage)
  } catch (error) {
    return refuse('E_START', startFailure(program.value, folder, error as NodeJS.ErrnoException))
  }
}

async function begin(
  node: NodeId,
  task: TaskRequest,
  folder: TaskFolder,
  program: Program,
  cage: Cage | null,
): Promise<Result<Run, DriverCode>> {
  const { file, account } = program
  const stdout = logPath(folder, 'stdout')
  const stderr = logPath(folder, 'stderr')
  const command = cage === null ? plainSupervisor(program) : cage.supervised(program, folder, task.id)
  const supervisor = await launch({ command, account, folder, stdout, stderr })
  const startTicks = processOf(supervisor.pid)?.startTicks
  if (startTicks === undefined)
    return refuse('E_START', `the supervisor of '${file}' was killed before it began: see the kernel's log for its out-of-memory killer`)
  const record: TaskRecord = {
    node,
    task: runningTask(task),
    leader: { pid: supervisor.pid, startTicks, bootId: bootId() },
    logs: logLimits(task),
  }
  try {
    cage?.enter(task.id, supervisor.pid)
    writeRecord(folder, record)
  } catch (error) {
    await killTask(leaderOf(record, true, cage?.enclosure(task.id)))
    throw error
  }
  supervisor.go()
  return ok({ record, supervisor })
}

/** A run of the same task that ended may have left something behind: it must not hold the ports of the next. */
async function endEarlierRun(id: TaskId, folder: TaskFolder, cage: Cage | null): Promise<void> {
  const earlier = readRecord(folder)
  if (earlier !== undefined) await killTask(leaderOf(earlier, false, cage?.enclosure(id)))
  // A disk that failed has lost its record; what runs is in its cgroup still.
  else await cage?.remove(id)
}

/** Others may pass through (a task's own user reaches its working directory), but not read. */
function makeFolders(folder: TaskFolder, program: Program): void {
  mkdirSync(folder.work, { recursive: true, mode: 0o711 })
  chmodSync(folder.work, 0o750)
  if (program.account !== undefined) chownSync(folder.work, program.account.uid, program.account.gid)
}

function runningTask(task: TaskRequest): RunningTask {
  const { id, slot, alloc, generation, form, updates, ports } = task
  return { id, slot, alloc, generation, form, updates, task: task.spec.name, ports, ...grantedTo(task), startedAt: Date.now() }
}

function logLimits(task: TaskRequest): LogLimits {
  const { maxFiles, maxFileSizeMib } = task.spec.logs
  return { maxFiles: Math.max(1, maxFiles), maxFileBytes: Math.max(1, maxFileSizeMib) * bytesPerMib }
}

function startFailure(program: Program, folder: TaskFolder, error: NodeJS.ErrnoException): string {
  const what = `program '${program.file}' was not started`
  if (error.code === 'ENOSPC') return `${what}: no space left for '${folder.root}': free some on this board`
  if (error.code === 'EROFS') return `${what}: '${folder.root}' is on a read-only file system: check this board's disk`
  if (error.code === 'EAGAIN' || error.code === 'ENOMEM') return `${what}: this board has no room for another process (${error.code})`
  return `${what}: ${error.message}`
}
