// A program in the container of a task that runs. Docker cannot end one: what takes too long is left alone, and the same is not run again
// before the engine says that it is over, so that a program that hangs is there once and not once an interval.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode, ExecEnd, ExecOptions, TaskId } from '../../core/ports.ts'
import type { Engine } from './engine.ts'
import { isStatus } from './failure.ts'
import { containerName } from './labels.ts'
import { logFrames } from './log-frames.ts'

/** Task and command → the id of a run that took too long, as long as it may not be over. Two checks may well run the same at once. */
export type LastExecs = Map<string, string>

/** For a word of the engine about what it knows; a check's own time is for its program. */
const answerMs = 2_000

/** Throws `EngineError` when the engine does not answer, or not as it should. */
export async function execInside(
  engine: Engine,
  task: TaskId,
  command: readonly string[],
  options: ExecOptions,
  last: LastExecs,
): Promise<Result<ExecEnd, DriverCode>> {
  const key = `${task} ${JSON.stringify(command)}`
  const before = last.get(key)
  if (before !== undefined) {
    if ((await stateOf(engine, before)).Running)
      return refuse('E_START', `'${command[0] ?? ''}' still runs since it was run last, and Docker cannot end it`)
    last.delete(key)
  }
  const abort = new AbortController()
  const tooLate = setTimeout(() => abort.abort(), options.timeoutMs)
  let begun: string | null = null
  try {
    const container = containerName(task)
    const wanted = { Cmd: [...command], AttachStdout: true, AttachStderr: true }
    const { id } = await engine.call((docker) => docker.getContainer(container).exec(wanted), options.timeoutMs)
    begun = id
    const output = await outputOf(engine, id, options, abort.signal)
    if (abort.signal.aborted) return ok({ exitCode: null, output })
    begun = null
    return ok({ exitCode: await exitCodeOf(engine, id), output })
  } finally {
    clearTimeout(tooLate)
    if (begun !== null) last.set(key, begun)
  }
}

/** Its container is gone, and all that ran in it. */
export function forgetExecs(last: LastExecs, task: TaskId): void {
  for (const key of last.keys()) if (key.startsWith(`${task} `)) last.delete(key)
}

interface ExecState {
  readonly Running: boolean
  readonly ExitCode: number | null
}

/** The engine may say for a moment after the end of the output that it still runs. */
async function exitCodeOf(engine: Engine, id: string): Promise<number | null> {
  for (const deadline = performance.now() + answerMs; ; await sleep(50)) {
    const { Running, ExitCode } = await stateOf(engine, id)
    if (!Running || performance.now() > deadline) return ExitCode
  }
}

/** The engine forgets runs with their container. */
async function stateOf(engine: Engine, id: string): Promise<ExecState> {
  try {
    return await engine.call((docker) => docker.getExec(id).inspect(), answerMs)
  } catch (error) {
    if (isStatus(error, 404)) return { Running: false, ExitCode: null }
    throw error
  }
}

/** Until the program ends or the signal says that it took too long. */
async function outputOf(engine: Engine, id: string, { timeoutMs, outputBytesMax }: ExecOptions, abort: AbortSignal): Promise<string> {
  let output = Buffer.alloc(0)
  try {
    const body = { Detach: false, Tty: false }
    const stream = await engine.stream({ method: 'POST', path: `/exec/${id}/start?`, options: {}, body, abort, deadlineMs: timeoutMs })
    for await (const { text } of logFrames(stream as AsyncIterable<unknown>))
      output = Buffer.concat([output, text.subarray(0, outputBytesMax - output.length)])
  } catch (error) {
    if (!abort.aborted) throw error
  }
  return output.toString('utf8')
}
