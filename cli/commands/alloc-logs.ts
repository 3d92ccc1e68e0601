// `alloc logs`: a task's output, from wherever it ran. Also `shoal logs`. `--tail` counts lines, as docker does.

import { type Command, InvalidArgumentError } from 'commander'
import { fromBase64 } from '../../crdt/base64.ts'
import { type Cli, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { idleSignal } from '../peers/idle-signal.ts'
import { lastLines } from '../last-lines.ts'
import type { Session } from '../peers/session.ts'

interface Options {
  readonly follow?: boolean
  readonly tail?: number
  readonly stderr?: boolean
  readonly task?: string
}

/** What is fetched to find the last lines in; longer lines than this allows for are cut at the front. */
const tailBytesMax = 1_048_576
const lineBytesGuess = 1_024

export function addAllocLogs(parent: Command, cli: Cli): Command {
  const command = parent
    .command('logs')
    .description('print the output of an allocation')
    .argument('<alloc>', 'unique prefix of the id')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --tail <lines>', 'only the last lines', parseLines)
    .option('--stderr', 'the error output instead')
    .option('--task <name>', 'which task, when there are several')
  return remote<Options>(cli, command, async (session, { args: [alloc = ''], options }) => {
    let tailBytes: number | null = null
    if (options.tail !== undefined) {
      const end = await fetchEnd(session, alloc, options)
      const lines = lastLines(end, options.tail)
      if (options.follow !== true) return session.io.stdout.write(lines)
      // Followed from here, so that no line is missed between the two requests.
      tailBytes = lines.length
    }
    try {
      for await (const bytes of chunks(session, alloc, options, options.follow === true, tailBytes)) session.io.stdout.write(bytes)
    } catch (error) {
      if (session.io.signal.aborted) return exitCodes.interrupted
      throw error
    }
    return exitCodes.done
  })
}

async function fetchEnd(session: Session, alloc: string, options: Options): Promise<Uint8Array> {
  const wanted = Math.min(tailBytesMax, (options.tail ?? 0) * lineBytesGuess)
  const parts: Uint8Array[] = []
  for await (const bytes of chunks(session, alloc, options, false, wanted)) parts.push(bytes)
  return Buffer.concat(parts)
}

async function* chunks(
  session: Session,
  alloc: string,
  options: Options,
  follow: boolean,
  tailBytes: number | null,
): AsyncGenerator<Uint8Array> {
  const stream = options.stderr === true ? 'stderr' : 'stdout'
  const body = {
    method: 'alloc.logs',
    alloc,
    stream,
    follow,
    tailBytes,
    ...(options.task !== undefined && { task: options.task }),
  } as const
  // A long log takes long over a thin link; a followed one may be silent for days.
  const idle = follow ? null : idleSignal(session.timeoutMs)
  try {
    for await (const reply of session.follow(body, idle?.signal ?? session.io.signal)) {
      idle?.heard()
      if (reply.kind !== 'bytes') throw new CliError('E_REPLY', `the peer answered with '${reply.kind}' where output was expected`)
      const bytes = fromBase64(reply.data)
      if (!bytes.ok) throw new CliError('E_REPLY', `the peer sent broken output: ${bytes.message}`)
      yield bytes.value
    }
  } finally {
    idle?.end()
  }
}

function parseLines(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('allowed: a whole number of lines.')
  return Number(text)
}
