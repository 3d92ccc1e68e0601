// A program beside a task that runs: as its user, in its folder, with its environment, and gone when the task ends (by the marker in that
// environment). It is a child of the agent and no task: nobody adopts it.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode, ExecEnd, ExecOptions, TaskId, TaskRequest } from '../../core/ports.ts'
import { covered } from './inherited-files.ts'
import type { Cage, Command, ProcessKind } from './kind.ts'
import { type Program, resolveProgram } from './program.ts'
import type { TaskFolder } from './record.ts'

/** After standard input, output and error. */
const firstFree = 3

/** Command of a task → a run that took too long, and may hang where nothing can end it. Two checks may well run the same at once. */
export type LastRuns = Map<string, ChildProcess>

export interface Beside {
  readonly kind: ProcessKind
  /** The number of the task's supervisor, which is alive. */
  readonly supervisor: number
  readonly lastRuns: LastRuns
}

export async function execBeside(
  task: TaskRequest,
  folder: TaskFolder,
  command: readonly string[],
  options: ExecOptions,
  { kind, supervisor, lastRuns }: Beside,
): Promise<Result<ExecEnd, DriverCode>> {
  const [program = '', ...args] = command
  const { spec } = task
  const resolved = resolveProgram({ ...task, spec: { ...spec, config: { ...spec.config, command: program, args } } }, folder, kind)
  if (!resolved.ok) return resolved
  const { file } = resolved.value
  const key = JSON.stringify([task.id, command])
  const last = lastRuns.get(key)
  if (last !== undefined && !hasEnded(last)) return refuse('E_START', `'${file}' hangs since it was run last: see its state in 'ps'`)
  const nothing = openSync('/dev/null', 'r')
  try {
    const inside = kind.cage?.beside(resolved.value, folder, supervisor)
    const child = begin(inside ?? plainCommand(resolved.value), inside === undefined ? nothing : 'pipe', nothing)
    child.once('exit', () => lastRuns.get(key) === child && lastRuns.delete(key))
    const end = ended(child, file, options, () => lastRuns.set(key, child))
    if (inside !== undefined) letGo(child, task.id, inside, kind.cage)
    return await end
  } catch (error) {
    return refuse('E_START', `program '${file}' was not started: ${(error as Error).message}`)
  } finally {
    closeSync(nothing)
  }
}

/** In a session of its own, so that all of it can be killed. */
function begin({ file, args, cwd, env, account }: Command, input: number | 'pipe', nothing: number): ChildProcess {
  const child = spawn(file, args, {
    cwd,
    env,
    detached: true,
    stdio: [input, 'pipe', 'pipe', ...covered(nothing, firstFree)],
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  })
  child.unref()
  return child
}

function plainCommand({ workDir: cwd, ...program }: Program): Command {
  return { ...program, cwd, words: '' }
}

/** Once it counts with its task. Where that cannot be, as when the task has just ended, it never begins. */
function letGo(child: ChildProcess, id: TaskId, { words }: Command, cage: Cage | null): void {
  // One that ended at once does not take its words any more.
  child.stdin?.on('error', () => undefined)
  try {
    if (child.pid !== undefined) cage?.enter(id, child.pid)
    child.stdin?.end(`go\n${words}`)
  } catch {
    child.stdin?.destroy()
  }
}

function ended(
  child: ChildProcess,
  file: string,
  { timeoutMs, outputBytesMax }: ExecOptions,
  onTooLate: () => void,
): Promise<Result<ExecEnd, DriverCode>> {
  return new Promise((resolve) => {
    let output = Buffer.alloc(0)
    const take = (chunk: Buffer): void => void (output = Buffer.concat([output, chunk.subarray(0, outputBytesMax - output.length)]))
    const end = (): void => {
      clearTimeout(tooLate)
      child.stdout?.destroy()
      child.stderr?.destroy()
      resolve(ok({ exitCode: child.exitCode, output: output.toString('utf8') }))
    }
    // Not waited for: inside a hung disk call it may never be gone. What it left running may hold its output open, too.
    const tooLate = setTimeout(() => {
      if (!hasEnded(child)) {
        onTooLate()
        killGroup(child)
      }
      end()
    }, timeoutMs)
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('error', (error) => {
      clearTimeout(tooLate)
      resolve(refuse('E_START', `program '${file}' was not started: ${error.message}`))
    })
    // What it left running goes with it: it would hold its output open until it is too late, and one more would stay with each question.
    child.once('exit', () => killGroup(child))
    child.once('close', end)
  })
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/** Of one that runs, or has ended this very moment: its number is not given out again while anything of its group is left. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left of it.
  }
}
