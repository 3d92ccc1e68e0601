// What all commands share: the options that say with whom to talk and how to answer, a session that is always closed, and the exit
// code. A command file declares its words and does its work; it never calls `process.exit`.

import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './job-file/units.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { outputFormats } from './print.ts'
import { Session, type SessionOptions } from './peers/session.ts'

export interface Cli {
  readonly io: Io
  /** Everything after the program's name. */
  readonly argv: readonly string[]
  /** What the last command ended with; read by `run.ts`. */
  exitCode: ExitCode
}

/** Arguments as given, options under their long names. */
export interface Given<Options> {
  readonly args: readonly (string | undefined)[]
  readonly options: Options
}

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to answer').choices([...outputFormats]).default('table')
}

/** A command without a peer. */
export function local<Options>(cli: Cli, command: Command, work: (given: Given<Options>) => Promise<ExitCode | void>): Command {
  return command.action(async () => {
    cli.exitCode = (await work({ args: command.processedArgs as string[], options: command.opts() as Options })) ?? exitCodes.done
  })
}

type RemoteWork<Options> = (session: Session, given: Given<Options & SessionOptions>) => Promise<ExitCode | void>

/** A command that talks to a peer. */
export function remote<Options>(cli: Cli, command: Command, work: RemoteWork<Options>): Command {
  return talking(cli, command.option('--pool <name>', 'pool to ask about'), (options) => options, work)
}

/** The same, about no pool: `--pool` is the command's own word if it has that. */
export function remoteAboutFleet<Options>(cli: Cli, command: Command, work: RemoteWork<Options>): Command {
  return talking(cli, command, withoutPool, work)
}

function withoutPool(options: SessionOptions): SessionOptions {
  const { pool: _, ...others } = options
  return others
}

function talking<Options>(
  cli: Cli,
  command: Command,
  where: (options: SessionOptions) => SessionOptions,
  work: RemoteWork<Options>,
): Command {
  command
    .option('-p, --peer <address>', 'peer to talk to (may be repeated: the first that answers serves)', collect)
    .option('--context <name>', 'context from the configuration file')
    .addOption(new Option('--timeout <duration>', 'how long to wait for an answer').argParser(parseMillis).default(10_000, '10s'))
    .addOption(outputOption())
  return local<Options & SessionOptions>(cli, command, async (given) => {
    const session = await Session.open(cli.io, where(given.options))
    try {
      return await work(session, given)
    } finally {
      await session.close()
    }
  })
}

export interface WriteOptions extends SessionOptions {
  readonly confirm: number
  readonly confirmTimeout: number
}

export function confirmOptions(command: Command): Command {
  return command
    .option('--confirm <n>', 'wait until so many nodes have recorded the change (else exit code 3)', parseCount, 1)
    .addOption(new Option('--confirm-timeout <duration>', 'how long to wait for them').argParser(parseMillis).default(30_000, '30s'))
}

export function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('allowed: a whole number from 1 to 999999.')
  return Number(text)
}

export function parseMillis(text: string): number {
  const parsed = parseDuration(/^\d+$/.test(text) ? Number(text) : text)
  if (!parsed.ok) throw new InvalidArgumentError(`allowed: ${parsed.message}.`)
  if (parsed.value === 0 || parsed.value > waitMsMax) throw new InvalidArgumentError('allowed: more than 0, at most 24d.')
  return parsed.value
}

/** Node's timers count to 2^31 ms, 24.8 days. */
const waitMsMax = 24 * 86_400_000

export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value]
}
