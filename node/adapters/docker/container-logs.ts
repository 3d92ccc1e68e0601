// A container's output as the engine keeps it. The engine counts lines where we count bytes, and cannot say where the past ends
// when it goes on to follow: so the end of the past is read first, and what follows it is asked for by time.

import type { LogOptions } from '../../core/ports.ts'
import type { DriverLog } from '../task/log.ts'
import { type Engine, EngineError } from './engine.ts'
import { isStatus } from './failure.ts'
import { logFrames } from './log-frames.ts'

/**
 * Ends early, with a word in the log, when the container is gone; and when the caller has enough. Throws `EngineError` when the engine
 * cannot say: a log that nobody could read must not look like an empty one.
 */
export async function* containerLogs(engine: Engine, container: string, options: LogOptions, log: DriverLog): AsyncGenerator<Uint8Array> {
  try {
    if (options.tailBytes === null) yield* texts(engine, container, options, { tail: 'all', follow: options.follow })
    else yield* fromTail(engine, container, options, options.tailBytes)
  } catch (error) {
    if (options.signal.aborted) return
    // 409: about to be removed.
    if (!isStatus(error, 404, 409)) throw brokenOff(engine, error)
    log.debug({ container, error: (error as Error).message }, 'the log of a container ended early')
  }
}

function brokenOff(engine: Engine, error: unknown): EngineError {
  return error instanceof EngineError
    ? error
    : new EngineError(null, `the engine at ${engine.address} broke off: ${(error as Error).message}`)
}

async function* fromTail(engine: Engine, container: string, options: LogOptions, tailBytes: number): AsyncGenerator<Uint8Array> {
  const kept: Uint8Array[] = []
  let size = 0
  let last: bigint | null = null
  // How many lines bear that time: Podman's clock for logs has whole seconds only.
  let ofLast = 0
  // Every line has at least one byte: as many lines as bytes are always enough. At least one, to know where the past ends.
  for await (const line of lines(engine, container, options, { tail: String(Math.max(1, tailBytes)), follow: false })) {
    kept.push(line.text)
    size += line.text.length
    ofLast = line.time === last ? ofLast + 1 : 1
    last = line.time
    while (kept[0] !== undefined && size - kept[0].length >= tailBytes) size -= kept.shift()?.length ?? 0
  }
  const past = Buffer.concat(kept)
  if (past.length > 0 && tailBytes > 0) yield past.subarray(Math.max(0, past.length - tailBytes))
  if (!options.follow) return
  const since = last === null ? {} : { since: secondsOf(last) }
  for await (const line of lines(engine, container, options, { ...since, tail: 'all', follow: true })) {
    const isPast = last !== null && line.time !== null && (line.time < last || (line.time === last && ofLast-- > 0))
    if (!isPast) yield line.text
  }
}

interface LogQuery {
  readonly tail: string
  readonly follow: boolean
  readonly since?: string
  readonly timestamps?: boolean
}

async function* texts(engine: Engine, container: string, options: LogOptions, query: LogQuery): AsyncGenerator<Uint8Array> {
  const path = `/containers/${encodeURIComponent(container)}/logs?`
  const wanted = { ...query, stdout: options.stream === 'stdout', stderr: options.stream === 'stderr' }
  const stream = await engine.stream({ method: 'GET', path, options: wanted, abort: options.signal })
  for await (const frame of logFrames(stream as AsyncIterable<unknown>)) {
    if (frame.stream === options.stream) yield frame.text
  }
}

interface Line {
  readonly time: bigint | null
  readonly text: Uint8Array
}

async function* lines(engine: Engine, container: string, options: LogOptions, query: LogQuery): AsyncGenerator<Line> {
  for await (const text of texts(engine, container, options, { ...query, timestamps: true })) yield splitLine(text)
}

const space = 0x20

/** `2024-05-01T12:00:00.123456789Z text` */
export function splitLine(line: Uint8Array): Line {
  const end = line.indexOf(space)
  const time = end < 0 ? null : nanosOf(Buffer.from(line.subarray(0, end)).toString('latin1'))
  return time === null ? { time: null, text: line } : { time, text: line.subarray(end + 1) }
}

function nanosOf(stamp: string): bigint | null {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(stamp)
  if (match === null) return null
  const [, second = '', fraction = '', zone = ''] = match
  const ms = Date.parse(`${second}${zone}`)
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** Whole seconds, as every engine reads them: what comes twice is told by its time. */
function secondsOf(nanos: bigint): string {
  return String(nanos / 1_000_000_000n)
}
